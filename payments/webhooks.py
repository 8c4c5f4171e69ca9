"""Events that Stripe sends: kept as they came, then handled once.

The signature is checked in `stripe_client.verified_event`. Nothing here calls out: a
signed event that says *paid* is enough.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from payments.errors import UnknownSession
from payments.fulfilment import WEBHOOK, note_failed, settle
from payments.models import StripeEvent
from payments.sessions import MalformedSession, session_facts

logger = logging.getLogger("payments.webhooks")

SETTLING = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.expired",
    }
)
# The request that brought an event has this long to handle it before others try.
OWN_TIME = timedelta(seconds=30)
LEASE = timedelta(minutes=2)
MOST_TRIES = 20
FAILING = frozenset({"checkout.session.async_payment_failed"})


def receive_event(*, event: Mapping[str, Any], body: bytes, at: datetime) -> StripeEvent:
    """Keep a verified event and handle it, once.

    Idempotent, also when the event comes twice at the same moment. An event about a
    session that is not known here is kept and marked so. Raises whatever the handling
    raised, after marking the event as failed, so that Stripe sends it again.
    """
    kept = _keep(event=event, body=body, at=at)
    try:
        return _handle_once(kept.pk, event, at=at)
    except Exception as error:
        _mark_failed(kept.pk, error)
        raise


def handle_left_over_events(*, at: datetime, limit: int = 100) -> int:
    """Handle events that were kept, but whose handling failed or was cut off; how many now are.

    Safe to be called at once by many: each event is held by a lease while it is handled.
    A fresh event is left to the request that brought it.
    """
    left_over = StripeEvent.objects.left_over(at).filter(received_at__lte=at - OWN_TIME)
    waiting = left_over.filter(tries__lt=MOST_TRIES).order_by("received_at")
    return sum(
        _handle_if_free(pk, at=at) for pk in list(waiting.values_list("pk", flat=True)[:limit])
    )


def _handle_if_free(pk: int, *, at: datetime) -> bool:
    leased = StripeEvent.objects.left_over(at).filter(pk=pk)
    if not leased.update(leased_until=at + LEASE, tries=F("tries") + 1):
        return False
    kept = StripeEvent.objects.get(pk=pk)
    try:
        handled = _handle_once(pk, json.loads(kept.body), at=at)
    except Exception as error:
        logger.exception("event=%s could not be handled", kept.event_id)
        _mark_failed(pk, error)
        return False
    return handled.status == StripeEvent.Status.DONE


def _mark_failed(pk: int, error: Exception) -> None:
    StripeEvent.objects.filter(pk=pk).exclude(status=StripeEvent.Status.DONE).update(
        status=StripeEvent.Status.FAILED, failure=type(error).__name__
    )


def _keep(*, event: Mapping[str, Any], body: bytes, at: datetime) -> StripeEvent:
    subject = (event.get("data") or {}).get("object") or {}
    kept, _created = StripeEvent.objects.get_or_create(
        event_id=event["id"],
        defaults={
            "kind": event["type"],
            "object_id": subject.get("id") or "",
            "account": event.get("account") or "",
            "livemode": bool(event.get("livemode")),
            "body": body.decode(),
            "received_at": at,
        },
    )
    return kept


@transaction.atomic
def _handle_once(pk: int, event: Mapping[str, Any], *, at: datetime) -> StripeEvent:
    kept = StripeEvent.objects.select_for_update().get(pk=pk)
    if kept.status in {StripeEvent.Status.DONE, StripeEvent.Status.IGNORED}:
        return kept
    kept.status, kept.failure = _outcome(event, at=at)
    kept.handled_at = at
    kept.save(update_fields=["status", "failure", "handled_at"])
    return kept


def _outcome(event: Mapping[str, Any], *, at: datetime) -> tuple[str, str]:
    """What became of the event, and why where it needs a person."""
    kind = event["type"]
    if kind not in SETTLING | FAILING:
        return StripeEvent.Status.IGNORED, ""
    try:
        session = session_facts(event["data"]["object"])
        handle = settle if kind in SETTLING else note_failed
        order = handle(session, door=WEBHOOK, at=at)
    except UnknownSession as error:
        logger.warning("event=%s session=%s is not known here", event["id"], error)
        return StripeEvent.Status.UNKNOWN, "no order knows this session"
    except MalformedSession as error:
        logger.error("event=%s cannot be read: %s", event["id"], error)
        return StripeEvent.Status.UNKNOWN, f"not a session that can be read: {error}"[:300]
    logger.info("event=%s order=%s status=%s", event["id"], order.pk, order.status)
    return StripeEvent.Status.DONE, ""
