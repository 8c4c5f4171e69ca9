"""Count visits of banks in the memory of this process, and store the counts now and then.

A page from the page cache costs no statement, and its visitor never waits for a database lock.
"""

import threading
from collections import Counter
from datetime import date, datetime
from enum import Enum
from typing import NamedTuple

from django.db import DatabaseError, transaction
from django.utils import timezone

from catalog.models import DailyVisits, TestBank


class Visit(Enum):
    """An event that is counted. The values are the columns of `DailyVisits`."""

    PAGE_VIEW = "page_views"
    SAMPLE_ANSWER = "sample_answers"


class _Counted(NamedTuple):
    slug: str
    day: date
    visit: Visit


_counts: Counter[_Counted] = Counter()
_lock = threading.Lock()


def count_visit(*, slug: str, visit: Visit, at: datetime) -> None:
    """Count a visit of the bank with this slug. No statement."""
    with _lock:
        _counts[_Counted(slug, timezone.localdate(at), visit)] += 1


def store_visits() -> int:
    """Add what this process has counted to the database, and return how many visits that were.

    Constant in statements; none if nothing was counted. Safe for several processes at once.
    Raises: DatabaseError; the counts then wait for the next call.
    """
    counts = _take_counts()
    if not counts:
        return 0
    try:
        _add(counts)
    except DatabaseError:
        with _lock:
            _counts.update(counts)
        raise
    return counts.total()


def discard_visits() -> None:
    """Forget what this process has counted and not stored."""
    _take_counts()


def _take_counts() -> Counter[_Counted]:
    with _lock:
        taken = Counter(_counts)
        _counts.clear()
    return taken


@transaction.atomic
def _add(counts: Counter[_Counted]) -> None:
    slugs = {each.slug for each in counts}
    banks = dict(TestBank.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    # A bank that was renamed or deleted meanwhile is left out.
    by_row: Counter[tuple[date, int, str]] = Counter()
    for each, number in counts.items():
        if each.slug in banks:
            by_row[each.day, banks[each.slug], each.visit.value] += number
    keys = sorted({(day, bank) for day, bank, _column in by_row})
    DailyVisits.objects.bulk_create(
        [DailyVisits(day=day, test_bank_id=bank) for day, bank in keys], ignore_conflicts=True
    )
    rows = DailyVisits.objects.select_for_update().order_by("day", "test_bank")
    found = rows.filter(day__in={day for day, _ in keys}, test_bank__in={pk for _, pk in keys})
    changed = [row for row in found if (row.day, row.test_bank_id) in set(keys)]
    columns = [visit.value for visit in Visit]
    for row in changed:
        for column in columns:
            added = by_row[row.day, row.test_bank_id, column]
            setattr(row, column, getattr(row, column) + added)
    DailyVisits.objects.bulk_update(changed, columns, batch_size=500)
