"""Counts of page views, sample answers and purchases, by test bank and day."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import StringIO

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from catalog.models import Access, DailyVisits
from catalog.spreadsheets import cell
from payments.models import Order
from studio.charts import BarChart
from studio.sales import every_period

COLUMNS = ("date", "test bank", "page views", "sample answers", "purchases")


@dataclass
class Visits:
    """Counts of a bank or a day. `purchases` has paid orders, and free banks that learners got."""

    page_views: int = 0
    sample_answers: int = 0
    purchases: int = 0

    def add(self, other: "Visits") -> None:
        """Count others in."""
        self.page_views += other.page_views
        self.sample_answers += other.sample_answers
        self.purchases += other.purchases


@dataclass(frozen=True)
class BankVisits:
    """The counts of a bank, with its page views in percent of the most viewed bank's."""

    title: str
    total: Visits
    width: int


@dataclass(frozen=True)
class VisitReport(BarChart):
    """The visits of a period: in all, by bank, and by day or month with the height of each bar."""

    total: Visits
    banks: list[BankVisits]
    bars: list[tuple[date, Visits, int]] = field(default_factory=list)


@dataclass(frozen=True)
class DayOfBank:
    """The counts of a bank on a day."""

    day: date
    bank_id: int
    title: str
    counts: Visits


def visits_by_day(orders: Sequence[Order], *, since: datetime, until: datetime) -> list[DayOfBank]:
    """Return the counts of each bank and day, in this order: of visits, and of `orders`.

    The lines of the orders must be loaded. Two statements.
    """
    found: dict[tuple[date, int], Visits] = defaultdict(Visits)
    titles: dict[int, str] = {}
    first, last = timezone.localdate(since), timezone.localdate(until - timedelta.resolution)
    for row in DailyVisits.objects.filter(day__range=(first, last)).select_related("test_bank"):
        titles[row.test_bank_id] = row.test_bank.title
        found[row.day, row.test_bank_id].add(Visits(row.page_views, row.sample_answers))
    for order in orders:
        for line in order.lines.all():
            titles.setdefault(line.test_bank_id, line.title)
            found[timezone.localdate(order.paid_at), line.test_bank_id].purchases += 1
    for bank_id, title, day, count in _free_accesses(since, until):
        titles.setdefault(bank_id, title)
        found[day, bank_id].purchases += count
    rows = [DayOfBank(day, bank, titles[bank], counts) for (day, bank), counts in found.items()]
    return sorted(rows, key=lambda row: (row.day, row.title, row.bank_id))


def _free_accesses(since: datetime, until: datetime) -> Sequence[tuple[int, str, date, int]]:
    free = Access.objects.filter(
        source_kind=Access.Source.FREE, starts_at__gte=since, starts_at__lt=until
    )
    days = free.annotate(day=TruncDate("starts_at")).order_by()
    counted = days.values_list("test_bank", "test_bank__title", "day")
    return list(counted.annotate(count=Count("pk")))


def visit_report(
    rows: Sequence[DayOfBank], *, by_month: bool, since: datetime, until: datetime
) -> VisitReport:
    """Add up the rows of a period. No statement."""
    total = Visits()
    banks: dict[int, tuple[str, Visits]] = {}
    days: dict[date, Visits] = defaultdict(Visits)
    for row in rows:
        total.add(row.counts)
        banks.setdefault(row.bank_id, (row.title, Visits()))[1].add(row.counts)
        days[row.day.replace(day=1) if by_month else row.day].add(row.counts)
    most = max((counts.page_views for _title, counts in banks.values()), default=0) or 1
    by_views = sorted(banks.values(), key=lambda pair: (-pair[1].page_views, pair[0]))
    highest = max((counts.page_views for counts in days.values()), default=0) or 1
    return VisitReport(
        total=total,
        banks=[
            BankVisits(title, counts, round(100 * counts.page_views / most))
            for title, counts in by_views
        ],
        bars=[
            (day, days[day], round(100 * days[day].page_views / highest))
            for day in every_period(since, until, by_month=by_month)
        ],
    )


def visits_csv(rows: Sequence[DayOfBank]) -> str:
    """Return the counts as CSV, by day and bank. No cell can run as a formula."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        counts = row.counts
        numbers = (counts.page_views, counts.sample_answers, counts.purchases)
        writer.writerow([f"{row.day:%Y-%m-%d}", cell(row.title), *numbers])
    # The byte order mark tells spreadsheets that this is UTF-8.
    return "\ufeff" + file.getvalue()
