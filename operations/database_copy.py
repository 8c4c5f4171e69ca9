"""Move the data of a site to another database, such as from SQLite to PostgreSQL."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import dj_database_url
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from accounts.models import User
from catalog.models import TestBank
from operations.row_hashes import BATCH_SIZE, TableHash, stored_models, table_hashes

SOURCE = "copy_source"


class CopyRefused(Exception):
    """The databases do not fit; the message says what to do."""


class CopyDiffers(Exception):
    """The copied rows are not equal to those of the source; `tables` names where."""

    def __init__(self, tables: list[str]) -> None:
        self.tables = tables
        super().__init__(f"These tables differ after copying: {', '.join(tables)}")


Progress = Callable[[TableHash], None]


def copy_database(*, source_url: str, progress: Progress) -> None:
    """Copy every row of another database into this one, which must be empty, and compare.

    One transaction: either all rows are there afterwards, or none. Rate limits, which are in
    the cache's table, start again at zero. Raises: CopyRefused, CopyDiffers.
    """
    _connect(source_url)
    try:
        if not connections[SOURCE].introspection.table_names():
            raise CopyRefused(f"{connections[SOURCE].settings_dict['NAME']} is empty.")
        call_command("migrate", verbosity=0)
        _refuse_other_schema()
        if User.objects.exists() or TestBank.objects.exists():
            raise CopyRefused(
                "The database in DATABASE_URL already contains data. Use an empty database."
            )
        # Rows that migrations created have other keys here.
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
        # The source is locked meanwhile if it is SQLite, so that no write is left behind.
        with transaction.atomic(), transaction.atomic(using=SOURCE):
            for model in stored_models():
                _copy_rows(model)
            _advance_sequences()
            _compare(progress)
    finally:
        connections[SOURCE].close()


def _connect(source_url: str) -> None:
    database = dj_database_url.parse(source_url)
    is_sqlite = database["ENGINE"] == "django.db.backends.sqlite3"
    if is_sqlite and not Path(database["NAME"]).is_file():
        raise CopyRefused(f"{database['NAME']} does not exist.")
    connections.databases[SOURCE] = connections.configure_settings(
        {DEFAULT_DB_ALIAS: connections.databases[DEFAULT_DB_ALIAS], SOURCE: dict(database)}
    )[SOURCE]


def _refuse_other_schema() -> None:
    there, here = (
        set(MigrationRecorder(connections[alias]).applied_migrations())
        for alias in (SOURCE, DEFAULT_DB_ALIAS)
    )
    if there != here:
        raise CopyRefused(
            "The two databases have different migrations. Run `manage.py migrate` on the source "
            "with this version first."
        )


def _copy_rows(model: type[Model]) -> None:
    """Foreign keys are checked at the end of the transaction, so that no order is needed."""
    rows = model._base_manager.using(SOURCE).order_by("pk").iterator(chunk_size=BATCH_SIZE)
    for batch in _batches(rows):
        model._base_manager.using(DEFAULT_DB_ALIAS).bulk_create(batch)


def _batches(rows: Iterable[Model]) -> Iterator[list[Model]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch


def _advance_sequences() -> None:
    """Let new rows continue after the copied keys, as `loaddata` does."""
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), stored_models()):
            cursor.execute(statement)


def _compare(progress: Progress) -> None:
    differing = []
    there = table_hashes(using=SOURCE)
    for here, original in zip(table_hashes(using=DEFAULT_DB_ALIAS), there, strict=True):
        progress(here)
        if here != original:
            differing.append(here.table)
    if differing:
        raise CopyDiffers(differing)
