"""The jobs of the worker, `manage.py work`: what each does, and how often.

A job may be killed at any moment: what it held is picked up by its next run.
"""

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from catalog.indexing.banks import reindex_changed_banks
from catalog.indexing.popularity import count_learners
from operations.models import JobRun
from operations.retention import delete_old
from operations.table_sizes import record_table_sizes
from outbox.leases import acquire_lease, release_lease
from outbox.services import send_due_mails
from payments.flows.reconciliation import reconcile
from payments.flows.refunds import send_unanswered_refunds
from payments.flows.reminders import send_due_reminders
from payments.flows.webhook_inbox import handle_pending_events
from payments.monitoring.incidents import diagnosis_of
from payments.monitoring.outages import watch_outages
from payments.stripe_integration import StripeError
from practice.services import finish_overdue_attempts
from studio.importing.services import run_queued_imports
from studio.services.corrections import continue_corrections
from studio.services.pictures import delete_unused_pictures
from studio.services.statistics import compute_due_statistics

logger = logging.getLogger("operations.jobs")

RECONCILE_EVERY_SECONDS = 300
# How long a process that died keeps others from reconciling.
LEASE_SECONDS = 120
LOOKBACK = timedelta(days=3)


@dataclass(frozen=True)
class Job:
    """A job. `run` takes the time and returns how many rows it dealt with."""

    name: str
    every_seconds: float
    run: Callable[[datetime], int]


def send_mails(at: datetime) -> int:
    return send_due_mails(at=at)


def handle_events(at: datetime) -> int:
    """Handle the events in the inbox whose request failed or was killed."""
    return handle_pending_events(at=at)


def reconcile_with_stripe(at: datetime) -> int:
    """Reconcile, on one machine at a time; the lease ends by itself if the process dies."""
    holder = f"{socket.gethostname()}:{os.getpid()}"
    lease = {"name": "reconciliation", "holder": holder}
    if not acquire_lease(**lease, at=at, seconds=LEASE_SECONDS):
        return 0
    try:
        return reconcile(mode=settings.STRIPE_MODE, since=at - LOOKBACK, at=at).moves.total()
    except StripeError as error:
        diagnosis = diagnosis_of(error)
        cause = diagnosis.id if diagnosis else type(error).__name__
        logger.warning("reconciliation could not reach Stripe: %s", cause)
        return 0
    finally:
        release_lease(**lease, at=at)


def retry_refunds(at: datetime) -> int:
    """Send the refunds again that Stripe has not answered."""
    return send_unanswered_refunds(at=at)


def send_reminders(at: datetime) -> int:
    """Email the buyers who asked to hear when payment works again."""
    return send_due_reminders(at=at)


def watch_payment(at: datetime) -> int:
    """Email ADMINS when payment goes down, and when it works again."""
    return watch_outages(at=at)


def count_learners_of_banks(_at: datetime) -> int:
    """Count the learners of each bank, by which the list sorts."""
    return count_learners()


def reindex_banks(at: datetime) -> int:
    """Index the banks that changed without a call of the catalog's services."""
    return reindex_changed_banks(at=at)


def finish_overdue_sessions(at: datetime) -> int:
    """Submit the exams and sessions whose time is up."""
    return finish_overdue_attempts(at=at)


def delete_old_rows(at: datetime) -> int:
    """Delete what expired, and personal data that was kept long enough."""
    return delete_old(at=at)


def import_uploads(at: datetime) -> int:
    """Import the large uploads that sellers have accepted."""
    return run_queued_imports(at=at)


def compute_item_statistics(at: datetime) -> int:
    """Compute the item statistics of the banks that have new answers."""
    return compute_due_statistics(at=at)


def record_sizes_of_tables(at: datetime) -> int:
    """Record once a day how large the tables are; the doctor compares."""
    return record_table_sizes(at=at)


def regrade_corrected_questions(at: datetime) -> int:
    """Regrade what learners answered to questions that were corrected since."""
    return continue_corrections(at=at)


def delete_pictures(at: datetime) -> int:
    """Delete the pictures that were added to no question."""
    return delete_unused_pictures(at=at)


def record_run(name: str, *, at: datetime) -> None:
    """Record when a job last finished."""
    JobRun.objects.update_or_create(name=name, defaults={"at": at})


JOBS = (
    Job("mails", 2, send_mails),
    Job("events", 15, handle_events),
    Job("refunds", 60, retry_refunds),
    Job("reminders", 60, send_reminders),
    Job("outages", 30, watch_payment),
    Job("popularity", 600, count_learners_of_banks),
    Job("search-index", 60, reindex_banks),
    Job("imports", 10, import_uploads),
    Job("statistics", 300, compute_item_statistics),
    Job("corrections", 60, regrade_corrected_questions),
    Job("pictures", 86_400, delete_pictures),
    Job("overdue-sessions", 15, finish_overdue_sessions),
    Job("retention", 300, delete_old_rows),
    Job("table-sizes", 3600, record_sizes_of_tables),
    Job("reconciliation", RECONCILE_EVERY_SECONDS, reconcile_with_stripe),
)
