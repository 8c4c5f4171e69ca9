"""The mail that is both receipt and "your access is ready", once with the access and on request."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache, lru_cache

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language

from catalog.money import format_price
from delivery.outbox import Mail, queue_mails, queueing
from delivery.writing import Write
from payments.errors import PaymentError
from payments.models import Order
from payments.domain.standing import Bought, bought_in

NO_ORDER = uuid.UUID(int=0)


class NothingBought(PaymentError):
    """The order opened nothing, so there is no receipt of it."""


def receipts(order: Order, lines: Sequence[Bought], *, at: datetime) -> Write:
    """One mail a line, yet to be queued. Idempotent."""
    mails = [_mail(order, line, key=f"access-{order.pk}-{line.key}") for line in lines]
    return queueing(mails, at=at)


def queue_receipts_again(order: Order, *, at: datetime) -> None:
    """Queue them again, on somebody's request; at most once a minute.

    Raises: NothingBought.
    """
    if not order.granted_at:
        raise NothingBought(str(order.pk))
    minute = f"{at:%Y%m%d%H%M}"
    mails = [
        _mail(order, line, key=f"access-{order.pk}-{line.key}-{minute}")
        for line in bought_in(order)
    ]
    queue_mails(mails, at=at)


def _mail(order: Order, line: Bought, *, key: str) -> Mail:
    return Mail(
        key=key,
        recipient=order.email,
        template="payments/email/access_ready",
        context={
            "title": line.title,
            "price": _paid(order),
            "path": _path_of_bank(line.slug),
            "receipt": _path_of_receipt().replace(str(NO_ORDER), str(order.pk)),
            "paid_on": _day(order.paid_at.date(), get_language()) if order.paid_at else "",
            "order": str(order.pk),
        },
    )


def _paid(order: Order) -> str:
    """What was paid, which a promotion code can make less than the price."""
    if order.paid_minor is None:
        return order.price
    return format_price(order.paid_minor, order.paid_currency)


# Once in a process, because the webhook's request waits for them.
@lru_cache(maxsize=1000)
def _path_of_bank(slug: str) -> str:
    return reverse("catalog:detail", args=[slug])


@cache
def _path_of_receipt() -> str:
    return reverse("payments:receipt", args=[NO_ORDER])


@lru_cache(maxsize=100)
def _day(day: date, _language: str | None) -> str:
    return date_format(day, "DATE_FORMAT")
