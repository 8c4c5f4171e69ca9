"""The mails to a buyer about the payment of an order.

The receipt also says that the access is ready.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format

from catalog.money import format_price
from outbox.services import queue_mail
from payments.errors import NothingBought
from payments.models import Order, OrderLine


def recipient_of(order: Order) -> str:
    """Return the account's address of today; that of the purchase once the account is gone."""
    return order.user.email if order.user else order.email


def seller_details() -> dict[str, str]:
    """Return what receipts and pages say of the seller; "" for what is not set."""
    return {
        "seller": settings.SELLER_NAME or settings.SITE_NAME,
        "seller_address": settings.SELLER_ADDRESS,
        "seller_tax_id": settings.SELLER_TAX_ID,
    }


def queue_receipt(order: Order, line: OrderLine, *, at: datetime) -> None:
    """Queue the mail for a line in the caller's transaction. Idempotent."""
    _queue_receipt(order, line, key=f"access-{order.pk}-{line.pk}", at=at)


def queue_receipts_again(order: Order, *, at: datetime) -> None:
    """Queue the mails of an order again on request, at most once a minute.

    Raises: NothingBought if the order granted nothing.
    """
    if not order.granted_at:
        raise NothingBought(str(order.pk))
    for line in order.lines.select_related("test_bank").order_by("pk"):
        _queue_receipt(order, line, key=f"access-{order.pk}-{line.pk}-{at:%Y%m%d%H%M}", at=at)


def queue_payment_failed(order: Order, *, at: datetime) -> None:
    """Queue the mail about a delayed payment that did not arrive. Idempotent."""
    line = order.lines.select_related("test_bank").order_by("pk").first()
    if line is None:
        return
    context = {
        "title": line.title,
        "price": order.price,
        "path": reverse("payments:success", args=[order.pk]),
    }
    _queue(order, "payment_failed", context, key=f"failed-{order.pk}", at=at)


def _queue_receipt(order: Order, line: OrderLine, *, key: str, at: datetime) -> None:
    context = {
        "title": line.title,
        "price": _amount_paid(order),
        "path": reverse("catalog:detail", args=[line.test_bank.slug]),
        "receipt": reverse("payments:receipt", args=[order.pk]),
        "receipt_number": order.receipt_number,
        "paid_on": date_format(order.paid_at.date(), "DATE_FORMAT") if order.paid_at else "",
        **seller_details(),
    }
    _queue(order, "access_ready", context, key=key, at=at)


def _queue(order: Order, kind: str, context: dict[str, Any], *, key: str, at: datetime) -> None:
    queue_mail(
        key=key,
        recipient=recipient_of(order),
        template=f"payments/email/{kind}",
        context={**context, "order": order.number},
        at=at,
    )


def _amount_paid(order: Order) -> str:
    """Return what was paid; a promotion code makes it less than the price."""
    if order.paid_minor is None:
        return order.price
    return format_price(order.paid_minor, order.paid_currency)
