"""Statements that write rows, put together once in a process.

For what the site does most or must do quickest: Django takes longer to put such a statement
together than the database to run it. Everything else goes by the models' own methods.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    AutoField,
    BooleanField,
    CharField,
    Choices,
    DateTimeField,
    Field,
    ForeignKey,
    IntegerField,
    Model,
    TextField,
    UUIDField,
)

# Values of these types are written into columns of these fields as they are.
PLAIN_TYPES = frozenset({str, int, bool, type(None)})
KEY_FIELDS = (ForeignKey, UUIDField)
# The default of a field that is called for each row.
VARIES = object()
PLAIN_FIELDS = (BooleanField, CharField, ForeignKey, IntegerField, TextField)


def insert(rows: Sequence[Model], *, once: bool = False) -> int:
    """Write the rows of one model in one statement; how many were written.

    With `once`, rows that break a uniqueness are left out, as they are there already. The
    rows get no primary key from the database. Raises: IntegrityError.
    """
    return execute(insertion_of(type(rows[0]), *map(vars, rows), once=once)) if rows else 0


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that is yet to be run.

    `dependents` are the same as parts of a longer one: they do nothing where that one's
    UPDATE, named `changed`, found no row.
    """

    statement: str
    dependents: tuple[str, ...]
    values: list[Any]


def insertion_of(model: type[Model], *rows: Mapping[str, Any], once: bool = False) -> Write:
    """What `insert` does, for rows that were never instances: by fields' names, `…_id` for keys.

    What is not named has its field's default. That costs a third of making instances.
    """
    database = connections[DEFAULT_DB_ALIAS]
    statement, dependent = _insertion_texts(model, len(rows), once=once)
    written = _written(model, database.vendor)
    values: list[Any] = []
    for row in rows:
        for name, field, is_plain, default in written:
            if name not in row and default is not VARIES:
                values.append(default)
                continue
            value = row[name] if name in row else field.get_default()
            if not (is_plain and type(value) in PLAIN_TYPES):
                value = _prepared(field, value, database)
            values.append(value)
    return Write(statement, (dependent,) * len(rows), values)


def deletion(model: type[Model], *, field: str, value: Any) -> Write:
    """Delete the rows of a model whose field (`…_id` for a key) has this value."""
    database, column = connections[DEFAULT_DB_ALIAS], _columns_of(model)[field]
    beginning = f"DELETE FROM {model._meta.db_table}"  # noqa: S608 - names of our own
    condition = f"WHERE {column.column} = %s"
    return Write(
        f"{beginning} {condition}",
        (f"{beginning} USING changed {condition}",),
        [_prepared(column, value, database)],
    )


def update_if(
    row: Model,
    changes: dict[str, Any],
    *,
    field: str,
    among: Collection[Any],
    then: Sequence[Write] = (),
) -> bool:
    """Change a row where one of its fields has one of these values; False where it has not.

    `changes` are by the fields' names (`…_id` for keys). What comes `then` is written where
    the row changed: on PostgreSQL in the same statement, as each turn between site and
    database costs more than a row. The caller owns the transaction.
    """
    model = type(row)
    database, columns = connections[DEFAULT_DB_ALIAS], _columns_of(model)
    values = [_prepared(columns[name], value, database) for name, value in changes.items()]
    values += [model._meta.pk.get_db_prep_save(row.pk, database), *among]
    statement = _update_of(model, tuple(changes), field, len(among))
    if then and database.vendor == "postgresql":
        whole = _in_one(statement, *(each for one in then for each in one.dependents))
        return bool(_executed(database, whole, sum((one.values for one in then), values)))
    if not _executed(database, statement, values):
        return False
    for one in then:
        _executed(database, one.statement, one.values)
    return True


def execute(write: Write) -> int:
    """Run a statement; how many rows it wrote."""
    return _executed(connections[DEFAULT_DB_ALIAS], write.statement, write.values)


def one_transaction() -> AbstractContextManager[None]:
    """The caller's transaction, or one of its own where there is none. No savepoint.

    What is raised after something was written must end the caller's transaction too.
    """
    in_one = connections[DEFAULT_DB_ALIAS].in_atomic_block
    return nullcontext() if in_one else transaction.atomic()


def _executed(database: BaseDatabaseWrapper, statement: str, values: list[Any]) -> int:
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _prepared(field: "Field[Any, Any]", value: Any, database: BaseDatabaseWrapper) -> Any:
    """The value as the database takes it."""
    if type(value) in PLAIN_TYPES and isinstance(field, PLAIN_FIELDS):
        return value
    # The statements of a request are given one moment again and again.
    if type(value) is datetime and value.tzinfo and isinstance(field, DateTimeField):
        return _moment(value, database.vendor)
    if isinstance(value, Choices) and isinstance(field, PLAIN_FIELDS):
        return value.value
    if type(value) is UUID and isinstance(field, KEY_FIELDS):
        return value if database.features.has_native_uuid_field else value.hex
    return field.get_db_prep_save(value, database)


@lru_cache(maxsize=16)
def _moment(value: datetime, _vendor: str) -> Any:
    return connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value(value)


@cache
def written_fields(model: type[Model]) -> tuple["Field[Any, Any]", ...]:
    """The fields that an INSERT gives: all but a key that the database counts up."""
    return tuple(one for one in model._meta.concrete_fields if not isinstance(one, AutoField))


@cache
def _written(model: type[Model], _vendor: str) -> list[tuple[str, "Field[Any, Any]", bool, Any]]:
    """Name, field, whether plain values go in as they are, and the default as it is written."""
    database = connections[DEFAULT_DB_ALIAS]
    return [
        (
            one.attname,
            one,
            isinstance(one, PLAIN_FIELDS),
            VARIES
            if one.has_default() and callable(one.default)
            else _prepared(one, one.get_default(), database),
        )
        for one in written_fields(model)
    ]


@cache
def _columns_of(model: type[Model]) -> dict[str, "Field[Any, Any]"]:
    return {one.attname: one for one in model._meta.concrete_fields}


@lru_cache(maxsize=100)
def _in_one(update: str, *dependents: str) -> str:
    parts = ", ".join(f"then_{place} AS ({each})" for place, each in enumerate(dependents))
    return f"WITH changed AS ({update} RETURNING 1), {parts} SELECT 1 FROM changed"  # noqa: S608


@lru_cache(maxsize=200)
def _insertion_texts(model: type[Model], count: int, *, once: bool) -> tuple[str, str]:
    """By itself for so many rows, and for one row that depends on a change."""
    columns = [str(one.column) for one in written_fields(model)]
    beginning = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"
    places = ", ".join(["%s"] * len(columns))
    ending = " ON CONFLICT DO NOTHING" if once else ""
    return (
        f"{beginning} VALUES {', '.join([f'({places})'] * count)}{ending}",
        f"{beginning} SELECT {places} FROM changed{ending}",  # noqa: S608 - names of our own
    )


@cache
def _update_of(model: type[Model], names: tuple[str, ...], field: str, count: int) -> str:
    columns = _columns_of(model)
    settings = ", ".join(f"{columns[name].column} = %s" for name in names)
    condition = f"{columns[field].column} IN ({', '.join(['%s'] * count)})"
    key = model._meta.pk.column
    return f"UPDATE {model._meta.db_table} SET {settings} WHERE {key} = %s AND {condition}"  # noqa: S608
