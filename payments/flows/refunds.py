"""Paying money back: asked for here, written down before Stripe is asked, and asked once.

What Stripe then says of a refund reaches the order by `reversals.py`, like any other.
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
from payments.domain import order_life_cycle as orders
from payments.stripe.facts import RefundFacts
from payments.errors import NothingToRefund, OtherMode, TooMuch
from payments.models import Order, OrderLine, Refund
from payments.domain.refunds_and_disputes import note_refund
from payments.stripe_integration import (
    KEY_LIFETIME,
    APIError,
    InvalidRequestError,
    StripeError,
    is_kept_fault,
    is_of_the_key,
)
from payments.stripe.api import send_refund, sent_refund

logger = logging.getLogger("payments.refunds")

STAFF, SWEEP = "staff", "sweep"
# The request that asks has this long before the sweep tries.
OWN_TIME = timedelta(seconds=30)


@dataclass(frozen=True)
class Wish:
    """What the seller wants: how much, why, and what becomes of the access.

    `access` is revoke, keep or shorten, which needs `access_until`. Without `lines` it is for
    the whole order.
    """

    amount_minor: int
    reason: str
    access: str
    access_until: datetime | None = None
    note: str = ""
    lines: Collection[OrderLine] = ()


def ask_refund(
    *, key: uuid.UUID, order: Order, wish: Wish, asked_by: User | None, at: datetime
) -> Refund:
    """Pay back, and what became of it.

    `key` names the wish: a second call with it, from a double click, asks for nothing new.
    The refund is committed before Stripe is asked, and stays `asked` where no answer came:
    then it is sent again, unchanged, by `send_unanswered_refunds`.

    Raises: OtherMode, NothingToRefund, TooMuch, before Stripe is asked; StripeError where
    Stripe could not be asked or gave no answer.
    """
    refund = _write_down(key=key, order=order, wish=wish, asked_by=asked_by, at=at)
    return send(refund, door=STAFF, at=at) if refund.status == Refund.Status.ASKED else refund


def refund_duplicate(*, order: Order, asked_by: User | None, at: datetime) -> Refund:
    """Pay back whole what was paid a second time; the first order and its access stay.

    Idempotent. Raises: as `ask_refund`.
    """
    wish = Wish(
        amount_minor=order.left_minor,
        reason=Refund.Reason.DUPLICATE,
        access=Refund.AccessChoice.REVOKE,
    )
    key = uuid.uuid5(order.pk, "duplicate")
    return ask_refund(key=key, order=order, wish=wish, asked_by=asked_by, at=at)


def may_be_refunded_minor(order: Order) -> int:
    """What is left of the payment, refunds without an answer counted as gone."""
    asked = order.refunds.filter(status=Refund.Status.ASKED).aggregate(sum=Sum("amount_minor"))
    return max(order.left_minor - (asked["sum"] or 0), 0)


@transaction.atomic
def _write_down(
    *, key: uuid.UUID, order: Order, wish: Wish, asked_by: User | None, at: datetime
) -> Refund:
    order = Order.objects.select_for_update().get(pk=order.pk)
    if known := order.refunds.filter(pk=key).first():
        return known
    if not is_of_the_key(order):
        raise OtherMode(order)
    left = may_be_refunded_minor(order)
    if not order.is_settled or not order.payment_intent_id or left == 0:
        raise NothingToRefund(order)
    if wish.amount_minor > left:
        raise TooMuch(order, left_minor=left)
    refund = Refund.objects.create(
        id=key,
        order=order,
        amount_minor=wish.amount_minor,
        currency=order.paid_currency,
        status=Refund.Status.ASKED,
        reason=wish.reason,
        note=wish.note,
        access=wish.access,
        access_until=wish.access_until,
        asked_by=asked_by,
        idempotency_key=f"refund-{uuid.uuid4()}",
        request=json.dumps(_request(order, key, wish)),
        created_at=at,
    )
    refund.lines.set(wish.lines)
    detail = {"refund": str(key), "amount_minor": wish.amount_minor}
    orders.note(order, kind="refund-asked", door=STAFF, at=at, detail=detail)
    return refund


def _request(order: Order, key: uuid.UUID, wish: Wish) -> dict[str, object]:
    """Nothing in it depends on the time: a key must come back with the same body."""
    return {
        "payment_intent": order.payment_intent_id,
        "amount": wish.amount_minor,
        "reason": wish.reason,
        "metadata": {"order_id": str(order.pk), "refund_id": str(key)},
    }


def send(refund: Refund, *, door: str, at: datetime) -> Refund:
    """Send (again) what was written down, and take in the answer.

    Idempotent. Once Stripe may have forgotten the key, the refund is looked for there before
    a new key is made. Raises: OtherMode, StripeError.
    """
    if not is_of_the_key(refund.order):
        raise OtherMode(refund.order)
    if refund.tried_at and at - refund.tried_at > KEY_LIFETIME:
        return _look_then_send(refund, door=door, at=at)
    if not refund.tried_at:
        _update_asked(refund, tried_at=at)
    try:
        facts = send_refund(refund)
    except InvalidRequestError as error:
        return _refused(refund, error, door=door, at=at)
    except APIError as error:
        if not is_kept_fault(error):
            raise
        return _look_then_send(refund, door=door, at=at)
    return _take_in(refund, facts, door=door, at=at)


def _look_then_send(refund: Refund, *, door: str, at: datetime) -> Refund:
    """By our metadata at Stripe; sent under a new key only where it is not there."""
    if facts := sent_refund(refund):
        return _take_in(refund, facts, door=door, at=at)
    _update_asked(refund, tried_at=at, idempotency_key=f"refund-{uuid.uuid4()}")
    return send(refund, door=door, at=at)


def _update_asked(refund: Refund, **changes: object) -> None:
    asked = Refund.objects.filter(
        pk=refund.pk, status=Refund.Status.ASKED, idempotency_key=refund.idempotency_key
    )
    asked.update(**changes)
    refund.refresh_from_db()


def _take_in(refund: Refund, facts: RefundFacts, *, door: str, at: datetime) -> Refund:
    livemode = refund.order.mode == Order.Mode.LIVE
    note_refund(facts, livemode=livemode, told_at=None, door=door, at=at)
    refund.refresh_from_db()
    return refund


@transaction.atomic
def _refused(refund: Refund, error: InvalidRequestError, *, door: str, at: datetime) -> Refund:
    """Stripe has said no, so it has paid nothing back."""
    failure = str(error.code or error.param or "refused")[:100]
    asked = Refund.objects.filter(pk=refund.pk, status=Refund.Status.ASKED)
    if asked.update(status=Refund.Status.REFUSED, failure=failure, told_at=at):
        detail = {"refund": str(refund.pk), "failure": failure}
        orders.note(refund.order, kind="refund-refused", door=door, at=at, detail=detail)
        logger.warning("refund=%s was refused: %s", refund.pk, failure)
    refund.refresh_from_db()
    return refund


def send_unanswered_refunds(*, at: datetime, limit: int = 20) -> int:
    """Send again what was asked for and has no answer; how many have one now.

    Safe to be called at once by many. Ends at the first that does not get through.
    """
    waiting = Refund.objects.filter(
        status=Refund.Status.ASKED,
        order__mode=settings.STRIPE_MODE,
        created_at__lte=at - OWN_TIME,
    )
    answered = 0
    for refund in waiting.select_related("order").order_by("created_at")[:limit]:
        try:
            answered += send(refund, door=SWEEP, at=at).status != Refund.Status.ASKED
        except (OtherMode, StripeError) as error:
            logger.warning("refund=%s has no answer: %s", refund.pk, type(error).__name__)
            break
    return answered
