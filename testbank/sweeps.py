"""The work behind the scenes, as `manage.py work` does it: what, and how often.

Each sweep is a function of a room that may be cut off at any moment and run again.
"""

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from catalog.indexing.banks import reindex_changed_banks
from delivery.leases import acquire_lease, release_lease
from delivery.outbox import send_due_mails
from payments.incidents import diagnosis_of
from payments.reconciliation import reconcile
from payments.refunds import send_unanswered_refunds
from payments.reminders import send_due_reminders
from payments.stripe_integration import StripeError
from payments.webhooks import handle_left_over_events
from testbank.models import SweepRun

logger = logging.getLogger("testbank.sweeps")

RECONCILE_EVERY_SECONDS = 300
# How long a process that died keeps others from reconciling.
LEASE_SECONDS = 120
LOOK_BACK = timedelta(days=3)
# The reconciliations that reached Stripe; the sweep itself also runs where it does not.
RECONCILED = "reconciled"


@dataclass(frozen=True)
class Sweep:
    """One job: it takes the time, and tells how much it did."""

    name: str
    every_seconds: float
    run: Callable[[datetime], int]


def mails(at: datetime) -> int:
    """Send what is due."""
    return send_due_mails(at=at)


def events(at: datetime) -> int:
    """Handle events that were left over."""
    return handle_left_over_events(at=at)


def reconciliation(at: datetime) -> int:
    """Make the shop and Stripe agree; on one machine at a time."""
    holder = f"{socket.gethostname()}:{os.getpid()}"
    lease = {"name": "reconciliation", "holder": holder}
    if not acquire_lease(**lease, at=at, seconds=LEASE_SECONDS):
        return 0
    try:
        moved = reconcile(mode=settings.STRIPE_MODE, since=at - LOOK_BACK, at=at).moves.total()
        note_run(RECONCILED, at=at)
        return moved
    except StripeError as error:
        diagnosis = diagnosis_of(error)
        cause = diagnosis.id if diagnosis else type(error).__name__
        logger.warning("reconciliation could not ask Stripe: %s", cause)
        return 0
    finally:
        release_lease(**lease, at=at)


def refunds(at: datetime) -> int:
    """Send again what was asked for and has no answer."""
    return send_unanswered_refunds(at=at)


def reminders(at: datetime) -> int:
    """Tell buyers who wait that payment works again, once it does."""
    return send_due_reminders(at=at)


def shelves(at: datetime) -> int:
    """Let banks be found that were changed past the shop's own ways."""
    return reindex_changed_banks(at=at)


def note_run(name: str, *, at: datetime) -> None:
    """Write down that a sweep came to its end."""
    SweepRun.objects.update_or_create(name=name, defaults={"at": at})


SWEEPS = (
    Sweep("mails", 2, mails),
    Sweep("events", 15, events),
    Sweep("refunds", 60, refunds),
    Sweep("reminders", 60, reminders),
    Sweep("shelves", 60, shelves),
    Sweep("reconciliation", RECONCILE_EVERY_SECONDS, reconciliation),
)
