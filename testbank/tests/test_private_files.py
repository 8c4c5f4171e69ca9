"""What the product writes is for its owner only, and written whole or not at all."""

import os
import re
import stat
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from operations import maintenance, processes
from operations.processes import WEB, register_process
from payments.stripe.outage import record_outage
from testbank.private_files import make_private_folder, private_opener, write_private
from testing.site import ROOT

# Writers that do not use the helper, and why.
OTHER_WRITERS = {
    "operations/doctor/env_file.py": "keeps the owner and the mode that `.env` has",
    "demo/launcher.py": "a mark without content of anybody beside the static files",
    "tools/demo_pictures.py": "draws the pictures of the demo in the source code",
    "testbank/private_files.py": "is the helper",
    "testbank/security_settings.py": "links the key, which the helper wrote, into its place",
    "testbank/sqlite/base.py": "creates the database with mode 0600",
}
WRITES = re.compile(
    r"write_text|write_bytes|os\.open\(|mkstemp|copyfile\(|\.mkdir\(|os\.link"
    r"|open\([^)]*[\"'][wax]b?[\"'](?!.*private_opener)"
)
APPS = (
    *("testbank", "operations", "backoffice", "demo", "studio", "payments", "practice", "catalog"),
    *("questions", "accounts", "outbox", "safety", "outbound", "tools"),
)


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


@pytest.fixture
def usual_umask():
    """Files are readable by everybody unless their mode says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_file_and_its_new_folders_are_private(tmp_path, usual_umask):
    write_private(tmp_path / "var" / "run" / "note", "words")
    assert [mode(tmp_path / part) for part in ("var", "var/run", "var/run/note")] == [
        *(0o700, 0o700, 0o600)
    ]
    assert (tmp_path / "var/run/note").read_text() == "words"


def test_file_that_others_could_read_is_private_afterwards(tmp_path, usual_umask):
    (tmp_path / "note").write_text("old")
    write_private(tmp_path / "note", b"new")
    assert (mode(tmp_path / "note"), (tmp_path / "note").read_bytes()) == (0o600, b"new")


def test_write_that_fails_leaves_the_file_and_no_draft(tmp_path, monkeypatch):
    write_private(tmp_path / "note", "old")

    def no_space(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_private(tmp_path / "note", "new")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("note", "old")]


def test_folder_that_exists_keeps_its_mode(tmp_path, usual_umask):
    (tmp_path / "shared").mkdir(mode=0o755)
    make_private_folder(tmp_path / "shared")
    assert mode(tmp_path / "shared") == 0o755


def test_every_writer_of_files_uses_the_helper():
    files = [
        file for app in APPS for file in (ROOT / app).rglob("*.py") if "tests" not in file.parts
    ]
    writers = {
        str(file.relative_to(ROOT)) for file in files if WRITES.search(file.read_text("utf-8"))
    }
    assert writers == set(OTHER_WRITERS)


def test_files_of_running_processes_are_private(settings, tmp_path, usual_umask):
    settings.RUN_DIR = tmp_path / "run"
    register_process(WEB, at=timezone.now())
    processes._lock_files.pop().close()
    maintenance.turn_on(at=timezone.now(), ends_at_restart=False)
    record_outage("NET-DNS")
    files = [file for file in settings.RUN_DIR.rglob("*") if file.is_file()]
    assert len(files) == 3
    assert {mode(file) for file in files} == {0o600}


def test_stored_pictures_are_private(settings, tmp_path, usual_umask):
    settings.MEDIA_ROOT = tmp_path / "media"
    default_storage.save("questions/a.png", ContentFile(b"x"))
    files = ("media", "media/questions", "media/questions/a.png")
    assert [mode(tmp_path / name) for name in files] == [0o700, 0o700, 0o600]


@pytest.mark.django_db
def test_exported_bank_is_private(test_bank, tmp_path, usual_umask):
    call_command("export_bank", test_bank.slug, output=tmp_path / "bank.zip", verbosity=0)
    assert mode(tmp_path / "bank.zip") == 0o600


@pytest.mark.sqlite
@pytest.mark.django_db
def test_new_database_is_private(tmp_path, usual_umask):
    other = connection.copy()
    other.settings_dict = other.settings_dict | {"NAME": tmp_path / "new.sqlite3"}
    with other.cursor() as cursor:
        cursor.execute("CREATE TABLE one (id INTEGER)")
        modes = {each.name: mode(each) for each in tmp_path.iterdir()}
    other.close()
    assert modes["new.sqlite3"] == 0o600
    assert set(modes.values()) == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_creates_belongs_to_the_owner_of_the_folder(tmp_path):
    """A command that was run as root leaves nothing that the site cannot read."""
    os.chown(tmp_path, 10001, 10001)
    write_private(tmp_path / "run" / "maintenance.json", "{}")
    with open(tmp_path / "run" / "database", "wb", opener=private_opener):
        pass
    found = {each.name: each.stat().st_uid for each in tmp_path.rglob("*")}
    assert found == {"run": 10001, "maintenance.json": 10001, "database": 10001}
