"""Recognize the faults that an operator must hear of."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Max, Min

from accounts.models import User
from operations.backup.services import stored_backups
from operations.metrics import HELP
from operations.models import JobRun
from payments.monitoring.health_counters import health_counters

MAX_WORKER_SILENCE = timedelta(minutes=10)
# The database, its write-ahead log and a backup of it need room.
MIN_FREE_SHARE = 0.05
MIN_FREE_BYTES = 500_000_000
GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that lasts. `name` is stable; `message` is a sentence, `advice` what to do."""

    name: str
    message: str
    advice: str


def current_faults(*, at: datetime, watching_since: datetime) -> list[Fault]:
    """Return the faults of now. Makes no call to Stripe.

    A worker is not missed before somebody has watched for ten minutes.
    """
    return [
        *_figures(at),
        *_worker(at, watching_since),
        *full_disks(),
        *_backups(at),
    ]


def _figures(at: datetime) -> Iterator[Fault]:
    found = health_counters(mode=settings.STRIPE_MODE, at=at)
    for name, number in found.numbers.items():
        if number:
            message = f"{HELP[name].rstrip('.')}: {number}. This figure should be 0."
            yield Fault(
                f"figure.{name}",
                message,
                "See Payment health in the back office, and docs/money.md.",
            )


def _worker(at: datetime, watching_since: datetime) -> Iterator[Fault]:
    if not settings.WORKER:
        return
    # Not those of the future: the clock was set back, and a worker that runs will be seen soon.
    last = JobRun.objects.filter(at__lte=at).aggregate(last=Max("at"))["last"]
    if at - (last or watching_since) > MAX_WORKER_SILENCE:
        seen = f"{last:%Y-%m-%d %H:%M} UTC" if last else "never"
        message = f"No worker has run for ten minutes. Last run: {seen}."
        yield Fault(
            "worker",
            message,
            "To restart the worker, run systemctl restart testbank-worker or manage.py work.",
        )


def full_disks() -> Iterator[Fault]:
    """Yield a fault for the first disk of the database, media, and backups that is nearly full."""
    folders: tuple[Path, ...] = (settings.VAR_DIR, settings.MEDIA_ROOT, settings.BACKUP_DIR)
    for folder in folders:
        if not folder.exists():
            continue
        usage = shutil.disk_usage(folder)
        if usage.free < max(MIN_FREE_BYTES, MIN_FREE_SHARE * usage.total):
            message = f"The disk with {folder} is nearly full: {usage.free / GIGABYTE:.1f} GB free."
            yield Fault("disk", message, "Free up space before this disk is full.")
            return


def _backups(at: datetime) -> Iterator[Fault]:
    """A site without a backup counts from its first user."""
    if settings.DEMO or not settings.BACKUP_MAX_AGE_HOURS:
        return
    backups = stored_backups()
    newest = backups[-1].made_at if backups else None
    since = newest or User.objects.aggregate(first=Min("joined_at"))["first"]
    if since and at - since > timedelta(hours=settings.BACKUP_MAX_AGE_HOURS):
        made = f"{newest:%Y-%m-%d %H:%M} UTC" if newest else "none"
        message = f"There is no recent backup. Newest backup in {settings.BACKUP_DIR}: {made}."
        yield Fault(
            "backups", message, "Check the log of the backup timer, and run manage.py backup."
        )
