"""Lists as Stripe pages them: newest first, with a cursor on either side.

Source: docs.stripe.com/api/pagination.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, Literal

from sandbox.errors import no_such
from sandbox.parameters import integer, record
from sandbox.store import Json, Transaction

Table = Literal[
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
CALLED = {"checkout_session": "checkout.session", "webhook_endpoint": "webhook endpoint"}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_bounds = record(dict.fromkeys(COMPARISONS, integer()))


def range_of_moments(value: Any, param: str) -> dict[str, int]:
    """A moment, or bounds: `created=5` or `created[gte]=5`."""
    if isinstance(value, str):
        moment = integer()(value, param)
        return {"gte": moment, "lte": moment}
    bounds: dict[str, int] = _bounds(value, param)
    return bounds


class Page:
    """A query in the making: its table, its conditions, its cursor."""

    def __init__(self, table: Table, select: str, address: str, params: Json) -> None:
        self.table = table
        self.select = select
        self.address = address
        self.params = params
        self.conditions: list[str] = []
        self.values: list[Any] = []

    def where(self, condition: str, *values: Any) -> None:
        """Narrow the list."""
        self.conditions.append(condition)
        self.values.extend(values)

    def where_created(self) -> None:
        """Narrow the list to the range that `created` asks for."""
        for name, bound in self.params.get("created", {}).items():
            self.where(f"created {COMPARISONS[name]} ?", bound)

    @property
    def backwards(self) -> bool:
        """True where the page before a cursor is wanted."""
        return "ending_before" in self.params


def page(transaction: Transaction, wanted: Page, told: Callable[[sqlite3.Row], Json]) -> Json:
    """One page. `has_more` speaks of the direction in which the caller walks."""
    for name, comparison in (("starting_after", "<"), ("ending_before", ">")):
        if name in wanted.params:
            wanted.where(f"sequence {comparison} ?", cursor(transaction, wanted, name))
    limit = wanted.params.get("limit", 10)
    conditions = " AND ".join(wanted.conditions) or "TRUE"
    direction = "ASC" if wanted.backwards else "DESC"
    rows = transaction.execute(
        f"{wanted.select} WHERE {conditions} ORDER BY sequence {direction} LIMIT ?",
        *(*wanted.values, limit + 1),
    ).fetchall()
    shown = rows[:limit][::-1] if wanted.backwards else rows[:limit]
    return {
        "object": "list",
        "data": [told(row) for row in shown],
        "has_more": len(rows) > limit,
        "url": wanted.address,
    }


def cursor(transaction: Transaction, wanted: Page, name: str) -> int:
    """The place of the object that a cursor names. Raises ApiError where it is not here."""
    identifier = wanted.params[name]
    statement = f"SELECT sequence FROM {wanted.table} WHERE id = ?"  # noqa: S608 - our own names
    row = transaction.row(statement, identifier)
    if row is None:
        raise no_such(CALLED.get(wanted.table, wanted.table), identifier, name)
    return int(row["sequence"])
