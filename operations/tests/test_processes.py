"""Running processes: their files, locks, and Stripe routes."""

import logging

import pytest

from operations import processes
from operations.processes import (
    current_stripe_route,
    log_stripe_route,
    register_process,
    running_processes,
)
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
    while processes._lock_files:
        processes._lock_files.pop().close()


def test_process_is_listed_while_it_runs(run_dir, at):
    register_process("worker", at=at)
    assert [(each.kind, each.started_at) for each in running_processes()] == [("worker", at)]
    processes._lock_files.pop().close()
    assert running_processes() == []
    assert list((run_dir / "processes").iterdir()) == []


def test_no_processes_without_files(run_dir):
    assert running_processes() == []


def test_unwritable_run_dir_is_logged(run_dir, at, settings, caplog):
    run_dir.write_text("a file where a folder should be")
    register_process("worker", at=at)
    assert "RUN_DIR cannot be written" in caplog.text
    assert running_processes() == []


def test_process_file_has_no_secret(run_dir, at, settings, monkeypatch):
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    settings.STRIPE_SECRET_KEY = "sk_test_51NoteNoteNoteNote"
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128")
    register_process("worker", at=at)
    (note,) = (run_dir / "processes").iterdir()
    assert "hunter2" not in note.read_text()
    assert "51NoteNote" not in note.read_text()
    assert "user:***@proxy.example:3128" in note.read_text()


def test_other_password_changes_fingerprint(settings, monkeypatch):
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    routes = set()
    for password in ("one", "two", "two"):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{password}@proxy.example:3128")
        routes.add(current_stripe_route())
    assert len(routes) == 2
    assert len({each.route for each in routes}) == 1


def test_stripe_route_is_logged_at_start(settings, monkeypatch, caplog):
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    with caplog.at_level(logging.INFO, "testbank"):
        log_stripe_route()
    assert "api.stripe.com:443 directly (no proxy set)" in caplog.messages[0]
    assert "does not apply to https" in caplog.text


def test_fallback_is_logged_at_start(settings, monkeypatch, caplog):
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    settings.STRIPE_PROXY_FALLBACK = "direct"
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with caplog.at_level(logging.INFO, "testbank"):
        log_stripe_route()
    assert "if that proxy fails, directly (STRIPE_PROXY_FALLBACK=direct)" in caplog.messages[0]


@pytest.mark.proof
def test_web_server_and_worker_are_listed(tmp_path, settings):
    site = new_site(tmp_path, KEYS, {})
    settings.RUN_DIR = tmp_path / "run"
    with site.serving(), site.working():
        wait_until(lambda: len(running_processes()) == 2)
        assert {each.kind for each in running_processes()} == {"web server", "worker"}
        assert "Stripe: sandbox mode, 127.0.0.1:9 directly (loopback)" in site.log()
    assert running_processes() == []


def test_killed_server_is_not_listed(tmp_path, settings):
    site = new_site(tmp_path, KEYS, {})
    settings.RUN_DIR = tmp_path / "run"
    with site.serving():
        (process,) = running_processes()
        assert process.kind == "web server"
        site.kill()
        # Its children are nobody's to wait for.
        wait_until(lambda: running_processes() == [])
