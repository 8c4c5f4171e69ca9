"""Mails to buyers who could not pay, sent when payment works again."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from outbox.services import queue_mail
from payments.domain.order_placement import ReturnUrls
from payments.domain.receipts import recipient_of
from payments.errors import PaymentError
from payments.flows.checkout import start_checkout
from payments.models import Order, OrderLine, Reminder
from payments.stripe.errors import StripeError


def request_reminder(*, order: Order, at: datetime) -> None:
    """Remember that this buyer waits. Idempotent: one reminder for each order."""
    Reminder.objects.get_or_create(order=order, defaults={"asked_at": at})


def send_due_reminders(*, at: datetime, limit: int = 20) -> int:
    """Open the sessions of buyers who wait, and queue a mail to each whose session is open.

    The session proves that payment works. Stops at the first that does not get through. A buyer
    who has bought meanwhile gets no mail. Returns how many mails were queued.
    """
    waiting = Reminder.objects.filter(settled_at=None).order_by("asked_at")
    queued = 0
    for reminder in waiting.select_related("order__user")[:limit]:
        line = reminder.order.lines.select_related("test_bank").get()
        try:
            can_buy = _can_buy(reminder, line)
        except StripeError:
            break
        queued += can_buy
        _settle(reminder, line if can_buy else None, at=at)
    return queued


def _can_buy(reminder: Reminder, line: OrderLine) -> bool:
    """Return True if the buyer has an open session now. Raises: StripeError."""
    learner = reminder.order.user
    if learner is None:
        return False
    try:
        start_checkout(
            test_bank=line.test_bank,
            learner=learner,
            return_urls=ReturnUrls.of_site(settings.SITE_URL),
        )
    except PaymentError:
        return False
    return True


@transaction.atomic
def _settle(reminder: Reminder, line: OrderLine | None, *, at: datetime) -> None:
    """Close the reminder, and queue its mail if there is a line to buy."""
    settled = Reminder.objects.filter(pk=reminder.pk, settled_at=None).update(settled_at=at)
    if settled and line:
        queue_mail(
            key=f"reminder-{reminder.order_id}",
            recipient=recipient_of(reminder.order),
            template="payments/email/payment_works",
            context={
                "title": line.title,
                "path": reverse("payments:confirm_purchase", args=[line.test_bank.slug]),
            },
            at=at,
        )
