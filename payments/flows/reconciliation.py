"""Making this shop and Stripe agree, whoever of the two has missed something.

The third door: it needs neither webhooks nor a buyer who comes back. What Stripe is asked
stands in `stripe_money.py`; what an answer means, in `fulfilment.py` and `reversals.py`.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from stripe import InvalidRequestError

from payments.stripe.facts import DisputeFacts, RefundFacts, dispute_facts, moment, refund_facts
from payments.errors import ForeignPayment, OtherMode, UnknownSession
from payments.monitoring.health_counters import accesses_without_money
from payments.domain.fulfillment import RECONCILIATION, settle
from payments.domain.held import give_missing_access
from payments.models import Dispute, EventCursor, Order, OrderEvent, Refund, StripeEvent
from payments.domain.order_life_cycle import UNPAID, mark_expired
from payments.flows.refunds import send_unanswered_refunds
from payments.domain.refunds_and_disputes import note_dispute, note_refund
from payments.stripe.sessions import SessionFacts, session_facts
from payments.stripe.api import (
    Page,
    dispute_now,
    dispute_pages,
    event_pages,
    event_pages_after,
    readable,
    refund_now,
    refund_pages,
    session_now,
    session_pages,
)
from payments.flows.webhook_inbox import HANDLED, WANTED, receive_event

logger = logging.getLogger("payments.reconciliation")

# A session lives for 24 hours. An order whose request has made none by then never will.
LONGEST_WITHOUT_SESSION = timedelta(hours=25)
# Stripe keeps events for 30 days. Source: docs.stripe.com/api/events.
EVENTS_ARE_KEPT = timedelta(days=30)
A_FAILED_REFUND_IS_TOLD = timedelta(days=14)
DISPUTED = (Dispute.Status.NEEDS_RESPONSE, Dispute.Status.UNDER_REVIEW)
UNFINISHED = (Refund.Status.PENDING, Refund.Status.REQUIRES_ACTION)


@dataclass
class Reconciliation:
    """What was found and put right.

    `looked_at` counts what Stripe told, by kind; `moves` the orders that moved, by their new
    status; `granted` those that were paid and have their access only now; `for_a_person` are sentences about what a program cannot decide.
    """

    at: datetime
    mode: str
    seen: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    granted: int = 0
    for_a_person: list[str] = field(default_factory=list)

    @property
    def looked_at(self) -> int:
        """How much was looked at in all."""
        return self.seen.total()

    @property
    def needs_a_person(self) -> bool:
        """True where something cannot be decided by a program."""
        return bool(self.for_a_person)


Step = Callable[[Reconciliation], None]


def reconcile(
    *, mode: str, since: datetime, at: datetime, events_since: datetime | None = None
) -> Reconciliation:
    """Ask Stripe for what it knows and put right what differs here.

    Sessions, refunds and disputes made since then, everything here that is unfinished, and
    Stripe's events from where the last run ended, or with `events_since` from then.
    Idempotent: each step is a transaction of its own, so a run that is cut off is simply run
    again. Raises: StripeError.
    """
    result = Reconciliation(at=at, mode=mode)
    before = _last_event()
    send_unanswered_refunds(at=at)
    for step in _steps(mode=mode, since=since, at=at, events_since=events_since):
        step(result)
    _sum_up(result, before)
    return result


def rehearse(*, mode: str, since: datetime, at: datetime) -> Reconciliation:
    """What `reconcile` would do. Nothing is written, and Stripe is only asked to read.

    All is asked first; then it is done in a transaction that is rolled back.
    """
    steps = list(_steps(mode=mode, since=since, at=at, events_since=since))
    result = Reconciliation(at=at, mode=mode)
    with transaction.atomic():
        before = _last_event()
        for step in steps:
            step(result)
        _sum_up(result, before)
        transaction.set_rollback(True)
    return result


def _steps(
    *, mode: str, since: datetime, at: datetime, events_since: datetime | None
) -> Iterator[Step]:
    """What Stripe tells, piece by piece. Each step is done before the next is asked for."""
    yield from _sessions(mode, since)
    if events_since is None:
        yield from _new_events(mode, since, at)
    else:
        yield from _events(events_since, at)
    for page in refund_pages(since):
        yield partial(_note_refunds, list(readable(page, refund_facts)))
    unfinished = Refund.objects.filter(status__in=UNFINISHED, created_at__lt=since)
    for stripe_id in unfinished.filter(order__mode=mode).values_list("stripe_id", flat=True):
        yield partial(_note_refunds, [refund_now(str(stripe_id))])
    for page in dispute_pages(since):
        yield partial(_note_disputes, list(readable(page, dispute_facts)))
    disputes = Dispute.objects.filter(status__in=DISPUTED, created_at__lt=since)
    for stripe_id in disputes.filter(order__mode=mode).values_list("stripe_id", flat=True):
        yield partial(_note_disputes, [dispute_now(stripe_id)])
    yield _give_missing_accesses


def _sessions(mode: str, since: datetime) -> Iterator[Step]:
    """Every session since then, or since the oldest order that waits; then who was not among them."""
    waiting = Order.objects.in_mode(mode).filter(status__in=UNPAID)
    asked = waiting.filter(session_id=None, asked_at__isnull=False).order_by("asked_at").first()
    oldest = min(since, asked.asked_at) if asked and asked.asked_at else since
    told: set[str] = set()
    for page in session_pages(oldest):
        sessions = list(readable(page, session_facts))
        told |= {session.id for session in sessions} | {one.order_id for one in sessions}
        yield partial(_settle_all, sessions)
    for order in waiting.order_by("created_at"):
        if order.session_id and order.session_id not in told:
            yield _session_of(order.pk, order.session_id)
        elif not order.session_id and str(order.pk) not in told:
            yield partial(_close_without_session, order)


def _session_of(order_id: object, session_id: str) -> Step:
    try:
        return partial(_settle_all, [session_now(session_id)])
    except InvalidRequestError:
        words = f"order {order_id} has session {session_id}, which Stripe does not know"
        return partial(_tell, words)


def _tell(words: str, result: Reconciliation) -> None:
    result.for_a_person.append(words)


def _settle_all(sessions: list[SessionFacts], result: Reconciliation) -> None:
    result.seen["sessions"] += len(sessions)
    known = dict(
        Order.objects.filter(session_id__in=[session.id for session in sessions]).values_list(
            "session_id", "status"
        )
    )
    for session in sessions:
        if _is_settled(session, known.get(session.id)):
            continue
        try:
            settle(session, door=RECONCILIATION, at=result.at)
        except UnknownSession:
            _unknown(session, result)


def _unknown(session: SessionFacts, result: Reconciliation) -> None:
    """A session that names an order of ours is lost money; any other is of another program."""
    if not session.order_id:
        result.seen["foreign"] += 1
    elif session.is_paid:
        logger.warning("session=%s is paid and not known here", session.id)
        _tell(f"session {session.id} is paid, no order knows it", result)


def _is_settled(session: SessionFacts, status: str | None) -> bool:
    """True where the order stands where the session would bring it; most do."""
    if session.is_paid:
        return status is not None and status not in {*UNPAID, "expired", "failed"}
    if session.status == "expired":
        return status == Order.Status.EXPIRED
    return status == Order.Status.OPEN


def _close_without_session(order: Order, result: Reconciliation) -> None:
    if (order.asked_at or order.created_at) < result.at - LONGEST_WITHOUT_SESSION:
        mark_expired(order, door=RECONCILIATION, at=result.at)


def _new_events(mode: str, since: datetime, at: datetime) -> Iterator[Step]:
    """Stripe's events after the last that was looked at; since then where Stripe forgot that."""
    cursor = EventCursor.objects.filter(mode=mode, account=settings.STRIPE_ACCOUNT).first()
    if cursor and cursor.event_at > at - EVENTS_ARE_KEPT:
        try:
            for page in event_pages_after(cursor.event_id, sorted(WANTED)):
                yield partial(_receive_all, page)
                yield partial(_move_cursor, page[0])
            return
        except InvalidRequestError:
            logger.warning("the event %s is not known to Stripe any more", cursor.event_id)
    yield from _events(since, at)


def _events(since: datetime, at: datetime) -> Iterator[Step]:
    """The cursor moves only once all have been handled."""
    newest = None
    for page in event_pages(max(since, at - EVENTS_ARE_KEPT), sorted(WANTED)):
        newest = newest or page[0]
        yield partial(_receive_all, page)
    if newest:
        yield partial(_move_cursor, newest)


def _receive_all(page: Page, result: Reconciliation) -> None:
    """Handle what no webhook has brought, the oldest first."""
    result.seen["events"] += len(page)
    names = [event["id"] for event in page]
    handled = set(
        StripeEvent.objects.filter(event_id__in=names, status__in=HANDLED).values_list(
            "event_id", flat=True
        )
    )
    for event in reversed(page):
        if event["id"] not in handled:
            body = json.dumps(event).encode()
            try:
                receive_event(event=event, body=body, at=result.at, door=RECONCILIATION)
            except Exception:
                logger.exception("event=%s could not be handled", event["id"])


def _move_cursor(event: dict[str, Any], result: Reconciliation) -> None:
    EventCursor.objects.update_or_create(
        mode=result.mode,
        account=settings.STRIPE_ACCOUNT,
        defaults={
            "event_id": event["id"],
            "event_at": moment(event["created"]),
            "finished_at": result.at,
        },
    )


def _note_refunds(refunds: list[RefundFacts], result: Reconciliation) -> None:
    result.seen["refunds"] += len(refunds)
    known = dict(
        Refund.objects.filter(stripe_id__in=[one.id for one in refunds]).values_list(
            "stripe_id", "status"
        )
    )
    for refund in refunds:
        if known.get(refund.id) != refund.status:
            _note(note_refund, refund, result, told_at=None)


def _note_disputes(disputes: list[DisputeFacts], result: Reconciliation) -> None:
    result.seen["disputes"] += len(disputes)
    for dispute in disputes:
        _note(note_dispute, dispute, result, told_at=dispute.created_at)


def _note(
    note: Callable[..., Order],
    facts: RefundFacts | DisputeFacts,
    result: Reconciliation,
    *,
    told_at: datetime | None,
) -> None:
    """What no order here was paid with belongs to another program of the same account."""
    livemode = result.mode == Order.Mode.LIVE
    try:
        note(facts, livemode=livemode, told_at=told_at, door=RECONCILIATION, at=result.at)
    except (ForeignPayment, OtherMode):
        result.seen["foreign"] += 1


def _give_missing_accesses(result: Reconciliation) -> None:
    for order in Order.objects.in_mode(result.mode).paid_but_not_granted():
        result.granted += give_missing_access(order=order, at=result.at)


def _last_event() -> int:
    return OrderEvent.objects.aggregate(last=Max("pk"))["last"] or 0


def _sum_up(result: Reconciliation, before: int) -> None:
    """Count the moves of this run, and say what is left for a person."""
    moved = OrderEvent.objects.filter(
        pk__gt=before, door=RECONCILIATION, order__mode=result.mode
    ).values_list("from_status", "to_status")
    result.moves.update(to for former, to in moved if former != to)
    orders = Order.objects.in_mode(result.mode).filter(status__in=["paid", "partially_refunded"])
    for order in orders.exclude(held="").filter(granted_at=None):
        _tell(f"order {order.pk} is paid and held: {order.held}", result)
    for order in orders.exclude(duplicate_of=None):
        _tell(f"order {order.pk} was paid twice, pay it back", result)
    for order in orders.paid_but_not_granted():
        _tell(f"order {order.pk} is paid and opens nothing", result)
    for source in accesses_without_money(mode=result.mode, at=result.at):
        _tell(f"an access is open for order {source}, which has no money", result)
    lately = result.at - A_FAILED_REFUND_IS_TOLD
    recently = Refund.objects.filter(
        Q(told_at__gte=lately) | Q(told_at=None, created_at__gte=lately),
        status=Refund.Status.FAILED,
        order__mode=result.mode,
    )
    for refund in recently:
        words = f"refund {refund.stripe_id} failed ({refund.failure or 'no reason given'})"
        _tell(f"{words}: the buyer of order {refund.order_id} has no money yet", result)
    failed = StripeEvent.objects.in_mode(result.mode).filter(status=StripeEvent.Status.FAILED)
    for event in failed:
        _tell(f"event {event.event_id} ({event.kind}) failed: {event.failure}", result)
