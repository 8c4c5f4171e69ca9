"""From SQLite to PostgreSQL by one command."""

import pytest

from testing.drills.rows import hashes_of
from testing.learners import load_demo_banks, signed_in_learners
from testing.parts import require
from testing.postgresql import running_postgresql
from testing.site import Site, new_site

pytestmark = pytest.mark.proof

KEYS = {
    "STRIPE_PUBLIC_KEY": "pk_sandbox_tests",
    "STRIPE_SECRET_KEY": "sk_sandbox_tests",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}


@pytest.fixture
def target(tmp_path):
    require("postgresql")
    (tmp_path / "target").mkdir()
    with running_postgresql() as url:
        site = Site(folder=tmp_path / "target")
        site.write_env(DATABASE_URL=url, SECRET_KEY="only-for-tests", SITE_URL=site.url, **KEYS)
        yield site


def test_rows_are_equal_on_postgresql(tmp_path, target):
    source = new_site(tmp_path, KEYS, {})
    load_demo_banks(source)
    signed_in_learners(source, 3)
    done = target.manage("copy_database", source.dotenv["DATABASE_URL"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("All rows are identical in both databases.\n")
    assert hashes_of(target) == hashes_of(source)
    # A new row continues after the copied keys.
    created = target.manage("shell", stdin=NEW_ROW)
    assert "created" in created.stdout, created.stderr
    again = target.manage("copy_database", source.dotenv["DATABASE_URL"])
    assert again.returncode == 1
    assert "already contains data. Use an empty database" in again.stderr


NEW_ROW = """
from accounts.models import User
User.objects.create_user("new@example.org", "a-long-pass-phrase")
print("created")
"""


def test_missing_source_is_refused(tmp_path, target):
    done = target.manage("copy_database", f"sqlite:///{tmp_path / 'missing.sqlite3'}")
    assert done.returncode == 1
    assert "missing.sqlite3 does not exist." in done.stderr
