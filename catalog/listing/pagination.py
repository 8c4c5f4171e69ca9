"""Keyset pagination of the list of banks on sale.

A page begins at a row, named by a cursor, not after a number of rows to skip. So page 900
costs what page 1 costs, and a bank that goes on sale meanwhile moves nothing.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Field, Func, Value
from django.db.models.sql.compiler import SQLCompiler
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from catalog.models import TestBank
from catalog.querysets import TestBankQuerySet

BANKS_A_PAGE = 24
MOST_COUNTED = 240

Order = Sequence[str]


@dataclass(frozen=True)
class Cursor:
    """A page's place in an order: beyond the row with these values of the order's columns.

    `number` is the page's number for people. Without values it is the first page.
    """

    number: int = 1
    values: tuple[Any, ...] = field(default=())
    is_backward: bool = False

    def encode(self) -> str:
        """Encode it for an address."""
        text = json.dumps([self.number, *self.values], default=str, separators=(",", ":"))
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def from_query(cls, query: QueryDict, order: Order) -> "Cursor":
        """Read the cursor of an address; the first page if it has none that fits the order."""
        for name in ("after", "before"):
            if text := query.get(name, ""):
                return _decode(text, order, is_backward=name == "before")
        return cls()


@dataclass(frozen=True)
class Page:
    """Some banks in order, and the cursors of the pages beside it; empty where there is none."""

    banks: Sequence[TestBank]
    number: int
    before: str = ""
    after: str = ""

    @property
    def ids(self) -> list[int]:
        """The ids of its banks."""
        return [bank.pk for bank in self.banks]


def paginate(banks: TestBankQuerySet, order: Order, cursor: Cursor) -> Page:
    """Read the page at a cursor. One statement."""
    ordered = banks.order_by(*(_reversed(order) if cursor.is_backward else order))
    if cursor.values:
        ordered = ordered.filter(RowBeyond(order, cursor))
    rows = list(ordered.for_cards()[: BANKS_A_PAGE + 1])
    has_more, rows = len(rows) > BANKS_A_PAGE, rows[:BANKS_A_PAGE]
    if cursor.is_backward:
        rows.reverse()
    return _page(rows, cursor, order, has_more)


def count_up_to_limit(banks: TestBankQuerySet) -> tuple[int, bool]:
    """Count the banks, 240 at most, and say whether there are more. One statement."""
    count = banks.order_by()[: MOST_COUNTED + 1].count()
    return min(count, MOST_COUNTED), count > MOST_COUNTED


class RowBeyond(Func):
    """True for rows after (or before) a cursor in an order.

    Compares row values, `(a, b) > (1, 2)`, not a chain of ORs: both databases then begin to
    read their index at the cursor. Django has no expression for it.
    """

    output_field = BooleanField()

    def __init__(self, order: Order, cursor: Cursor) -> None:
        columns = _columns(order)
        super().__init__(
            *(F(column.name) for column in columns),
            *(
                Value(value, output_field=column)
                for column, value in zip(columns, cursor.values, strict=True)
            ),
        )
        # The columns of "newest first" all descend, so one comparison fits them all.
        self.sign = "<" if order[0].startswith("-") != cursor.is_backward else ">"

    def as_sql(  # type: ignore[override] # narrower than the stubs
        self, compiler: SQLCompiler, connection: Any, **_context: Any
    ) -> tuple[str, list[Any]]:
        """`(a, b) > (1, 2)`."""
        parts = [compiler.compile(part) for part in self.source_expressions]
        half = len(parts) // 2
        left, right = (", ".join(sql for sql, _ in side) for side in (parts[:half], parts[half:]))
        return f"({left}) {self.sign} ({right})", [value for _, given in parts for value in given]


def _decode(text: str, order: Order, *, is_backward: bool) -> Cursor:
    try:
        number, *values = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if order[0] == "-created_at":
            values[0] = parse_datetime(values[0])
        columns = _columns(order)
        clean = tuple(
            column.to_python(value) for column, value in zip(columns, values, strict=True)
        )
        if None in clean or not 1 <= int(number) < 10**6 or not 0 < clean[-1] < 2**63:
            return Cursor()
        return Cursor(int(number), clean, is_backward)
    except (ValueError, TypeError, IndexError, ArithmeticError, RecursionError, ValidationError):
        return Cursor()


def _page(rows: list[TestBank], cursor: Cursor, order: Order, has_more: bool) -> Page:
    has_before = has_more if cursor.is_backward else bool(cursor.values)
    has_after = bool(cursor.values) if cursor.is_backward else has_more
    number = cursor.number if has_before else 1
    if not rows:
        return Page((), 1)
    return Page(
        banks=rows,
        number=number,
        before=_cursor_at(rows[0], order, max(number - 1, 1)) if has_before else "",
        after=_cursor_at(rows[-1], order, number + 1) if has_after else "",
    )


def _cursor_at(bank: TestBank, order: Order, number: int) -> str:
    return Cursor(number, tuple(getattr(bank, _column(name)) for name in order)).encode()


def _column(name: str) -> str:
    return name.lstrip("-").replace("pk", "id")


def _columns(order: Order) -> list["Field[Any, Any]"]:
    return [cast("Field[Any, Any]", TestBank._meta.get_field(_column(name))) for name in order]


def _reversed(order: Order) -> tuple[str, ...]:
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in order)
