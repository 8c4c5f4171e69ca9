"""The notes of running processes: who lives, and by which way it reaches Stripe."""

import logging

import pytest

from operations import processes
from operations.processes import note_process, own_way, running_processes, tell_at_start
from testing.site import new_site
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

KEYS = {
    "STRIPE_PUBLIC_KEY": "pk_sandbox_tests",
    "STRIPE_SECRET_KEY": "sk_sandbox_tests",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}


@pytest.fixture
def run_dir(settings, tmp_path):
    settings.RUN_DIR = tmp_path / "run"
    yield settings.RUN_DIR
    while processes._held:
        processes._held.pop().close()


def test_note_holds_while_its_process_lives(run_dir, at):
    note_process("worker", at=at)
    assert [(each.kind, each.started_at) for each in running_processes()] == [("worker", at)]
    processes._held.pop().close()
    assert running_processes() == []
    assert list((run_dir / "processes").iterdir()) == []


def test_nothing_runs_where_nothing_was_noted(run_dir):
    assert running_processes() == []


def test_note_that_cannot_be_left_stops_nobody(run_dir, at, settings, caplog):
    run_dir.write_text("a file where a folder should be")
    note_process("worker", at=at)
    assert "RUN_DIR cannot be written" in caplog.text
    assert running_processes() == []


def test_note_holds_no_secret(run_dir, at, settings, monkeypatch):
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    settings.STRIPE_SECRET_KEY = "sk_test_51NoteNoteNoteNote"
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128")
    note_process("worker", at=at)
    (note,) = (run_dir / "processes").iterdir()
    assert "hunter2" not in note.read_text()
    assert "51NoteNote" not in note.read_text()
    assert "user:***@proxy.example:3128" in note.read_text()


def test_other_password_is_another_way(settings, monkeypatch):
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    ways = set()
    for password in ("one", "two", "two"):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{password}@proxy.example:3128")
        ways.add(own_way())
    assert len(ways) == 2
    assert len({way.route for way in ways}) == 1


def test_start_is_told_in_the_log(settings, monkeypatch, caplog):
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    with caplog.at_level(logging.INFO, "testbank"):
        tell_at_start()
    assert "api.stripe.com:443 directly (no proxy set)" in caplog.messages[0]
    assert "does not apply to https" in caplog.text


def test_fallback_is_told_at_start(settings, monkeypatch, caplog):
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    settings.STRIPE_PROXY_FALLBACK = "direct"
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with caplog.at_level(logging.INFO, "testbank"):
        tell_at_start()
    assert "where that proxy fails, directly (STRIPE_PROXY_FALLBACK=direct)" in caplog.messages[0]


def test_web_server_and_worker_leave_notes_and_take_them_along(tmp_path, settings):
    site = new_site(tmp_path, KEYS, {})
    settings.RUN_DIR = tmp_path / "run"
    with site.serving(), site.working():
        wait_until(lambda: len(running_processes()) == 2)
        assert {each.kind for each in running_processes()} == {"web server", "worker"}
        assert "Stripe: sandbox mode, 127.0.0.1:9 directly (loopback)" in site.log()
    assert running_processes() == []


def test_killed_server_is_not_taken_for_a_living_one(tmp_path, settings):
    site = new_site(tmp_path, KEYS, {})
    settings.RUN_DIR = tmp_path / "run"
    with site.serving():
        (process,) = running_processes()
        assert process.kind == "web server"
        site.kill()
        # Its children are nobody's to wait for.
        wait_until(lambda: running_processes() == [])
