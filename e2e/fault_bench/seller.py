"""The seller process: performs the tasks of a folder inside the site.

A task's file is deleted once it is done. A seller that is killed in between performs it again,
like an impatient second click.
"""

import time
import uuid
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from stripe import StripeError

from catalog.models import TestBank
from e2e.fault_bench.seller_tasks import PriceTask, RefundTask, task_files, task_from_json
from payments.errors import NothingToRefund, RefundTooLarge
from payments.flows.refunds import RefundRequest, open_refund, refundable_minor
from payments.models import Order

POLL_SECONDS = 0.1
# Gives up on the refund of an order that is never paid.
PATIENCE_SECONDS = 60.0


def run_seller(folder: Path) -> None:
    """Perform tasks until the process is killed."""
    while True:
        for path in task_files(folder):
            if perform(path):
                path.unlink()
        time.sleep(POLL_SECONDS)


def perform(path: Path) -> bool:
    """Perform a task; return False if it must be retried."""
    task = task_from_json(path.read_text())
    if isinstance(task, PriceTask):
        TestBank.objects.filter(slug=task.slug).update(price_minor=task.price_minor)
        return True
    return refund(task) or time.time() - path.stat().st_mtime > PATIENCE_SECONDS


def refund(task: RefundTask) -> bool:
    """Request the refund; return False if the order is not paid yet.

    Returns True for a refused request, and for one that the site repeats itself.
    """
    order = Order.objects.filter(session_id=task.session_id).first()
    if order is None or not order.is_settled:
        return False
    now = timezone.now()
    asked = RefundRequest(
        amount_minor=task.amount_minor or refundable_minor(order),
        reason="requested_by_customer",
        access=task.access,
        access_until=now + timedelta(days=30) if task.access == "shorten" else None,
    )
    with suppress(NothingToRefund, RefundTooLarge, StripeError):
        open_refund(
            key=uuid.uuid5(order.pk, "bench"), order=order, wanted=asked, asked_by=None, at=now
        )
    return True
