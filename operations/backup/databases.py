"""Copy the database of a running site into a file, and put it back."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from operations.backup.errors import BackupError
from testbank.private_files import private_opener

NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
PORTABLE = ("--no-owner", "--no-privileges")


def dump_name() -> str:
    """Return the name that the database has inside a backup."""
    return NAMES[connection.vendor]


def dump_database(target: Path) -> None:
    """Write a consistent copy of the database while others write to it. Raises: BackupError."""
    if connection.vendor == "sqlite":
        _copy_sqlite(target)
    else:
        _run_postgresql(
            "pg_dump", "--format=custom", *PORTABLE, f"--file={target}", _database_name()
        )


def check_dump(dump: Path) -> None:
    """Raises: BackupError if the copy is damaged. Needs no database server."""
    if not dump.exists():
        raise BackupError("The backup does not contain a database.")
    if dump.name == NAMES["sqlite"]:
        found = _integrity_of_sqlite(dump)
        if found != "ok":
            raise BackupError(f"The database in the backup is damaged: {found}")
    else:
        _run_postgresql("pg_restore", "--list", str(dump))


def database_is_empty() -> bool:
    """Return True if the database has no table."""
    return not connection.introspection.table_names()


def restore_database(dump: Path) -> None:
    """Put a copy into the empty database, completely or not at all. Raises: BackupError."""
    if connection.vendor == "sqlite":
        _replace_sqlite(dump)
    else:
        _run_postgresql(
            "pg_restore",
            "--single-transaction",
            "--exit-on-error",
            *PORTABLE,
            f"--dbname={_database_name()}",
            str(dump),
        )


def _copy_sqlite(target: Path) -> None:
    """Copy all pages in one read transaction, which does not block writers in WAL mode.

    A plain copy of the file would miss what is still in the write-ahead log.
    """
    try:
        with (
            closing(sqlite3.connect(_database_name())) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            # One file: a database in WAL mode creates two more when it is opened.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"SQLite cannot copy the database to {target}: {error}.") from error


def _integrity_of_sqlite(dump: Path) -> str:
    """Return "ok", or what is wrong."""
    try:
        with closing(sqlite3.connect(dump)) as database:
            # They call functions that Django adds to its own connections.
            database.execute("PRAGMA ignore_check_constraints = ON")
            (found,) = database.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return str(found)


def _replace_sqlite(dump: Path) -> None:
    """Rename into place, so that the database is never half there."""
    connection.close()
    place = Path(_database_name())
    draft = place.with_name(f"{place.name}.restoring")
    with (
        dump.open("rb") as source,
        open(draft, "wb", opener=private_opener) as file,
    ):
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
    for leftover in (f"{place}-wal", f"{place}-shm"):
        Path(leftover).unlink(missing_ok=True)
    draft.replace(place)


def _database_name() -> str:
    return str(connection.settings_dict["NAME"])


def _run_postgresql(program: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise BackupError(
            f"{program} is not installed. To install it, run: apt-get install postgresql-client"
        )
    done = subprocess.run(
        [program, *arguments],
        env=os.environ | _connection_variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()}")


def _connection_variables() -> dict[str, str]:
    """Return libpq's variables. Unlike arguments, no other user can read them."""
    if connection.vendor != "postgresql":
        return {}
    database = connection.settings_dict
    _arguments, options = DatabaseClient.settings_to_cmd_args_env(database, [])
    address = {"PGHOST": database["HOST"], "PGPORT": database["PORT"], "PGUSER": database["USER"]}
    return {name: str(value) for name, value in address.items() if value} | (options or {})
