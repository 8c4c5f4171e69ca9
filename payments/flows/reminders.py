"""Buyers who could not pay and want to hear when it works again."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from delivery.outbox import Mail, queue_mails
from payments.errors import PaymentError
from payments.models import Order, Reminder
from payments.stripe_integration import StripeError, create_checkout_session


def ask_for_reminder(*, order: Order, at: datetime) -> None:
    """Remember that this buyer waits. Idempotent: one reminder an order."""
    Reminder.objects.get_or_create(order=order, defaults={"asked_at": at})


def send_due_reminders(*, at: datetime, limit: int = 20) -> int:
    """Open the sessions of those who wait, and write to each once theirs is open.

    The session itself is the proof that payment works. Ends at the first that does not get
    through; whoever has bought meanwhile is not written to. How many mails were queued.
    """
    waiting = Reminder.objects.filter(settled_at=None).order_by("asked_at")
    queued = 0
    for reminder in waiting.select_related("order__user")[:limit]:
        try:
            queued += _settle(reminder, at=at)
        except StripeError:
            break
    return queued


def _settle(reminder: Reminder, *, at: datetime) -> bool:
    """True where a mail was queued. Raises: StripeError while payment does not work."""
    line = reminder.order.lines.select_related("test_bank").get()
    works = False
    if user := reminder.order.user:
        try:
            create_checkout_session(line.test_bank, user)
            works = True
        except PaymentError:
            works = False
    with transaction.atomic():
        settled = Reminder.objects.filter(pk=reminder.pk, settled_at=None).update(settled_at=at)
        if settled and works:
            mail = Mail(
                key=f"reminder-{reminder.order_id}",
                recipient=reminder.order.email,
                template="payments/email/payment_works",
                context={
                    "title": line.title,
                    "path": reverse("catalog:detail", args=[line.test_bank.slug]),
                },
            )
            queue_mails([mail], at=at)
    return works
