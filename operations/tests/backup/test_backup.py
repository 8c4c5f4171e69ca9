"""Backups of the tests' own database: what they hold, and which are refused."""

import gzip
import random
import resource
import subprocess
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from operations.backup.archive import MANIFEST, read_archive
from operations.backup.databases import dump_name
from operations.backup.errors import BackupError
from operations.backup.services import (
    applied_migrations,
    check_backup,
    create_backup,
    scheduled_path,
    stored_backups,
)
from operations.backup.work_folder import LOCK, PREFIX, work_folder

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.no_concurrency,
    pytest.mark.slow,
]

# Bytes that the dump of a database does not contain.
IMAGE = b"\x89PNG of this test"


@contextmanager
def files_of_at_most(size):
    """Let no file grow beyond so many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    (settings.MEDIA_ROOT / "a.png").write_bytes(IMAGE)


def test_backup_holds_database_media_and_secret_key(learner, tmp_path, at, settings):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    manifest = check_backup(path)
    assert set(manifest.files) == {dump_name(), "secret_key", "media/a.png"}
    assert manifest.migrations == applied_migrations()
    assert (manifest.database, manifest.made_at) == (connection.vendor, at.isoformat())
    folder = tmp_path / "read"
    read_archive(path, passphrase="", target=lambda name: folder / name)
    assert (folder / "secret_key").read_text() == settings.SECRET_KEY
    assert (folder / "media" / "a.png").read_bytes() == IMAGE


def test_only_its_owner_can_read_a_backup(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.glob(".backup-*")] == []


def test_backup_overwrites_no_file(tmp_path, at):
    """Such as the database itself, by a slip of the keyboard."""
    file = tmp_path / "shop.sqlite3"
    file.write_text("mine")
    with pytest.raises(CommandError, match="exists, and a backup does not overwrite files"):
        call_command("backup", str(file))
    assert file.read_text() == "mine"


def test_folder_of_a_killed_backup_is_deleted_and_that_of_a_running_one_stays(tmp_path, at):
    killed = tmp_path / f"{PREFIX}killed"
    killed.mkdir()
    (killed / LOCK).touch()
    (killed / "database.sqlite3").touch()
    with work_folder(tmp_path) as running:
        create_backup(tmp_path / "backup.tar.gz", at=at)
        assert list(tmp_path.glob(f"{PREFIX}*")) == [running]


def test_media_with_hard_links_can_be_restored(tmp_path, at, settings):
    (settings.MEDIA_ROOT / "b.png").hardlink_to(settings.MEDIA_ROOT / "a.png")
    manifest = check_backup(create_backup(tmp_path / "backup.tar.gz", at=at))
    assert manifest.files["media/a.png"] == manifest.files["media/b.png"]


@pytest.mark.sqlite
@pytest.mark.parametrize("most_bytes", [10_000, 400_000])
def test_full_disk_makes_no_backup_and_leaves_nothing(tmp_path, settings, most_bytes):
    (settings.MEDIA_ROOT / "large").write_bytes(random.randbytes(1_000_000))
    with files_of_at_most(most_bytes), pytest.raises(CommandError, match="No backup was made"):
        call_command("backup", str(tmp_path / "backup.tar.gz"))
    assert list(tmp_path.iterdir()) == [settings.MEDIA_ROOT]


@pytest.mark.sqlite
def test_full_disk_is_not_taken_for_a_damaged_backup(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    with (
        files_of_at_most(10_000),
        pytest.raises(CommandError, match=r"could not be checked: .*File too large"),
    ):
        call_command("restore", str(path), "--check")
    check_backup(path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"format": 1', b'"format": x'),
        (b'"format": 1', b'"farmat": 1'),
        (b'"testbank"', b'"testbonk"'),
        (b'"database": "', b'"database": "x'),
        (b"http://", b"http\xff//"),
    ],
)
def test_manifest_that_was_changed_is_refused(tmp_path, at, before, after):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    plain = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(plain.replace(before, after)))
    with pytest.raises(BackupError, match="damaged"):
        check_backup(path)


def test_checksum_of_gzip_covers_the_manifest(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupError, match="CRC check failed"):
        check_backup(path)


def test_backup_that_was_cut_off_is_refused(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(BackupError, match="It is incomplete or damaged"):
        check_backup(path)


def test_backup_that_was_changed_is_refused(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    plain = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(plain.replace(IMAGE, IMAGE[::-1])))
    with pytest.raises(BackupError, match=r"the checksum of media/a\.png does not match"):
        check_backup(path)


@pytest.mark.parametrize("content", [b"", b"no backup", gzip.compress(b"", mtime=0)])
def test_other_file_is_refused(tmp_path, content):
    file = tmp_path / "backup.tar.gz"
    file.write_bytes(content)
    with pytest.raises(BackupError):
        check_backup(file)


def test_backup_of_newer_version_is_refused(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    plain = gzip.decompress(path.read_bytes())
    path.write_bytes(
        gzip.compress(plain.replace(b'"outbox.0001_initial"', b'"outbox.0099_initial"'))
    )
    with pytest.raises(BackupError, match=r"is newer than .*outbox\.0099_initial"):
        check_backup(path)


def test_encrypted_backup_needs_its_passphrase(tmp_path, at, settings):
    settings.BACKUP_PASSPHRASE = "a long passphrase"
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    assert path.name == "backup.tar.gz.gpg"
    assert "media/a.png" in check_backup(path).files
    settings.BACKUP_PASSPHRASE = "another"
    with pytest.raises(BackupError, match="cannot be decrypted"):
        check_backup(path)


def test_changed_encrypted_backup_is_refused(tmp_path, at, settings):
    settings.BACKUP_PASSPHRASE = "a long passphrase"
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupError):
        check_backup(path)


@pytest.fixture
def keyring(tmp_path):
    """The folder of a keyring of GnuPG, whose agent ends with the test."""
    home = tmp_path / "keys"
    home.mkdir(mode=0o700)
    yield home
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=True)


def test_backup_for_a_public_key_opens_with_the_private_key_only(
    keyring, tmp_path, at, settings, monkeypatch
):
    gpg = ["gpg", "--homedir", str(keyring), "--batch", "--quiet", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-generate-key", "op@example.org", "future-default"], check=True)
    public = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True).stdout
    settings.BACKUP_PUBLIC_KEY = tmp_path / "public.asc"
    settings.BACKUP_PUBLIC_KEY.write_bytes(public)
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    with pytest.raises(BackupError, match="cannot be decrypted"):
        check_backup(path)
    monkeypatch.setenv("GNUPGHOME", str(keyring))
    assert "media/a.png" in check_backup(path).files


def test_command_keeps_the_newest_backups(settings, at):
    settings.BACKUP_KEEP = 2
    for days in (3, 2, 1):
        create_backup(scheduled_path(at=at - timedelta(days=days)), at=at)
    said = StringIO()
    call_command("backup", stdout=said)
    kept = stored_backups()
    assert [backup.made_at for backup in kept][:1] == [at - timedelta(days=1)]
    assert len(kept) == 2
    assert said.getvalue().count("deleted") == 2


def test_backup_made_now_stays_if_the_clock_was_set_back(settings, tmp_path, at):
    settings.BACKUP_KEEP = 1
    settings.BACKUP_DIR.mkdir()
    scheduled_path(at=at + timedelta(days=36_500)).touch()
    said = StringIO()
    call_command("backup", stdout=said)
    assert Path(said.getvalue().split()[0]).exists()


def test_command_checks_a_backup(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    said = StringIO()
    call_command("restore", str(path), "--check", stdout=said)
    assert said.getvalue().startswith(f"The backup is complete: {connection.vendor}, 3 files")


def test_sqlite_check_ignores_functions_of_django(tmp_path, at, learner, make_bank):
    """Constraints call REGEXP, which only Django's connections have."""
    make_bank()
    check_backup(create_backup(tmp_path / "backup.tar.gz", at=at))


def test_restore_refuses_a_database_with_tables(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    with pytest.raises(CommandError, match=r"The database is not empty\. Nothing was changed"):
        call_command("restore", str(path))


def test_archive_without_manifest_is_refused(tmp_path, at):
    path = create_backup(tmp_path / "backup.tar.gz", at=at)
    plain = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(plain.replace(MANIFEST.encode(), b"manifesto.xyz")))
    with pytest.raises(BackupError):
        check_backup(path)
