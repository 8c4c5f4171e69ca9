"""The webhook inbox: each event of Stripe is stored once, then handled once.

`stripe/webhook_signatures.py` checks the signature. Nothing here calls Stripe: a signed event
that says *paid* is enough.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from payments.domain import refunds_and_disputes
from payments.domain.fulfillment import apply_session, record_failed_payment
from payments.domain.refunds_and_disputes import apply_event, record_declined_card
from payments.errors import OtherMode, UnknownPayment, UnknownSession
from payments.models import Order, OrderEvent, StripeEvent
from payments.stripe.errors import MalformedObject
from payments.stripe.facts import SessionFacts, mode_of, own_order_id, session_facts
from testbank.logs import current_request_id, with_request_id

logger = logging.getLogger(__name__)

# The request that brought an event has this long before `handle_pending_events` takes over.
GRACE_PERIOD = timedelta(seconds=30)
LEASE = timedelta(minutes=2)
MAX_TRIES = 20
UNKNOWN_REASONS = {
    UnknownSession: "no order has this session",
    UnknownPayment: "no order has this payment",
    OtherMode: "its order is in a different mode",
}


def _apply_session(event: Mapping[str, Any], *, source: str, at: datetime) -> Order:
    return apply_session(_session(event), source=source, at=at)


def _apply_failed_payment(event: Mapping[str, Any], *, source: str, at: datetime) -> Order:
    return record_failed_payment(_session(event), source=source, at=at)


def _session(event: Mapping[str, Any]) -> SessionFacts:
    """Read the event's session. In older API versions only the event's type has its status."""
    subject = event["data"]["object"]
    status = "expired" if event["type"] == "checkout.session.expired" else "complete"
    return session_facts({**subject, "status": subject.get("status") or status})


def _apply_declined_card(event: Mapping[str, Any], *, source: str, at: datetime) -> Order:
    livemode = bool(event.get("livemode"))
    return record_declined_card(event["data"]["object"], livemode=livemode, source=source, at=at)


DECLINED_CARD = "payment_intent.payment_failed"
HANDLERS: Mapping[str, Callable[..., Order]] = {
    "checkout.session.completed": _apply_session,
    "checkout.session.async_payment_succeeded": _apply_session,
    "checkout.session.async_payment_failed": _apply_failed_payment,
    "checkout.session.expired": _apply_session,
    DECLINED_CARD: _apply_declined_card,
    **dict.fromkeys(refunds_and_disputes.HANDLERS, apply_event),
}
# The event types that the endpoint at Stripe must be subscribed to.
SUBSCRIBED_EVENTS = frozenset(HANDLERS)


def receive_event(
    *,
    event: Mapping[str, Any],
    body: bytes,
    at: datetime,
    source: str = OrderEvent.Source.WEBHOOK,
) -> None:
    """Store a verified event once, then handle it once.

    Idempotent, also for the same event at the same moment: its id is unique, and one request
    claims the row. An event about something unknown is stored and marked as such. Raises whatever
    the handling raised, after marking the event as failed, so that Stripe sends it again and
    `handle_pending_events` tries it too.
    """
    stored, _is_new = StripeEvent.objects.only("status").get_or_create(
        event_id=event["id"], defaults=_fields(event, body=body, at=at)
    )
    if stored.is_handled:
        return
    try:
        _handle(stored.pk, event, source=source, at=at)
    except Exception as error:
        _mark_failed(stored.pk, error)
        raise


def handle_pending_events(*, at: datetime, limit: int = 100) -> int:
    """Handle events that failed, that were cut off, or whose payment is known only now.

    Returns how many are handled now. Safe to call from several processes at once: each event is
    claimed by a lease. A fresh event is left to the request that brought it.
    """
    pending = StripeEvent.objects.not_leased(at).filter(
        status__in=[StripeEvent.Status.RECEIVED, StripeEvent.Status.FAILED],
        received_at__lte=at - GRACE_PERIOD,
        tries__lt=MAX_TRIES,
    )
    known_by_now = StripeEvent.objects.payment_known_by_now()
    keys = [
        *pending.order_by("received_at").values_list("pk", flat=True)[:limit],
        *known_by_now.order_by("received_at").values_list("pk", flat=True)[:limit],
    ]
    return sum(_claim_and_handle(pk, at=at) for pk in keys) + close_overtaken_events(at=at)


def close_overtaken_events(*, at: datetime) -> int:
    """Mark events as done that could not be handled and whose order was put right since.

    Idempotent. Returns how many there were.
    """
    overtaken = StripeEvent.objects.overtaken().not_leased(at)
    return overtaken.update(status=StripeEvent.Status.DONE, failure="", handled_at=at)


def replay_event(*, event: StripeEvent, at: datetime) -> bool:
    """Handle an event again that failed or was unknown; True if it is handled now.

    Idempotent, and claimed by a lease like any other.
    """
    return _claim_and_handle(event.pk, at=at)


def dismiss_event(*, event: StripeEvent, at: datetime) -> bool:
    """Mark an event that a person has looked at; False if it was handled before."""
    unhandled = StripeEvent.objects.unhandled().filter(pk=event.pk)
    return bool(
        unhandled.update(
            status=StripeEvent.Status.IGNORED, failure="dismissed by staff", handled_at=at
        )
    )


def _claim_and_handle(pk: int, *, at: datetime) -> bool:
    claimable = StripeEvent.objects.claimable().not_leased(at).filter(pk=pk)
    if not claimable.update(leased_until=at + LEASE, tries=F("tries") + 1):
        return False
    event = StripeEvent.objects.only("body", "request_id").get(pk=pk)
    with with_request_id(event.request_id):
        try:
            status = _handle(pk, json.loads(event.body), source=OrderEvent.Source.WEBHOOK, at=at)
        except Exception as error:
            logger.exception("event=%s could not be handled", pk)
            _mark_failed(pk, error)
            return False
    return status == StripeEvent.Status.DONE


@transaction.atomic
def _handle(pk: int, event: Mapping[str, Any], *, source: str, at: datetime) -> str:
    """Handle a stored event unless it is handled, and return its status.

    The UPDATE claims the row: another process waits for it, then finds nothing to claim. If the
    handling fails, the claim is rolled back with it.
    """
    stored = StripeEvent.objects.filter(pk=pk)
    if not stored.claimable().update(
        status=StripeEvent.Status.DONE, failure="", handled_at=at, leased_until=None
    ):
        return stored.values_list("status", flat=True).get()
    status, failure = _apply(event, source=source, at=at)
    if status != StripeEvent.Status.DONE:
        stored.update(status=status, failure=failure)
    return status


def _apply(event: Mapping[str, Any], *, source: str, at: datetime) -> tuple[str, str]:
    """Apply an event; return its status, and why a person must look at it."""
    handler = HANDLERS.get(event["type"])
    if handler is None:
        return StripeEvent.Status.IGNORED, ""
    try:
        order = handler(event, source=source, at=at)
    except (UnknownSession, UnknownPayment, OtherMode) as error:
        if event["type"] == DECLINED_CARD:
            return StripeEvent.Status.IGNORED, "this payment does not belong to any order"
        return _set_aside(event, UNKNOWN_REASONS[type(error)])
    except MalformedObject as error:
        return _set_aside(event, f"cannot read this object: {error}")
    logger.info("event=%s order=%s status=%s", event["id"], order.pk, order.status)
    return StripeEvent.Status.DONE, ""


def _set_aside(event: Mapping[str, Any], reason: str) -> tuple[str, str]:
    """Leave an event about an order of ours to a person; one of another program to nobody."""
    if _is_foreign(event):
        return StripeEvent.Status.FOREIGN, ""
    logger.error("event=%s could not be applied: %s", event["id"], reason)
    return StripeEvent.Status.UNKNOWN, reason[:300]


def _is_foreign(event: Mapping[str, Any]) -> bool:
    """Return True if the object names no order of ours: another program of the account made it.

    A refund or a dispute names only its payment. If its order is not paid yet, the event is
    applied once it is.
    """
    subject = event["data"]["object"]
    if own_order_id(subject):
        return False
    payment = _identifier(subject.get("payment_intent"))
    ours = Q(session_id=_identifier(subject.get("id")))
    if payment:
        ours |= Q(payment_intent_id=payment)
    return not Order.objects.filter(ours).exists()


def _mark_failed(pk: int, error: Exception) -> None:
    StripeEvent.objects.unhandled().filter(pk=pk).update(
        status=StripeEvent.Status.FAILED, failure=type(error).__name__
    )


def _fields(event: Mapping[str, Any], *, body: bytes, at: datetime) -> dict[str, Any]:
    kind, subject = event["type"], event["data"]["object"]
    livemode = bool(event.get("livemode"))
    concerns_payment = kind in refunds_and_disputes.HANDLERS
    return {
        "kind": kind,
        "object_id": _identifier(subject.get("id")),
        "payment_intent_id": (
            _identifier(subject.get("payment_intent")) if concerns_payment else ""
        ),
        "account": _identifier(event.get("account"))[:64] or settings.STRIPE_ACCOUNT,
        "mode": mode_of(livemode=livemode),
        "livemode": livemode,
        "body": body.decode(),
        "request_id": current_request_id(),
        "received_at": at,
    }


def _identifier(value: object) -> str:
    """Return the id of a reference, whether Stripe expanded it or not; "" for anything else."""
    name = value.get("id") if isinstance(value, Mapping) else value
    return name[:255] if isinstance(name, str) and name.isprintable() and name.isascii() else ""
