"""Filters of the list of banks on sale, as an address has them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from catalog.models import BankKind, TestBank
from catalog.money import minor
from catalog.querysets import TestBankQuerySet
from questions.items import ASKABLE, Difficulty

SORTS = {
    "newest": (_("Newest first"), ("-created_at", "-pk")),
    "rating": (_("Highest rated"), ("-rating", "-review_count", "-pk")),
    "popular": (_("Most popular"), ("-learner_count", "-pk")),
    "title": (pgettext_lazy("sort order", "Title"), ("title", "pk")),
    "price": (_("Lowest price"), ("currency", "price_minor", "pk")),
}
DIFFICULTIES = {
    Difficulty.EASY.value: _("Mostly easy"),
    Difficulty.MIDDLING.value: _("Mostly medium"),
    Difficulty.HARD.value: _("Mostly hard"),
}


@dataclass(frozen=True)
class Filters:
    """What a visitor filters by, as the address has it. Empty filters nothing."""

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
        """Read the filters of an address. Unknown values are left out."""
        asked = {name.name: query.get(name.name, "").strip()[:100] for name in fields(cls)}
        known = {"difficulty": DIFFICULTIES, "kind": ASKABLE, "free": ("1",), "sort": SORTS}
        return cls(
            **{
                name: value if name not in known or value in known[name] else ""
                for name, value in asked.items()
            }
        )

    def without(self, name: str) -> "Filters":
        """The same filters without one of them."""
        return replace(self, **{name: ""})

    @property
    def query(self) -> str:
        """The query string of an address with these filters."""
        given = QueryDict(mutable=True)
        given.update(
            {name.name: value for name in fields(self) if (value := getattr(self, name.name))}
        )
        return given.urlencode()

    @property
    def highest_price(self) -> Decimal | None:
        """`up_to` as an amount; None if it is not one."""
        try:
            amount = Decimal(self.up_to.replace(",", ".")) if self.up_to.isascii() else None
        except InvalidOperation:
            return None
        fits = amount is not None and amount.is_finite() and 0 <= amount < 10**7
        return amount if fits else None

    @property
    def problem(self) -> str:
        """What is wrong with the typed price, for the visitor; empty if nothing is."""
        if self.up_to and self.highest_price is None:
            return gettext("Enter a price as a number, such as 20 or 19.99.")
        return ""


def banks_on_sale(filters: Filters, *, currencies: Sequence[str]) -> TestBankQuerySet:
    """Select the banks on sale that pass the filters, in no order."""
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


def _within_price(
    banks: TestBankQuerySet, filters: Filters, currencies: Sequence[str]
) -> TestBankQuerySet:
    """Compare amounts within one currency only; free banks pass any price."""
    if filters.highest_price is None:
        is_known = filters.currency in currencies
        return banks.filter(currency=filters.currency) if is_known else banks
    highest, currency = highest_minor(filters, currencies)
    return banks.filter(Q(price_minor=0) | Q(currency=currency, price_minor__lte=highest))


def highest_minor(filters: Filters, currencies: Sequence[str]) -> tuple[int, str]:
    """The highest price in smallest units, and its currency: the chosen one, or the first on sale.

    For filters that have a highest price.
    """
    known = filters.currency if filters.currency in currencies else next(iter(currencies), "USD")
    amount = (filters.highest_price or Decimal(0)).quantize(Decimal(1).scaleb(-3))
    return minor_at_most(amount, known), known


def minor_at_most(amount: Decimal, currency: str) -> int:
    """The largest number of smallest units that is not above the amount."""
    one = minor(Decimal(1), currency)
    return int(amount * one)
