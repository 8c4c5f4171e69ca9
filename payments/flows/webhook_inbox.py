"""Events that Stripe sends: kept as they came, then handled once.

The signature is checked in `stripe_client.verified_event`. Nothing here calls out: a
signed event that says *paid* is enough.
"""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from delivery.reading import rows_of
from delivery.writing import execute, insertion_of
from payments.stripe.facts import MalformedObject
from payments.errors import ForeignPayment, OtherMode, UnknownSession
from payments.domain.fulfillment import WEBHOOK, note_failed, settle
from payments.models import Order, StripeEvent
from payments.domain.refunds_and_disputes import NOTING, note_declined, note_event
from payments.stripe.sessions import MalformedSession, mode_told, session_facts
from payments.domain.standing import LOCK_NAMED, in_metadata

logger = logging.getLogger("payments.webhooks")

HANDLED = frozenset({StripeEvent.Status.DONE, StripeEvent.Status.IGNORED})
# The request that brought an event has this long to handle it before others try.
OWN_TIME = timedelta(seconds=30)
KNOWN = f"SELECT id, status FROM {StripeEvent._meta.db_table} WHERE event_id = %s"  # noqa: S608
# In one statement, which also locks the order of a fresh one; neither row where it was written
# by another at this very moment.
KEPT = f"""
WITH fresh AS ({{insertion}} RETURNING 1)
SELECT NULL::bigint, '', ({{lock}}) FROM fresh
UNION ALL SELECT id, status, NULL FROM {StripeEvent._meta.db_table} WHERE event_id = %s
"""  # noqa: S608 - a table's name
LEASE = timedelta(minutes=2)
MOST_TRIES = 20


def _declined(event: Mapping[str, Any], *, door: str, at: datetime) -> Order:
    livemode = bool(event.get("livemode"))
    return note_declined(event["data"]["object"], livemode=livemode, door=door, at=at)


OF_SESSIONS: Mapping[str, Callable[..., Order]] = {
    "checkout.session.completed": settle,
    "checkout.session.async_payment_succeeded": settle,
    "checkout.session.async_payment_failed": note_failed,
    "checkout.session.expired": settle,
}
OF_PAYMENTS: Mapping[str, Callable[..., Order]] = {
    "payment_intent.payment_failed": _declined,
    **dict.fromkeys(NOTING, note_event),
}
# What an endpoint at Stripe must send.
WANTED = frozenset({*OF_SESSIONS, *OF_PAYMENTS})
UNKNOWN_BECAUSE = {
    UnknownSession: "no order knows this session",
    ForeignPayment: "no order was paid with this payment",
    OtherMode: "its order is of another mode",
}


def receive_event(
    *, event: Mapping[str, Any], body: bytes, at: datetime, door: str = WEBHOOK
) -> None:
    """Keep a verified event and handle it, once, in one transaction.

    Idempotent, also when the event comes twice at the same moment: the row of the first
    makes the second wait, and tells it that all is done. An event about a session that is
    not known here is kept and marked so. Raises whatever the handling raised, after keeping
    the event as failed, so that Stripe sends it again and the sweep tries it too.
    """
    row = _event_row(event=event, body=body, at=at)
    try:
        _handle_at_once(row, event, door=door, at=at)
    except Exception as error:
        unhandled = {**row, "status": StripeEvent.Status.RECEIVED, "handled_at": None}
        execute(insertion_of(StripeEvent, unhandled, once=True))
        _mark_failed(StripeEvent.objects.get(event_id=event["id"]).pk, error)
        raise


@transaction.atomic
def _handle_at_once(
    row: Mapping[str, Any], event: Mapping[str, Any], *, door: str, at: datetime
) -> None:
    """Written down as handled, because nobody sees the row unless it then was."""
    known, locked = _keep(row, _session_named(event))
    if known:
        key, status = known
        if status not in HANDLED:
            _handle_once(key, event, door=door, at=at)
        return
    status, failure = _outcome(event, door=door, at=at, locked=locked)
    if (status, failure) != (row["status"], ""):
        StripeEvent.objects.filter(event_id=event["id"]).update(status=status, failure=failure)


def _keep(
    row: Mapping[str, Any], of_session: tuple[str, str] | None
) -> tuple[tuple[int, str] | None, uuid.UUID | None]:
    """Write an event down; its key and status where it is here already, None where it was not.

    Most that come again need no more. One turn on PostgreSQL, but where two come at once; the
    order that a session's event names is then locked too, and is what comes second.
    """
    event = insertion_of(StripeEvent, row, once=True)
    if connection.vendor == "postgresql":
        statement = _kept(event.statement, LOCK_NAMED if of_session else "NULL::uuid")
        order = in_metadata(*of_session) if of_session else []
        for key, status, locked in rows_of(statement, [*event.values, *order, row["event_id"]]):
            return (None, locked) if key is None else ((key, status), None)
    elif execute(event):
        return None, None
    ((key, status),) = rows_of(KNOWN, [row["event_id"]])
    return (key, status), None


@cache
def _kept(insertion: str, lock: str) -> str:
    return KEPT.format(insertion=insertion, lock=lock)


def _session_named(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """The ids of the session and of our order that an event about a session names."""
    if event["type"] not in OF_SESSIONS:
        return None
    subject = event["data"]["object"]
    noted = subject.get("metadata")
    order_id = noted.get("order_id") if isinstance(noted, Mapping) else ""
    return _word(subject.get("id")), _word(order_id)


def handle_left_over_events(*, at: datetime, limit: int = 100) -> int:
    """Handle events that were kept, but whose handling failed or was cut off; how many now are.

    Safe to be called at once by many: each event is held by a lease while it is handled.
    A fresh event is left to the request that brought it.
    """
    left_over = StripeEvent.objects.left_over(at).filter(received_at__lte=at - OWN_TIME)
    waiting = left_over.filter(tries__lt=MOST_TRIES).order_by("received_at")
    early = StripeEvent.objects.known_by_now().order_by("received_at")
    keys = [
        *waiting.values_list("pk", flat=True)[:limit],
        *early.values_list("pk", flat=True)[:limit],
    ]
    return sum(_handle_if_free(pk, at=at) for pk in keys)


def replay_event(*, event: StripeEvent, at: datetime) -> bool:
    """Handle an event again that failed or was unknown; True where it is handled now.

    Idempotent, and held by a lease like any other.
    """
    return _handle_if_free(event.pk, at=at)


def put_aside(*, event: StripeEvent, at: datetime) -> bool:
    """A person has looked: the event needs nothing here. False where it was handled before."""
    open_one = StripeEvent.objects.filter(pk=event.pk).exclude(status__in=HANDLED)
    return bool(
        open_one.update(
            status=StripeEvent.Status.IGNORED, failure="put aside by a person", handled_at=at
        )
    )


def _handle_if_free(pk: int, *, at: datetime) -> bool:
    leased = StripeEvent.objects.unhandled(at).filter(pk=pk)
    if not leased.update(leased_until=at + LEASE, tries=F("tries") + 1):
        return False
    kept = StripeEvent.objects.get(pk=pk)
    try:
        handled = _handle_once(pk, json.loads(kept.body), door=WEBHOOK, at=at)
    except Exception as error:
        logger.exception("event=%s could not be handled", kept.event_id)
        _mark_failed(pk, error)
        return False
    return handled.status == StripeEvent.Status.DONE


def _mark_failed(pk: int, error: Exception) -> None:
    StripeEvent.objects.filter(pk=pk).exclude(status=StripeEvent.Status.DONE).update(
        status=StripeEvent.Status.FAILED, failure=type(error).__name__
    )


def _event_row(*, event: Mapping[str, Any], body: bytes, at: datetime) -> dict[str, Any]:
    kind, subject = event["type"], event["data"]["object"]
    livemode = bool(event.get("livemode"))
    return {
        "event_id": event["id"],
        "kind": kind,
        "object_id": _word(subject.get("id")),
        "payment_intent_id": _word(subject.get("payment_intent")) if kind in NOTING else "",
        "account": _word(event.get("account"))[:64] or settings.STRIPE_ACCOUNT,
        "mode": mode_told(livemode=livemode),
        "livemode": livemode,
        "body": body.decode(),
        "status": StripeEvent.Status.DONE if kind in WANTED else StripeEvent.Status.IGNORED,
        "received_at": at,
        "handled_at": at,
    }


def _word(value: object) -> str:
    """An id, whether Stripe gave it as such or with its object; "" for what is none."""
    name = value.get("id") if isinstance(value, Mapping) else value
    return name[:255] if isinstance(name, str) and name.isprintable() and name.isascii() else ""


@transaction.atomic
def _handle_once(pk: int, event: Mapping[str, Any], *, door: str, at: datetime) -> StripeEvent:
    kept = StripeEvent.objects.select_for_update().get(pk=pk)
    if kept.status in HANDLED:
        return kept
    kept.status, kept.failure = _outcome(event, door=door, at=at)
    kept.handled_at, kept.leased_until = at, None
    kept.save(update_fields=["status", "failure", "handled_at", "leased_until"])
    return kept


def _outcome(
    event: Mapping[str, Any], *, door: str, at: datetime, locked: uuid.UUID | None = None
) -> tuple[str, str]:
    """What became of the event, and why where it needs a person. `locked`: see `standing_of`."""
    if event["type"] not in WANTED:
        return StripeEvent.Status.IGNORED, ""
    try:
        order = _handled(event, door=door, at=at, locked=locked)
    except (UnknownSession, ForeignPayment, OtherMode) as error:
        if OF_PAYMENTS.get(event["type"]) is _declined:
            return StripeEvent.Status.IGNORED, "no order asked for this payment"
        logger.warning("event=%s object=%s is not known here", event["id"], error)
        return StripeEvent.Status.UNKNOWN, UNKNOWN_BECAUSE[type(error)]
    except (MalformedSession, MalformedObject) as error:
        logger.error("event=%s cannot be read: %s", event["id"], error)
        kind = "a session" if isinstance(error, MalformedSession) else "an object"
        return StripeEvent.Status.UNKNOWN, f"not {kind} that can be read: {error}"[:300]
    logger.info("event=%s order=%s status=%s", event["id"], order.pk, order.status)
    return StripeEvent.Status.DONE, ""


def _handled(
    event: Mapping[str, Any], *, door: str, at: datetime, locked: uuid.UUID | None
) -> Order:
    kind = event["type"]
    if kind in OF_PAYMENTS:
        return OF_PAYMENTS[kind](event, door=door, at=at)
    session = session_facts(event["data"]["object"])
    return OF_SESSIONS[kind](session, door=door, at=at, locked=locked)
