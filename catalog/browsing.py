"""The list of banks on sale: narrowed by filters, put in order, a page at a time.

A page begins at a row, not at a number of rows to skip, so page 900 costs what page 1
costs, and a bank that is put on sale meanwhile moves nobody's place.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Exists, F, Field, Func, OuterRef, Q, Value
from django.db.models.sql.compiler import SQLCompiler
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.models import BankKind, TestBank
from catalog.money import minor
from catalog.querysets import TestBankQuerySet
from questions.items import ASKABLE, Difficulty

BANKS_A_PAGE = 24
MOST_COUNTED = 240

SORTS = {
    "newest": (_("Newest first"), ("-created_at", "-pk")),
    "title": (_("By title"), ("title", "pk")),
    "price": (_("Cheapest first"), ("currency", "price_minor", "pk")),
}
DIFFICULTIES = {
    Difficulty.EASY.value: _("Mostly easy"),
    Difficulty.MIDDLING.value: _("Mostly middling"),
    Difficulty.HARD.value: _("Mostly hard"),
}


@dataclass(frozen=True)
class Filters:
    """What a reader asked for, as it stands in the address. Empty is everything."""

    category: str = ""
    language: str = ""
    difficulty: str = ""
    kind: str = ""
    free: str = ""
    up_to: str = ""
    currency: str = ""
    sort: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> "Filters":
        """Those of an address. What is not known there is left out."""
        asked = {name.name: query.get(name.name, "").strip()[:100] for name in fields(cls)}
        known = {"difficulty": DIFFICULTIES, "kind": ASKABLE, "free": ("1",), "sort": SORTS}
        return cls(
            **{
                name: value if name not in known or value in known[name] else ""
                for name, value in asked.items()
            }
        )

    def without(self, name: str) -> "Filters":
        """The same, with one of them taken back."""
        return replace(self, **{name: ""})

    @property
    def query(self) -> str:
        """The address's query, without those that are empty."""
        given = QueryDict(mutable=True)
        given.update(
            {name.name: value for name in fields(self) if (value := getattr(self, name.name))}
        )
        return given.urlencode()

    @property
    def highest_price(self) -> Decimal | None:
        """`up_to` as an amount; None where it is none."""
        try:
            amount = Decimal(self.up_to.replace(",", ".")) if self.up_to.isascii() else None
        except InvalidOperation:
            return None
        fits = amount is not None and amount.is_finite() and 0 <= amount < 10**7
        return amount if fits else None

    @property
    def problem(self) -> str:
        """What is wrong with what was typed, in plain words; empty where nothing is."""
        if self.up_to and self.highest_price is None:
            return gettext("Write a price as a number, such as 20 or 19.99.")
        return ""


@dataclass(frozen=True)
class Page:
    """Some banks in order. `before` and `after` are the places of the pages beside it."""

    banks: Sequence[TestBank]
    number: int
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Place:
    """Where a page begins: beyond the row with these values of the order's columns."""

    number: int = 1
    values: tuple[Any, ...] = field(default=())
    is_backward: bool = False

    def written(self) -> str:
        """As it stands in an address."""
        text = json.dumps([self.number, *self.values], default=str, separators=(",", ":"))
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def on_sale(filters: Filters, *, currencies: Sequence[str]) -> TestBankQuerySet:
    """The banks on sale that the filters let through, in no order."""
    banks = TestBank.objects.published()
    for name in ("language", "difficulty"):
        if value := getattr(filters, name):
            banks = banks.filter(**{name: value})
    if filters.category:
        banks = banks.filter(category__slug=filters.category)
    if filters.kind:
        banks = banks.filter(
            Exists(BankKind.objects.filter(kind=filters.kind, test_bank=OuterRef("pk")))
        )
    if filters.free:
        banks = banks.filter(price_minor=0)
    return _within_price(banks, filters, currencies)


def page_of(banks: TestBankQuerySet, filters: Filters, query: QueryDict) -> Page:
    """The page that an address asks for; the first where its place is none. One statement."""
    order = SORTS[filters.sort or "newest"][1]
    place = _place_in(query, order)
    in_order = banks.order_by(*(_turned(order) if place.is_backward else order))
    if place.values:
        in_order = in_order.filter(Beyond(order, place))
    rows = list(in_order.select_related("category").with_counts()[: BANKS_A_PAGE + 1])
    goes_on, rows = len(rows) > BANKS_A_PAGE, rows[:BANKS_A_PAGE]
    if place.is_backward:
        rows.reverse()
    return _page(rows, place, order, goes_on)


def count_of(banks: TestBankQuerySet) -> tuple[int, bool]:
    """How many there are, and whether there are more than were counted. One statement."""
    count = banks.order_by()[: MOST_COUNTED + 1].count()
    return min(count, MOST_COUNTED), count > MOST_COUNTED


class Beyond(Func):
    """True for rows that come after (or before) a place in an order, compared as one.

    A row value, not a chain of ORs: both databases then begin reading at the place.
    """

    output_field = BooleanField()

    def __init__(self, order: Sequence[str], place: Place) -> None:
        columns = _columns(order)
        super().__init__(
            *(F(column.name) for column in columns),
            *(
                Value(value, output_field=column)
                for column, value in zip(columns, place.values, strict=True)
            ),
        )
        # Newest first runs down the index: its columns all fall together.
        self.sign = "<" if order[0].startswith("-") != place.is_backward else ">"

    def as_sql(  # type: ignore[override] # narrower than the stubs
        self, compiler: SQLCompiler, connection: Any, **_context: Any
    ) -> tuple[str, list[Any]]:
        """`(a, b) > (1, 2)`."""
        parts = [compiler.compile(part) for part in self.source_expressions]
        half = len(parts) // 2
        left, right = (", ".join(sql for sql, _ in side) for side in (parts[:half], parts[half:]))
        return f"({left}) {self.sign} ({right})", [value for _, given in parts for value in given]


def _within_price(
    banks: TestBankQuerySet, filters: Filters, currencies: Sequence[str]
) -> TestBankQuerySet:
    """Amounts are compared within one currency only; what is free is within any price."""
    if filters.highest_price is None:
        is_known = filters.currency in currencies
        return banks.filter(currency=filters.currency) if is_known else banks
    highest, currency = highest_minor(filters, currencies)
    return banks.filter(Q(price_minor=0) | Q(currency=currency, price_minor__lte=highest))


def highest_minor(filters: Filters, currencies: Sequence[str]) -> tuple[int, str]:
    """The highest price in smallest units, and its currency: the one that was chosen, or the first.

    Only for filters that have a highest price.
    """
    known = filters.currency if filters.currency in currencies else next(iter(currencies), "USD")
    amount = (filters.highest_price or Decimal(0)).quantize(Decimal(1).scaleb(-3))
    return minor_at_most(amount, known), known


def minor_at_most(amount: Decimal, currency: str) -> int:
    """The largest number of smallest units that is not above the amount."""
    one = minor(Decimal(1), currency)
    return int(amount * one)


def _place_in(query: QueryDict, order: Sequence[str]) -> Place:
    for name in ("after", "before"):
        if written := query.get(name, ""):
            return _read(written, order, is_backward=name == "before")
    return Place()


def _read(written: str, order: Sequence[str], *, is_backward: bool) -> Place:
    """A place from an address; the beginning where it is not one of ours."""
    try:
        number, *values = json.loads(urlsafe_b64decode(written + "=" * (-len(written) % 4)))
        if order[0] == "-created_at":
            values[0] = parse_datetime(values[0])
        columns = _columns(order)
        clean = tuple(
            column.to_python(value) for column, value in zip(columns, values, strict=True)
        )
        if None in clean or not 1 <= int(number) < 10**6 or not 0 < clean[-1] < 2**63:
            return Place()
        return Place(int(number), clean, is_backward)
    except (ValueError, TypeError, IndexError, ArithmeticError, RecursionError, ValidationError):
        return Place()


def _page(rows: list[TestBank], place: Place, order: Sequence[str], goes_on: bool) -> Page:
    number = place.number
    has_before = goes_on if place.is_backward else bool(place.values)
    has_after = bool(place.values) if place.is_backward else goes_on
    if not has_before:
        number = 1
    if not rows:
        return Page((), 1)
    return Page(
        banks=rows,
        number=number,
        before=Place(max(number - 1, 1), _values(rows[0], order)).written() if has_before else "",
        after=Place(number + 1, _values(rows[-1], order)).written() if has_after else "",
    )


def _values(bank: TestBank, order: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(bank, _column(name)) for name in order)


def _column(name: str) -> str:
    return name.lstrip("-").replace("pk", "id")


def _columns(order: Sequence[str]) -> list["Field[Any, Any]"]:
    return [cast("Field[Any, Any]", TestBank._meta.get_field(_column(name))) for name in order]


def _turned(order: Sequence[str]) -> tuple[str, ...]:
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in order)
