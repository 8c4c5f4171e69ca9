"""The group "Backups": how old the newest backup is, and where it lies."""

from datetime import datetime, timedelta

from django.conf import settings

from operations.backup.services import stored_backups
from operations.doctor.report import Check, Status, format_duration

GROUP = "Backups"
HOW = "run `manage.py backup` every day (docs/operating.md)"


def backup_checks(*, at: datetime) -> list[Check]:
    """Check the age of the newest backup in BACKUP_DIR."""
    if settings.DEMO or not settings.BACKUP_MAX_AGE_HOURS:
        return [_check(Status.SKIP, "not checked (BACKUP_MAX_AGE_HOURS=0, or a demo)")]
    backups = stored_backups()
    if not backups:
        return [_check(Status.WARN, f"none in {settings.BACKUP_DIR}", fix=HOW)]
    newest, age = backups[-1], at - backups[-1].made_at
    size = newest.path.stat().st_size / 1_000_000
    summary = f"made {format_duration(age)} ago: {newest.path} ({size:.1f} MB)"
    if age > timedelta(hours=settings.BACKUP_MAX_AGE_HOURS):
        return [_check(Status.WARN, summary, fix=HOW)]
    return [_check(Status.OK, summary)]


def _check(status: Status, summary: str, *, fix: str = "") -> Check:
    return Check("backups.newest", GROUP, "Newest", status, summary, fix=fix)
