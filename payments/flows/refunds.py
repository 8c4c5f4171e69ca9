"""Refunds: committed before Stripe is called, and requested once.

What Stripe then reports about a refund reaches its order like any other
(`domain/refunds_and_disputes.py`).
"""

import json
import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from payments.domain.order_life_cycle import record_event
from payments.domain.refunds_and_disputes import record_refund
from payments.errors import NothingToRefund, OtherMode, RefundTooLarge
from payments.models import Order, OrderEvent, OrderLine, Refund
from payments.stripe.api import IDEMPOTENCY_KEY_LIFETIME, create_refund, find_refund
from payments.stripe.client import is_of_current_key
from payments.stripe.errors import APIError, InvalidRequestError, StripeError, is_replayed_error
from payments.stripe.facts import RefundFacts

logger = logging.getLogger(__name__)

# The request that opened a refund has this long before the sweep sends it.
GRACE_PERIOD = timedelta(seconds=30)


@dataclass(frozen=True)
class RefundRequest:
    """What the seller asks for: how much, why, and what becomes of the access.

    `access` is revoke, keep or shorten; shorten needs `access_until`. Without `lines` the refund
    is for the whole order.
    """

    amount_minor: int
    reason: str
    access: str
    access_until: datetime | None = None
    note: str = ""
    lines: Collection[OrderLine] = ()


def open_refund(
    *, key: uuid.UUID, order: Order, wanted: RefundRequest, asked_by: User | None, at: datetime
) -> Refund:
    """Refund an order, or a part of it, and return the refund with Stripe's answer.

    Idempotent by `key`: a second call with it, from a double click, opens nothing new. The refund
    is committed before Stripe is called, and stays `asked` if no answer comes; then
    `send_unanswered_refunds` sends it again, unchanged.

    Raises: OtherMode, NothingToRefund, RefundTooLarge before Stripe is called; StripeError if
    Stripe could not be reached or gave no answer.
    """
    refund = _store_refund(key=key, order=order, wanted=wanted, asked_by=asked_by, at=at)
    if refund.status != Refund.Status.ASKED:
        return refund
    return _send(refund, source=OrderEvent.Source.STAFF, at=at)


def refund_duplicate(*, order: Order, asked_by: User | None, at: datetime) -> Refund:
    """Refund a second payment in full; the first order and its access stay.

    Idempotent. Raises: as `open_refund`.
    """
    wanted = RefundRequest(
        amount_minor=order.left_minor,
        reason=Refund.Reason.DUPLICATE,
        access=Refund.AccessChoice.REVOKE,
    )
    key = uuid.uuid5(order.pk, "duplicate")
    return open_refund(key=key, order=order, wanted=wanted, asked_by=asked_by, at=at)


def refundable_minor(order: Order) -> int:
    """Return what is left of the payment; refunds without an answer count as gone."""
    asked = order.refunds.filter(status=Refund.Status.ASKED).aggregate(sum=Sum("amount_minor"))
    return max(order.left_minor - (asked["sum"] or 0), 0)


@transaction.atomic
def _store_refund(
    *, key: uuid.UUID, order: Order, wanted: RefundRequest, asked_by: User | None, at: datetime
) -> Refund:
    order = Order.objects.select_for_update().get(pk=order.pk)
    if known := order.refunds.filter(pk=key).first():
        return known
    if not is_of_current_key(order):
        raise OtherMode(order)
    left = refundable_minor(order)
    if not order.is_settled or not order.payment_intent_id or left == 0:
        raise NothingToRefund(order)
    if wanted.amount_minor > left:
        raise RefundTooLarge(order, left_minor=left)
    refund = Refund.objects.create(
        id=key,
        order=order,
        amount_minor=wanted.amount_minor,
        currency=order.paid_currency,
        status=Refund.Status.ASKED,
        reason=wanted.reason,
        note=wanted.note,
        access=wanted.access,
        access_until=wanted.access_until,
        asked_by=asked_by,
        idempotency_key=f"refund-{uuid.uuid4()}",
        request=json.dumps(_request(order, key, wanted)),
        created_at=at,
    )
    refund.lines.set(wanted.lines)
    detail = {"refund": str(key), "amount_minor": wanted.amount_minor}
    record_event(order, kind="refund-asked", source=OrderEvent.Source.STAFF, at=at, detail=detail)
    return refund


def _request(order: Order, key: uuid.UUID, wanted: RefundRequest) -> dict[str, object]:
    """Return Stripe's parameters. They never depend on the time: a key needs the same body."""
    return {
        "payment_intent": order.payment_intent_id,
        "amount": wanted.amount_minor,
        "reason": wanted.reason,
        "metadata": {"order_id": str(order.pk), "refund_id": str(key)},
    }


def _send(refund: Refund, *, source: str, at: datetime) -> Refund:
    """Send the stored request, for the first time or again, and record the answer.

    Idempotent. Once Stripe may have forgotten the key, the refund is looked for there before
    a new key is made. Raises: OtherMode, StripeError.
    """
    if not is_of_current_key(refund.order):
        raise OtherMode(refund.order)
    if refund.tried_at and at - refund.tried_at > IDEMPOTENCY_KEY_LIFETIME:
        return _find_or_send_again(refund, source=source, at=at)
    if not refund.tried_at:
        _update_asked(refund, tried_at=at)
    try:
        facts = create_refund(refund)
    except InvalidRequestError as error:
        return _record_refusal(refund, error, source=source, at=at)
    except APIError as error:
        if not is_replayed_error(error):
            raise
        return _find_or_send_again(refund, source=source, at=at)
    return _record_answer(refund, facts, source=source, at=at)


def _find_or_send_again(refund: Refund, *, source: str, at: datetime) -> Refund:
    """Look for the refund at Stripe; send it with a new key only if it is not there."""
    if facts := find_refund(refund):
        return _record_answer(refund, facts, source=source, at=at)
    _update_asked(refund, tried_at=at, idempotency_key=f"refund-{uuid.uuid4()}")
    return _send(refund, source=source, at=at)


def _update_asked(refund: Refund, **changes: object) -> None:
    asked = Refund.objects.filter(
        pk=refund.pk, status=Refund.Status.ASKED, idempotency_key=refund.idempotency_key
    )
    asked.update(**changes)
    refund.refresh_from_db()


def _record_answer(refund: Refund, facts: RefundFacts, *, source: str, at: datetime) -> Refund:
    livemode = refund.order.mode == Order.Mode.LIVE
    record_refund(facts, livemode=livemode, told_at=None, source=source, at=at)
    refund.refresh_from_db()
    return refund


@transaction.atomic
def _record_refusal(
    refund: Refund, error: InvalidRequestError, *, source: str, at: datetime
) -> Refund:
    failure = str(error.code or error.param or "refused")[:100]
    asked = Refund.objects.filter(pk=refund.pk, status=Refund.Status.ASKED)
    if asked.update(status=Refund.Status.REFUSED, failure=failure, told_at=at):
        detail = {"refund": str(refund.pk), "failure": failure}
        record_event(refund.order, kind="refund-refused", source=source, at=at, detail=detail)
        logger.warning("refund=%s was refused: %s", refund.pk, failure)
    refund.refresh_from_db()
    return refund


def send_unanswered_refunds(*, at: datetime, limit: int = 20) -> int:
    """Send the refunds without an answer again, and return how many have one now.

    Safe to call from several processes at once. Stops at the first that does not get through.
    """
    waiting = Refund.objects.filter(
        status=Refund.Status.ASKED,
        order__mode=settings.STRIPE_MODE,
        created_at__lte=at - GRACE_PERIOD,
    )
    answered = 0
    for refund in waiting.select_related("order").order_by("created_at")[:limit]:
        try:
            sent = _send(refund, source=OrderEvent.Source.SWEEP, at=at)
            answered += sent.status != Refund.Status.ASKED
        except (OtherMode, StripeError) as error:
            logger.warning("refund=%s has no answer: %s", refund.pk, type(error).__name__)
            break
    return answered
