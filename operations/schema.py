"""Recognize a database that this version cannot migrate."""

from typing import Any

from django.core.management.base import CommandError
from django.db import connections

# Tables of the apps `delivery` and `testbank`, which were renamed before the first release.
UNRELEASED_TABLES = frozenset({"delivery_outgoingmail", "testbank_sweeprun"})


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
        "DATABASE_URL to a new, empty database; then run migrate again.",
        returncode=2,
    )
