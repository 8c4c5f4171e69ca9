"""Rows that a written-out statement has read, as instances of their model.

For what the site does most or must do quickest: Django's own `raw` looks for the columns of
the model, and for what turns their values, anew each time. Everything else goes by that.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

Row = tuple[Any, ...]
AnyModel = TypeVar("AnyModel", bound=Model)
Turn = tuple[int, Callable[..., Any], Any]


def rows_of(statement: str, values: Sequence[Any]) -> list[Row]:
    """The rows of a statement that is written out: its text is one of few."""
    database = connections[DEFAULT_DB_ALIAS]
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return cast(list[Row], cursor.fetchall())


@cache
def columns_of(model: type[Model], alias: str) -> str:
    """The model's columns, as a statement asks for them of the table with that alias."""
    return ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)


def instance_of(model: type[AnyModel], row: Sequence[Any]) -> AnyModel:
    """The instance whose columns the row begins with, in the order of `columns_of`."""
    database = connections[DEFAULT_DB_ALIAS]
    fields = model._meta.concrete_fields
    values = list(row[: len(fields)])
    for place, turn, expression in _turns(model, database.vendor):
        values[place] = turn(values[place], expression, database)
    return model.from_db(DEFAULT_DB_ALIAS, _names(model), values)


@cache
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _turns(model: type[Model], vendor: str) -> list[Turn]:
    """What turns values of this kind of database into Python's, by their place."""
    database = connections[DEFAULT_DB_ALIAS]
    expressions = [field.get_col(model._meta.db_table) for field in model._meta.concrete_fields]
    return [
        (place, turn, expression)
        for place, expression in enumerate(expressions)
        for turn in (
            *database.ops.get_db_converters(expression),
            *expression.get_db_converters(database),
        )
    ]
