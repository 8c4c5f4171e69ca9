"""The backup drill: under load, after kill -9, restored elsewhere, and compared row by row."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from testing.drills.load import Load
from testing.drills.rows import digests_of, hashes_of, paid_sessions
from testing.learners import load_demo_banks, signed_in_learners
from testing.parts import require
from testing.postgresql import running_postgresql
from testing.sandbox import running_sandbox
from testing.site import Site, free_port, new_site
from testing.waiting import wait_until

BANK = "sql-foundations"
LEARNERS = 60
EVENTS = 1000
# Rows that are never changed after they were written.
IMMUTABLE = ("practice.Answer", "payments.OrderEvent", "questions.QuestionVersion")


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request, tmp_path):
    """The addresses of a database for the site, and of an empty one to restore into."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield None, f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"
        else:
            require("postgresql")
            tmp_path.chmod(0o755)
            yield [stack.enter_context(running_postgresql()) for _each in range(2)]


@pytest.fixture
def shop(databases, tmp_path):
    """A site with its sandbox."""
    port = free_port()
    hook = f"http://127.0.0.1:{port}/payments/webhook/"
    with running_sandbox(tmp_path, tls=False, webhook_url=hook) as sandbox:
        dotenv = {**sandbox.site_settings, "WORKER": "1", "MEDIA_ROOT": str(tmp_path / "media")}
        yield new_site(tmp_path, dotenv, {}, port=port, database_url=databases[0]), sandbox


def elsewhere(site, database_url, tmp_path):
    """An installation with an empty database and media folder of its own."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    other = Site(folder=folder)
    other.write_env(
        **site.dotenv | {"DATABASE_URL": database_url, "MEDIA_ROOT": str(folder / "media")}
    )
    return other


def run(site, *arguments):
    done = site.manage(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def contained(part, whole):
    """The rows of `part` that `whole` does not have, or has otherwise."""
    return {key for key, digest in part.items() if whole.get(key) != digest}


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_backup_under_load_survives_kill(shop, databases, tmp_path, capsys):
    site, sandbox = shop
    load_demo_banks(site)
    load = Load(site.url, sandbox.control, BANK)
    backup = tmp_path / "backup.tar.gz"
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(8))
        stack.enter_context(site.serving())
        stack.enter_context(site.working())
        learning = load.start(signed_in_learners(site, LEARNERS), pool)
        wait_until(lambda: len(load.answers) + len(load.purchases) >= EVENTS, 600)
        answered, bought = list(load.answers), list(load.purchases)
        began = time.monotonic()
        run(site, "backup", str(backup))
        took = time.monotonic() - began
        assert not all(each.done() for each in learning), "the load ended before the backup"
        load.stopped.set()
        site.kill()
    other = elsewhere(site, databases[1], tmp_path)
    run(other, "restore", str(backup))
    for label in IMMUTABLE:
        assert contained(digests_of(other, label), digests_of(site, label)) == set()
    assert len(digests_of(other, "practice.Answer")) >= len(answered)
    assert len(digests_of(other, "catalog.Access")) >= len(bought)
    # What was paid after the backup is not lost without a trace: reconciliation names it.
    named = set(re.findall(r"session=(cs_\w+) is paid", other.manage("reconcile_payments").stderr))
    assert set(load.purchases) - paid_sessions(other) - named == set()
    with capsys.disabled():
        print(f"\n{len(answered)} answers, {len(bought)} purchases; backup took {took:.1f} s")  # noqa: T201
    with other.serving():
        pass


@pytest.mark.proof
def test_backup_of_a_site_equals_it_when_restored(shop, databases, tmp_path):
    site, _sandbox = shop
    load_demo_banks(site)
    backup = tmp_path / "backup.tar.gz"
    run(site, "backup", str(backup))
    other = elsewhere(site, databases[1], tmp_path)
    run(other, "restore", str(backup))
    assert hashes_of(other) == hashes_of(site)
    again = other.manage("restore", str(backup))
    assert (again.returncode, "The database is not empty" in again.stderr) == (1, True)
