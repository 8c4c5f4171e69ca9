"""Every kept backup of an older version is restored, migrated, and serves pages."""

from contextlib import nullcontext

import pytest

from testing.drills.keep_backup import BANKS, KEPT, LEARNERS
from testing.drills.rows import digests_of
from testing.parts import require
from testing.postgresql import running_postgresql
from testing.site import Site
from testing.site_client import SiteClient

KEYS = {
    "STRIPE_PUBLIC_KEY": "pk_sandbox_tests",
    "STRIPE_SECRET_KEY": "sk_sandbox_tests",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "SECRET_KEY": "only-for-tests",
}


@pytest.mark.proof
@pytest.mark.parametrize("kept", sorted(KEPT.glob("*.tar.gz")), ids=lambda path: path.name)
def test_backup_of_an_older_version_can_be_taken_over(kept, tmp_path):
    on_postgresql = "postgresql" in kept.name
    if on_postgresql:
        require("postgresql")
    database = running_postgresql() if on_postgresql else nullcontext(f"sqlite:///{tmp_path}/db")
    with database as url:
        site = Site(folder=tmp_path)
        folders = {"MEDIA_ROOT": str(tmp_path / "media"), "BACKUP_DIR": str(tmp_path / "backups")}
        site.write_env(DATABASE_URL=url, SITE_URL=site.url, **KEYS, **folders)
        for command in (["restore", str(kept)], ["upgrade"], ["migrate", "--check"]):
            done = site.manage(*command)
            assert done.returncode == 0, done.stderr
        assert len(digests_of(site, "catalog.Access")) == LEARNERS * len(BANKS)
        assert len(digests_of(site, "practice.Answer")) > 0
        with site.serving():
            assert SiteClient(site.url).get(f"/banks/{BANKS[0]}/").status == 200
