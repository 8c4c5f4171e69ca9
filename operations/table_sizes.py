"""How much disk space each table takes, and how much it has grown."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from operations.models import TableSize

KEPT_FOR = timedelta(days=90)
COMPARED_OVER = timedelta(days=30)
# SQLite reads the whole file to answer: half a second for this many bytes.
LARGEST_FILE_READ = 1_000_000_000
# The ORM knows no catalogs of a database. Both statements count a table's indexes to it.
STATEMENTS = {
    "postgresql": "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables",
    "sqlite": (
        "SELECT tbl_name, SUM(pgsize) FROM dbstat JOIN sqlite_schema USING (name) "
        "WHERE aggregate = TRUE GROUP BY tbl_name"
    ),
}


@dataclass(frozen=True, slots=True)
class Growth:
    """A table's size, and its size on an earlier day if that is known."""

    table: str
    size_bytes: int
    earlier_bytes: int | None


def table_sizes() -> dict[str, int]:
    """Return the bytes of each table; {} if measuring an SQLite file would take too long."""
    if _sqlite_file_bytes() > LARGEST_FILE_READ:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS[connection.vendor])
        return {str(table): int(size) for table, size in cursor.fetchall()}


@transaction.atomic
def record_table_sizes(*, at: datetime) -> int:
    """Record today's sizes once, and return how many tables there are.

    Idempotent: a day's sizes are stored once. Deletes those of more than 90 days ago.
    """
    today = at.date()
    TableSize.objects.filter(measured_on__lt=today - KEPT_FOR).delete()
    if TableSize.objects.filter(measured_on=today).exists():
        return 0
    rows = [
        TableSize(table=table, measured_on=today, size_bytes=size)
        for table, size in table_sizes().items()
    ]
    return len(TableSize.objects.bulk_create(rows, ignore_conflicts=True))


def table_growth(*, at: datetime) -> tuple[date | None, list[Growth]]:
    """Return the tables, largest first, and the day that they are compared with.

    That day is the oldest measured one of the last 30 days; None if there is none before today.
    """
    days = TableSize.objects.filter(
        measured_on__gte=at.date() - COMPARED_OVER, measured_on__lt=at.date()
    )
    first = days.order_by("measured_on").values_list("measured_on", flat=True).first()
    earlier: dict[str, int] = {}
    if first:
        of_first_day = TableSize.objects.filter(measured_on=first)
        earlier = dict(of_first_day.values_list("table", "size_bytes"))
    found = [Growth(table, size, earlier.get(table)) for table, size in table_sizes().items()]
    return first, sorted(found, key=lambda each: each.size_bytes, reverse=True)


def _sqlite_file_bytes() -> int:
    """Return 0 for another database, and for one in memory."""
    if connection.vendor != "sqlite":
        return 0
    file = Path(settings.BASE_DIR / connection.settings_dict["NAME"])
    return file.stat().st_size if file.is_file() else 0
