"""Make, check, restore and delete backups."""

import hashlib
import os
import platform
import re
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from operations.backup.archive import (
    KEY_NAME,
    MEDIA,
    ArchiveWriter,
    Manifest,
    read_archive,
)
from operations.backup.databases import (
    NAMES,
    check_dump,
    database_is_empty,
    dump_database,
    dump_name,
    restore_database,
)
from operations.backup.encryption import SUFFIX, encrypted
from operations.backup.errors import BackupError
from operations.backup.work_folder import work_folder
from operations.schema import unknown_migrations
from testbank import __version__
from testbank.private_files import private_opener, write_private

NAME = re.compile(r"testbank-\d{8}-\d{6}\.tar\.gz(\.gpg)?")


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """A backup in BACKUP_DIR."""

    path: Path
    made_at: datetime


def scheduled_path(*, at: datetime) -> Path:
    """Return where a backup made now belongs in BACKUP_DIR."""
    folder: Path = settings.BACKUP_DIR
    suffix = SUFFIX if _is_encrypted() else ""
    return folder / f"testbank-{at.astimezone(UTC):%Y%m%d-%H%M%S}.tar.gz{suffix}"


def create_backup(path: Path, *, at: datetime) -> Path:
    """Write a backup of the running site, and return its path, which ends in .gpg if encrypted.

    The file appears when it is complete. Only its owner can read it. Overwrites nothing.
    Raises: BackupError.
    """
    if _is_encrypted() and path.suffix != SUFFIX:
        path = path.with_name(path.name + SUFFIX)
    if path.exists():
        raise BackupError(
            f"{path} already exists, and a backup does not overwrite files. Choose another name."
        )
    with work_folder(path.parent) as folder:
        dump = folder / dump_name()
        dump_database(dump)
        draft = folder / f"{path.name}.draft"
        _write(draft, dump, at)
        draft.replace(path)
    return path


def check_backup(path: Path) -> Manifest:
    """Read a backup completely and check its database, without changing the site.

    Raises: BackupError, or OSError if a disk is full.
    """
    # Not /tmp, which is often in memory and smaller than the database.
    with work_folder(settings.VAR_DIR) as folder:
        manifest = read_archive(
            path,
            passphrase=settings.BACKUP_PASSPHRASE,
            target=lambda member: folder / member if member in NAMES.values() else None,
        )
        check_dump(folder / NAMES[manifest.database])
    if unknown := unknown_migrations(manifest.migrations):
        raise BackupError(
            f"The backup was made by Testbank {manifest.testbank}, which is newer than the installed "
            f"version {__version__}, and contains migrations that this version does not have, such as "
            f"{unknown[0]}. Install the newer version, and then restore the backup."
        )
    return manifest


def restore_backup(path: Path) -> Manifest:
    """Restore a backup into an empty database and media folder. Raises: BackupError.

    Everything is checked before anything is written. The database is written last and in one
    step, so that an interrupted restore can be run again.
    """
    manifest = check_backup(path)
    _refuse_wrong_place(manifest)
    _refuse_other_secret_key(manifest)
    media: Path = settings.MEDIA_ROOT
    with work_folder(settings.VAR_DIR) as folder:

        def target(member: str) -> Path:
            top, _slash, rest = member.partition("/")
            return media / rest if top == MEDIA else folder / member

        read_archive(path, passphrase=settings.BACKUP_PASSPHRASE, target=target)
        _restore_secret_key((folder / KEY_NAME).read_text())
        restore_database(folder / NAMES[manifest.database])
    return manifest


def stored_backups() -> list[StoredBackup]:
    """Return the backups in BACKUP_DIR, oldest first."""
    folder: Path = settings.BACKUP_DIR
    found = [file for file in folder.glob("testbank-*") if NAME.fullmatch(file.name)]
    return [StoredBackup(file, _made_at(file)) for file in sorted(found)]


def delete_old_backups(*, made: Path) -> list[Path]:
    """Delete all but the newest BACKUP_KEEP backups in BACKUP_DIR, and return their paths.

    The one `made` now stays, also if the clock was set back and others look newer.
    """
    old = [each.path for each in stored_backups()[: -settings.BACKUP_KEEP] if each.path != made]
    for path in old:
        path.unlink()
    return old


def applied_migrations() -> list[str]:
    """Return the applied migrations of the database as `app.name`, sorted."""
    return sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations())


def _is_encrypted() -> bool:
    return bool(settings.BACKUP_PASSPHRASE or settings.BACKUP_PUBLIC_KEY)


def _made_at(file: Path) -> datetime:
    stamp = file.name.removeprefix("testbank-").partition(".")[0]
    return datetime.strptime(stamp, "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def _write(draft: Path, dump: Path, at: datetime) -> None:
    with (
        open(draft, "xb", opener=private_opener) as file,
        encrypted(
            file,
            passphrase=settings.BACKUP_PASSPHRASE,
            public_key=settings.BACKUP_PUBLIC_KEY,
        ) as stream,
    ):
        with closing(ArchiveWriter(stream)) as archive:
            _fill(archive, dump, at)
        stream.flush()
    with draft.open("rb") as written:
        os.fsync(written.fileno())


def _fill(archive: ArchiveWriter, dump: Path, at: datetime) -> None:
    """Add media after the database, so that every file that a row names is there."""
    archive.add(dump.name, dump)
    archive.add_text(KEY_NAME, settings.SECRET_KEY)
    root: Path = settings.MEDIA_ROOT
    for file in sorted(each for each in root.rglob("*") if each.is_file()):
        # The worker may have deleted an unused picture since.
        with suppress(FileNotFoundError):
            archive.add(f"{MEDIA}/{file.relative_to(root).as_posix()}", file)
    archive.finish(_manifest(at))


def _manifest(at: datetime) -> Manifest:
    return Manifest(
        made_at=at.isoformat(),
        site_url=settings.SITE_URL,
        testbank=__version__,
        django=django.get_version(),
        python=platform.python_version(),
        database=connection.vendor,
        migrations=applied_migrations(),
    )


def _refuse_wrong_place(manifest: Manifest) -> None:
    if manifest.database != connection.vendor:
        raise BackupError(
            f"The backup contains a {manifest.database} database, but DATABASE_URL names a "
            f"{connection.vendor} database. Restore the backup into a {manifest.database} database. To "
            "move the data from SQLite to PostgreSQL, then run `manage.py copy_database`."
        )
    if not database_is_empty():
        raise BackupError(
            "The database is not empty. Nothing was changed. Point DATABASE_URL to a new, empty "
            "database."
        )
    root: Path = settings.MEDIA_ROOT
    known = {name.removeprefix(f"{MEDIA}/") for name in manifest.files}
    here = (each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_file())
    if others := [name for name in here if name not in known and not name.endswith(".restoring")]:
        raise BackupError(
            f"{root} has files that are not from this backup, such as {min(others)}. Nothing was "
            "changed. Point MEDIA_ROOT to an empty folder."
        )


def _refuse_other_secret_key(manifest: Manifest) -> None:
    """Raise BackupError if SECRET_KEY is set and is not the one in the backup."""
    here = hashlib.sha256(settings.SECRET_KEY.encode()).hexdigest()
    if settings.SECRET_KEY_IS_SET and here != manifest.files[KEY_NAME]:
        raise BackupError(
            "SECRET_KEY is set to a different key than the one in the backup, which is needed to "
            "decrypt the second factors of staff. Nothing was changed. Remove SECRET_KEY from .env "
            "and restore the backup again. Its key is then saved to var/secret_key."
        )


def _restore_secret_key(key: str) -> None:
    """Store the key where the site reads it if SECRET_KEY is not set."""
    if not settings.SECRET_KEY_IS_SET:
        write_private(settings.VAR_DIR / "secret_key", key)
