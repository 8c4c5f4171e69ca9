"""The group "Database size": the largest tables, and how much they have grown."""

from datetime import datetime

from django.db import DatabaseError

from operations.doctor.report import Check, Status
from operations.table_sizes import Growth, table_growth

GROUP = "Database size"
SHOWN = 8
MEGABYTE = 1_000_000


def size_checks(*, at: datetime) -> list[Check]:
    """Say how large the database is. Never raises."""
    try:
        first, tables = table_growth(at=at)
    except DatabaseError as error:
        return [_check(Status.SKIP, f"not measured: {type(error).__name__}")]
    if not tables:
        return [_check(Status.SKIP, "not measured: the SQLite file is larger than 1 GB")]
    since = f", with growth since {first:%Y-%m-%d}" if first else ""
    total = _megabytes(sum(each.size_bytes for each in tables))
    largest = ", ".join(_described(each) for each in tables[:SHOWN])
    summary = f"{total} in {len(tables)} tables{since}"
    return [_check(Status.OK, summary, detail=f"Largest: {largest}")]


def _described(each: Growth) -> str:
    size = f"{each.table} {_megabytes(each.size_bytes)}"
    if each.earlier_bytes is None:
        return size
    return f"{size} ({(each.size_bytes - each.earlier_bytes) / MEGABYTE:+.1f})"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / MEGABYTE:.1f} MB"


def _check(status: Status, summary: str, *, detail: str = "") -> Check:
    return Check("database.size", GROUP, "Tables", status, summary, detail=detail)
