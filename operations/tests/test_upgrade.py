"""Upgrades of a whole site to a version with two more migrations, on both databases."""

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext

import pytest

from testing.parts import require
from testing.passed_socket import with_socket
from testing.postgresql import running_postgresql
from testing.site import Site, new_site
from testing.site_client import SiteClient
from testing.waiting import wait_until

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("upgrade")]

KEYS = {
    "STRIPE_PUBLIC_KEY": "pk_sandbox_tests",
    "STRIPE_SECRET_KEY": "sk_sandbox_tests",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}
NEXT = {"DJANGO_SETTINGS_MODULE": "testing.drills.next_version_settings"}
BOOT_ERROR = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path):
    if request.param == "postgresql":
        require("postgresql")
    database = running_postgresql() if request.param == "postgresql" else nullcontext()
    with database as url:
        folders = {"BACKUP_DIR": str(tmp_path / "backups"), "MEDIA_ROOT": str(tmp_path / "media")}
        yield new_site(tmp_path, KEYS | folders, {}, database_url=url)


def upgraded(site, **variables):
    """Run the upgrade of the next version; its environment stays the next one's."""
    site.process = NEXT | variables
    return site.manage("upgrade")


def test_old_version_does_not_start_on_newer_schema(site):
    done = upgraded(site)
    assert done.returncode == 0, done.stderr
    assert "Database: migrations applied: outbox.9001_note, outbox.9002_breaks_on_demand" in (
        done.stdout
    )
    site.process = {}
    for command in ("serve", "work"):
        refused = site.manage(command)
        assert refused.returncode == BOOT_ERROR
        assert "does not have the migration outbox.9001_note and 1 more" in (refused.stderr)
    assert "migrated by a newer version" in site.manage("upgrade").stderr


def test_migration_that_breaks_leaves_the_old_version_startable(site, tmp_path):
    with site.serving():
        done = upgraded(site, BREAKS="1")
        assert done.returncode == 1
        assert (
            "all new migrations were undone: RuntimeError: this migration breaks half-way"
            in done.stderr
        )
        assert SiteClient(site.url).get("/").status == 200
    assert len(list((tmp_path / "backups").iterdir())) == 1
    site.process = {}
    with site.serving():
        assert SiteClient(site.url).get("/banks/").status == 200
    assert upgraded(site).returncode == 0


def test_upgrade_without_a_database_says_so(tmp_path):
    site = Site(folder=tmp_path)
    site.write_env(DATABASE_URL="postgres://shop:x@127.0.0.1:9/shop", SECRET_KEY="k", **KEYS)
    done = site.manage("upgrade")
    assert done.stderr.startswith(
        "CommandError: The upgrade stopped, and no table was changed: connection failed"
    )


def test_upgrade_refuses_no_connection(site):
    """People get the page or the maintenance page, 600 times of 600."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", site.port), backlog=512))

        def start():
            command = with_socket(listener, "manage.py", "serve")
            return stack.enter_context(site.running(*command, pass_fds=[listener.fileno()]))

        def visit():
            return SiteClient(site.url, timeout_seconds=60).get("/banks/").status

        first = start()
        assert SiteClient(site.url, timeout_seconds=60).get("/banks/").status == 200
        pool = stack.enter_context(ThreadPoolExecutor(8))
        visits = [pool.submit(visit) for _each in range(200)]
        assert upgraded(site).returncode == 0
        assert SiteClient(site.url).get("/banks/").status == 503
        visits += [pool.submit(visit) for _each in range(200)]
        wait_until(lambda: sum(each.done() for each in visits) >= 300)
        first.terminate()
        visits += [pool.submit(visit) for _each in range(200)]
        assert first.wait(60) == 0
        start()
        statuses = Counter(each.result() for each in visits)
        assert SiteClient(site.url).get("/banks/").status == 200
    assert statuses.total() == 600
    assert set(statuses) == {200, 503}
