"""Lists as Stripe paginates them: newest first, with a cursor on either side.

Source: docs.stripe.com/api/pagination.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, Literal

from sandbox.errors import resource_missing
from sandbox.parameters import integer, record
from sandbox.store import Json, Transaction

TableName = Literal[
    "charge",
    "checkout_session",
    "coupon",
    "dispute",
    "event",
    "payment_intent",
    "promotion_code",
    "refund",
    "webhook_endpoint",
]
# What errors call an object, where that differs from its table.
OBJECT_NAMES = {"checkout_session": "checkout.session", "webhook_endpoint": "webhook endpoint"}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
read_bounds = record(dict.fromkeys(COMPARISONS, integer()))


def timestamp_range(value: Any, param: str) -> dict[str, int]:
    """Read a time or bounds: `created=5` or `created[gte]=5`."""
    if isinstance(value, str):
        time = integer()(value, param)
        return {"gte": time, "lte": time}
    bounds: dict[str, int] = read_bounds(value, param)
    return bounds


class ListQuery:
    """A query being built: its table, its conditions, its cursor."""

    def __init__(self, table: TableName, select: str, url: str, params: Json) -> None:
        self.table = table
        self.select = select
        self.url = url
        self.params = params
        self.conditions: list[str] = []
        self.values: list[Any] = []

    def where(self, condition: str, *values: Any) -> None:
        self.conditions.append(condition)
        self.values.extend(values)

    def where_created(self) -> None:
        """Apply the bounds of the `created` parameter."""
        for name, bound in self.params.get("created", {}).items():
            self.where(f"created {COMPARISONS[name]} ?", bound)

    @property
    def is_backward(self) -> bool:
        """True if the page before a cursor is requested."""
        return "ending_before" in self.params


def paginate(
    transaction: Transaction, query: ListQuery, to_object: Callable[[sqlite3.Row], Json]
) -> Json:
    """Return one page. `has_more` refers to the direction in which the caller pages."""
    for name, comparison in (("starting_after", "<"), ("ending_before", ">")):
        if name in query.params:
            query.where(f"sequence {comparison} ?", cursor(transaction, query, name))
    limit = query.params.get("limit", 10)
    conditions = " AND ".join(query.conditions) or "TRUE"
    direction = "ASC" if query.is_backward else "DESC"
    rows = transaction.execute(
        f"{query.select} WHERE {conditions} ORDER BY sequence {direction} LIMIT ?",
        *(*query.values, limit + 1),
    ).fetchall()
    page = rows[:limit][::-1] if query.is_backward else rows[:limit]
    return {
        "object": "list",
        "data": [to_object(row) for row in page],
        "has_more": len(rows) > limit,
        "url": query.url,
    }


def cursor(transaction: Transaction, query: ListQuery, name: str) -> int:
    """Return the position of the object that a cursor names. Raises ApiError 404."""
    identifier = query.params[name]
    statement = f"SELECT sequence FROM {query.table} WHERE id = ?"  # noqa: S608 - a TableName
    row = transaction.row(statement, identifier)
    if row is None:
        raise resource_missing(OBJECT_NAMES.get(query.table, query.table), identifier, name)
    return int(row["sequence"])
