"""Sales: what was paid, refunded and disputed, by bank, day and month, and as a table to download.

A sale counts on the day that it was paid, in the site's time zone, and its refunds count with it.
Currencies are never added up, and only orders of the Stripe key's mode are counted.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import StringIO

from django.utils import timezone

from catalog.money import format_price, major
from catalog.spreadsheets import cell
from payments.models import Order, Refund
from payments.querysets import OrderQuerySet
from studio.charts import BarChart

COLUMNS = (
    *("kind", "date", "order", "receipt", "email", "test banks", "currency", "amount", "status"),
    "payment",
)


@dataclass
class Sum:
    """Money of one currency, in its smallest unit. `net` is what is left."""

    currency: str
    orders: int = 0
    gross: int = 0
    refunded: int = 0
    disputed: int = 0

    @property
    def net(self) -> int:
        """What was paid and neither refunded nor disputed."""
        return self.gross - self.refunded - self.disputed

    def add(self, sale: "Sale") -> None:
        """Count a sale in."""
        self.orders += 1
        self.gross += sale.gross
        self.refunded += sale.refunded
        self.disputed += sale.disputed

    def words(self, name: str) -> str:
        """A figure as the active language writes it."""
        return format_price(getattr(self, name), self.currency)

    @property
    def gross_price(self) -> str:
        return self.words("gross")

    @property
    def refunded_price(self) -> str:
        return self.words("refunded")

    @property
    def disputed_price(self) -> str:
        return self.words("disputed")

    @property
    def net_price(self) -> str:
        return self.words("net")


@dataclass(frozen=True)
class Sale:
    """A bank's share of a paid order."""

    bank: str
    paid_on: date
    currency: str
    gross: int
    refunded: int
    disputed: int


@dataclass
class Series(BarChart):
    """The sums of one currency by day or month, with the height of each bar in percent."""

    total: Sum
    bars: list[tuple[date, Sum, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """The sales of a period: a series for each currency, and sums by bank."""

    series: list[Series]
    banks: list[tuple[str, Sum]]


def paid_orders(*, mode: str, since: datetime, until: datetime) -> OrderQuerySet:
    """Select the orders that were paid in a period, whatever became of them."""
    orders = Order.objects.in_mode(mode).filter(paid_at__gte=since, paid_at__lt=until)
    return orders.prefetch_related("lines").order_by("-paid_at", "pk")


def report(orders: Sequence[Order], *, by_month: bool, since: datetime, until: datetime) -> Report:
    """Add up orders whose lines are loaded. No statement.

    Each series has every day or month of the period, also those without a sale. `until` does not
    belong to it.
    """
    every = list(every_period(since, until, by_month=by_month))
    sales = [sale for order in orders for sale in sales_of(order)]
    banks: dict[tuple[str, str], Sum] = {}
    periods: dict[str, dict[date, Sum]] = defaultdict(dict)
    for sale in sales:
        banks.setdefault((sale.bank, sale.currency), Sum(sale.currency)).add(sale)
        day = sale.paid_on.replace(day=1) if by_month else sale.paid_on
        periods[sale.currency].setdefault(day, Sum(sale.currency)).add(sale)
    by_bank = sorted(banks.items(), key=lambda pair: (pair[1].currency, -pair[1].net, pair[0]))
    return Report(
        series=[_series(currency, days, every) for currency, days in sorted(periods.items())],
        banks=[(bank, total) for (bank, _currency), total in by_bank],
    )


def _series(currency: str, days: dict[date, Sum], every: Sequence[date]) -> Series:
    series = Series(Sum(currency))
    most = max((each.gross for each in days.values()), default=0) or 1
    for day in every:
        each = days.get(day, Sum(currency))
        series.bars.append((day, each, round(100 * each.gross / most)))
        for name in ("orders", "gross", "refunded", "disputed"):
            setattr(series.total, name, getattr(series.total, name) + getattr(each, name))
    return series


def every_period(since: datetime, until: datetime, *, by_month: bool) -> Iterator[date]:
    """Yield each day of the site's time zone, or the first of each month. `until` is excluded."""
    day, last = timezone.localdate(since), timezone.localdate(until - timedelta.resolution)
    day = day.replace(day=1) if by_month else day
    while day <= last:
        yield day
        day += timedelta(days=32 if by_month else 1)
        day = day.replace(day=1) if by_month else day


def sales_of(order: Order) -> list[Sale]:
    """Split a paid order by its lines; the parts add up to the order."""
    lines = sorted(order.lines.all(), key=lambda line: line.pk)
    weights = [line.amount_minor for line in lines]
    gross = paid_minor(order)
    refunded = order.refunded_minor
    disputed = gross - refunded if order.status == Order.Status.DISPUTED else 0
    parts = zip(
        lines,
        split(gross, weights),
        split(refunded, weights),
        split(disputed, weights),
        strict=True,
    )
    paid_on = timezone.localdate(order.paid_at)
    currency = order.paid_currency or order.currency
    return [Sale(line.title, paid_on, currency, *amounts) for line, *amounts in parts]


def paid_minor(order: Order) -> int:
    """What Stripe charged for a paid order, or the order's amount where that is not known."""
    return order.amount_minor if order.paid_minor is None else order.paid_minor


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion; the parts add up to it. Equal parts if all weights are 0."""
    weights = weights if any(weights) else [1] * len(weights)
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    for index in range(amount - sum(parts)):
        parts[index] += 1
    return parts


def sales_csv(orders: Sequence[Order]) -> str:
    """Return the orders and their refunds as CSV: amounts add up to what is left of the orders.

    Cells that a spreadsheet would run as a formula begin with an apostrophe.
    """
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    refunds = _refunds(orders)
    for order in orders:
        for row in _rows(order, refunds.get(order.pk, [])):
            writer.writerow([cell(value) for value in row])
    # The byte order mark tells spreadsheets that this is UTF-8.
    return "\ufeff" + file.getvalue()


def _refunds(orders: Sequence[Order]) -> dict[object, list[Refund]]:
    found: dict[object, list[Refund]] = defaultdict(list)
    rows = Refund.objects.filter(
        order__in=[order.pk for order in orders], status=Refund.Status.SUCCEEDED
    )
    for refund in rows.order_by("created_at", "pk"):
        found[refund.order_id].append(refund)
    return found


def _rows(order: Order, refunds: list[Refund]) -> Iterator[tuple[str, ...]]:
    titles = ", ".join(line.title for line in order.lines.all())
    currency = order.paid_currency or order.currency

    def row(kind: str, at: datetime | None, amount: int, status: str) -> tuple[str, ...]:
        day = timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
        words = f"{major(amount, currency):f}"
        return (
            *(kind, day, order.number, order.receipt_number, order.email, titles, currency, words),
            *(status, order.payment_intent_id),
        )

    yield row("order", order.paid_at, paid_minor(order), order.status)
    left = order.refunded_minor
    for refund in refunds:
        amount = min(refund.amount_minor, left)
        left -= amount
        yield row("refund", refund.created_at, -amount, refund.status)
    if left:
        # Stripe told the sum of a charge's refunds before it told of each.
        yield row("refund", order.charge_told_at, -left, "succeeded")
