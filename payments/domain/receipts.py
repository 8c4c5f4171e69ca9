"""The receipt mail, which also says that the access is ready."""

from datetime import datetime

from django.urls import reverse
from django.utils.formats import date_format

from catalog.money import format_price
from outbox.services import queue_mail
from payments.errors import NothingBought
from payments.models import Order, OrderLine


def queue_receipt(order: Order, line: OrderLine, *, at: datetime) -> None:
    """Queue the mail for a line in the caller's transaction. Idempotent."""
    _queue(order, line, key=f"access-{order.pk}-{line.pk}", at=at)


def queue_receipts_again(order: Order, *, at: datetime) -> None:
    """Queue the mails of an order again on request, at most once a minute.

    Raises: NothingBought if the order granted nothing.
    """
    if not order.granted_at:
        raise NothingBought(str(order.pk))
    for line in order.lines.select_related("test_bank").order_by("pk"):
        _queue(order, line, key=f"access-{order.pk}-{line.pk}-{at:%Y%m%d%H%M}", at=at)


def _queue(order: Order, line: OrderLine, *, key: str, at: datetime) -> None:
    queue_mail(
        key=key,
        recipient=order.email,
        template="payments/email/access_ready",
        context={
            "title": line.title,
            "price": _amount_paid(order),
            "path": reverse("catalog:detail", args=[line.test_bank.slug]),
            "receipt": reverse("payments:receipt", args=[order.pk]),
            "paid_on": date_format(order.paid_at.date(), "DATE_FORMAT") if order.paid_at else "",
            "order": str(order.pk),
        },
        at=at,
    )


def _amount_paid(order: Order) -> str:
    """Return what was paid; a promotion code makes it less than the price."""
    if order.paid_minor is None:
        return order.price
    return format_price(order.paid_minor, order.paid_currency)
