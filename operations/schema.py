"""Recognize a database that this version cannot migrate or serve."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

# Tables of the apps `delivery` and `testbank`, which were renamed before the first release.
UNRELEASED_TABLES = frozenset({"delivery_outgoingmail", "testbank_sweeprun"})


class NewerSchema(Exception):
    """The database was migrated by a newer version; `migrations` are those unknown here."""

    def __init__(self, migrations: list[str]) -> None:
        self.migrations = migrations
        super().__init__(
            "The database was migrated by a newer version of Testbank. This version does not have "
            f"the migration {migrations[0]}"
            f"{f' and {len(migrations) - 1} more' if len(migrations) > 1 else ''}. Start the newer "
            "version, or restore the backup from before the upgrade (UPGRADING.md)."
        )


def refuse_unreleased_schema(*, using: str, **_kwargs: Any) -> None:
    """Stop `migrate` on a database that was created before the first release.

    Nothing is changed. Raises: CommandError with what to do.
    """
    connection = connections[using]
    if UNRELEASED_TABLES.isdisjoint(connection.introspection.table_names()):
        return
    raise CommandError(
        f"The database {connection.settings_dict['NAME']} was created by a version before the "
        "first release, and cannot be migrated. Nothing was changed. Move it away, or set "
        "DATABASE_URL to a new, empty database. Then run `manage.py migrate` again.",
        returncode=2,
    )


def refuse_newer_schema() -> None:
    """Raise NewerSchema if the database has migrations of installed apps that are unknown here.

    A database that does not answer is not judged: pages then say so, until it does.
    """
    try:
        applied = [".".join(key) for key in MigrationRecorder(connection).applied_migrations()]
    except DatabaseError:
        return
    if unknown := unknown_migrations(applied):
        raise NewerSchema(unknown)


def unknown_migrations(applied: Iterable[str]) -> list[str]:
    """Return those of the migrations, as `app.name`, that installed apps do not have here."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = {".".join(key) for key in (loader.disk_migrations or {})}
    return sorted(
        name
        for name in applied
        if name not in known and name.partition(".")[0] in loader.migrated_apps
    )
