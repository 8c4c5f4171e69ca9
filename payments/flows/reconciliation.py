"""Reconciliation: make this shop and Stripe agree, whichever of the two missed something.

It needs neither webhooks nor a buyer who returns to the site.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from payments.domain.fulfillment import apply_session, grant_missing_access
from payments.domain.order_life_cycle import UNPAID, mark_expired
from payments.domain.refunds_and_disputes import record_dispute, record_refund
from payments.errors import OtherMode, UnknownPayment, UnknownSession
from payments.flows.refunds import send_unanswered_refunds
from payments.flows.webhook_inbox import (
    SUBSCRIBED_EVENTS,
    close_overtaken_events,
    receive_event,
)
from payments.models import Dispute, EventCursor, Order, OrderEvent, Refund, StripeEvent
from payments.monitoring.health_counters import accesses_without_payment
from payments.querysets import OrderQuerySet
from payments.stripe import api
from payments.stripe.errors import (
    APIConnectionError,
    AuthenticationError,
    InvalidRequestError,
    MalformedObject,
    RateLimitError,
    StripeError,
)
from payments.stripe.facts import (
    DisputeFacts,
    RefundFacts,
    SessionFacts,
    dispute_facts,
    event_created_at,
    own_order_id,
    refund_facts,
    session_facts,
)

logger = logging.getLogger(__name__)

SOURCE = OrderEvent.Source.RECONCILIATION
# A session lives for 24 hours. An order whose request has made none by then never will.
MAX_AGE_WITHOUT_SESSION = timedelta(hours=25)
# Stripe keeps events for 30 days. Source: docs.stripe.com/api/events.
EVENT_RETENTION = timedelta(days=30)
FAILED_REFUNDS_SHOWN_FOR = timedelta(days=14)
OPEN_DISPUTES = (Dispute.Status.NEEDS_RESPONSE, Dispute.Status.UNDER_REVIEW)
UNFINISHED_REFUNDS = (Refund.Status.PENDING, Refund.Status.REQUIRES_ACTION)


@dataclass
class Reconciliation:
    """What was found and corrected.

    `seen` counts Stripe's objects by kind; `moves` counts the orders that moved, by their new
    status; `granted` counts the paid orders that got their access only now; `foreign` counts the
    objects of other programs of the account; `for_a_person` has a sentence for each thing that a
    program cannot decide.
    """

    at: datetime
    mode: str
    seen: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    granted: int = 0
    foreign: int = 0
    for_a_person: list[str] = field(default_factory=list)

    @property
    def looked_at(self) -> int:
        """The number of all objects seen."""
        return self.seen.total()

    @property
    def needs_a_person(self) -> bool:
        """True if something is left that a program cannot decide."""
        return bool(self.for_a_person)


Step = Callable[[Reconciliation], None]
Facts = TypeVar("Facts", SessionFacts, RefundFacts, DisputeFacts)
# No other object of the run would get an answer either.
ENDS_THE_RUN = (APIConnectionError, AuthenticationError, RateLimitError)


def reconcile(
    *, mode: str, since: datetime, at: datetime, events_since: datetime | None = None
) -> Reconciliation:
    """Ask Stripe what it knows, and correct what differs here.

    Covers sessions, refunds and disputes created since then, everything here that is unfinished,
    and Stripe's events from where the last run ended, or with `events_since` from then on.
    Idempotent: each step is a transaction of its own, so a run that was cut off can be repeated.
    An object that cannot be read or recorded is reported, and the run goes on; only a run that
    came to its end is recorded as finished. Orders of another account than the key's are left
    alone. Raises: StripeError.
    """
    result = Reconciliation(at=at, mode=mode)
    last_event_before = _last_event_id()
    send_unanswered_refunds(at=at)
    for step in _steps(mode=mode, since=since, at=at, events_since=events_since):
        step(result)
    close_overtaken_events(at=at)
    _summarize(result, last_event_before)
    _update_cursor(mode, finished_at=at)
    return result


def last_finished_at(*, mode: str, account: str) -> datetime | None:
    """Return when a run last came to its end."""
    cursors = EventCursor.objects.filter(mode=mode, account=account)
    return cursors.values_list("finished_at", flat=True).first()


def reconcile_dry_run(*, mode: str, since: datetime, at: datetime) -> Reconciliation:
    """Return what `reconcile` would do. Nothing is written, and Stripe gets only GET requests.

    Everything is asked first; then it is done in a transaction that is rolled back.
    """
    steps = list(_steps(mode=mode, since=since, at=at, events_since=since))
    result = Reconciliation(at=at, mode=mode)
    with transaction.atomic():
        last_event_before = _last_event_id()
        for step in steps:
            step(result)
        _summarize(result, last_event_before)
        transaction.set_rollback(True)
    return result


def _steps(
    *, mode: str, since: datetime, at: datetime, events_since: datetime | None
) -> Iterator[Step]:
    """Yield the steps of a run. Each is done before the next one calls Stripe."""
    yield from _session_steps(mode, since)
    if events_since is None:
        yield from _new_event_steps(mode, since, at)
    else:
        yield from _event_steps(events_since, at)
    yield from _refund_steps(mode, since)
    yield from _dispute_steps(mode, since)
    yield _grant_missing_accesses


def _refund_steps(mode: str, since: datetime) -> Iterator[Step]:
    for page in api.list_refunds(since):
        yield partial(_record_refunds, page)
    older = Refund.objects.filter(
        status__in=UNFINISHED_REFUNDS, created_at__lt=since, order__in=_orders(mode)
    )
    for order_id, stripe_id in older.values_list("order_id", "stripe_id"):
        words = f"order {order_id} has refund {stripe_id}"
        yield from _asked(api.retrieve_refund, str(stripe_id), words, _record_refund)


def _dispute_steps(mode: str, since: datetime) -> Iterator[Step]:
    for page in api.list_disputes(since):
        yield partial(_record_disputes, page)
    older = Dispute.objects.filter(
        status__in=OPEN_DISPUTES, created_at__lt=since, order__in=_orders(mode)
    )
    for order_id, stripe_id in older.values_list("order_id", "stripe_id"):
        words = f"order {order_id} has dispute {stripe_id}"
        yield from _asked(api.retrieve_dispute, stripe_id, words, _record_dispute)


def _orders(mode: str) -> OrderQuerySet:
    """Return the orders that the key in use can ask about."""
    return Order.objects.in_mode(mode).of_account(settings.STRIPE_ACCOUNT)


def _session_steps(mode: str, since: datetime) -> Iterator[Step]:
    """Yield all sessions since then or since the oldest request without an answer.

    Orders whose session was not among them follow one by one.
    """
    waiting = _orders(mode).awaiting_payment()
    asked = waiting.filter(session_id=None, asked_at__isnull=False).order_by("asked_at").first()
    oldest = min(since, asked.asked_at) if asked and asked.asked_at else since
    listed: set[str] = set()
    for page in api.list_sessions(oldest):
        listed |= {each["id"] for each in page} | {own_order_id(each) for each in page}
        yield partial(_apply_sessions, page)
    retrieve_session = api.retrying(api.retrieve_session)
    for order in waiting.order_by("created_at"):
        if order.session_id and order.session_id not in listed:
            words = f"order {order.pk} has session {order.session_id}"
            yield from _asked(retrieve_session, order.session_id, words, _apply_session)
        elif not order.session_id and str(order.pk) not in listed:
            yield partial(_expire_without_session, order)
    for order in Order.objects.in_mode(mode).awaiting_payment().exclude(pk__in=waiting):
        # Of another account, which this key cannot ask. Its session is over by then.
        yield partial(_expire_without_session, order)


def _asked(
    retrieve: Callable[[str], Facts],
    stripe_id: str,
    words: str,
    record: Callable[[Facts, Reconciliation], None],
) -> Iterator[Step]:
    """Yield the step that records one object, or reports that Stripe does not know it."""
    try:
        facts = retrieve(stripe_id)
    except ENDS_THE_RUN:
        raise
    except InvalidRequestError:
        yield partial(_report, f"{words}, which does not exist at Stripe")
    except StripeError as error:
        yield partial(_report, f"{words}, which could not be read: {type(error).__name__}")
    else:
        yield partial(_record_guarded, facts, words, record)


def _record_guarded(
    facts: Facts,
    words: str,
    record: Callable[[Facts, Reconciliation], None],
    result: Reconciliation,
) -> None:
    with _guarded(words, result):
        record(facts, result)


@contextmanager
def _guarded(words: str, result: Reconciliation) -> Iterator[None]:
    """Report an error about one object instead of ending the run."""
    try:
        yield
    except Exception as error:
        logger.exception("%s could not be reconciled", words)
        _report(f"{words} could not be reconciled: {type(error).__name__}", result)


def _report(words: str, result: Reconciliation) -> None:
    result.for_a_person.append(words)


def _read_page(
    page: api.Page, read: Callable[[Mapping[str, Any]], Facts], result: Reconciliation
) -> Iterator[Facts]:
    """Yield the facts of a page's objects. One of ours that cannot be read is reported."""
    for subject in page:
        try:
            yield read(subject)
        except MalformedObject as error:
            if own_order_id(subject):
                _report(f"{subject['id']} of order {own_order_id(subject)}: {error}", result)
            else:
                result.foreign += 1


def _apply_sessions(page: api.Page, result: Reconciliation) -> None:
    result.seen["sessions"] += len(page)
    known = dict(
        Order.objects.filter(session_id__in=[each["id"] for each in page]).values_list(
            "session_id", "status"
        )
    )
    for session in _read_page(page, session_facts, result):
        if not _agrees(session, known.get(session.id)):
            with _guarded(f"session {session.id}", result):
                _apply_session(session, result)


def _apply_session(session: SessionFacts, result: Reconciliation) -> None:
    try:
        apply_session(session, source=SOURCE, at=result.at)
    except UnknownSession:
        _report_unknown_session(session, result)


def _report_unknown_session(session: SessionFacts, result: Reconciliation) -> None:
    """Report a paid session with our metadata; one without belongs to another program."""
    if not session.order_id:
        result.foreign += 1
    elif session.is_paid:
        logger.warning("session=%s is paid, but unknown here", session.id)
        _report(f"session {session.id} is paid but does not belong to any order", result)


def _agrees(session: SessionFacts, status: str | None) -> bool:
    """Return True if the order already has the state of its session; most do."""
    if session.is_paid:
        return status is not None and status not in UNPAID
    if session.status == "expired":
        return status == Order.Status.EXPIRED
    return status == Order.Status.OPEN and not session.is_processing


def _expire_without_session(order: Order, result: Reconciliation) -> None:
    if (order.asked_at or order.created_at) < result.at - MAX_AGE_WITHOUT_SESSION:
        with _guarded(f"order {order.pk}", result):
            mark_expired(order, source=SOURCE, at=result.at)


def _new_event_steps(mode: str, since: datetime, at: datetime) -> Iterator[Step]:
    """Yield the events after the cursor; those since then if Stripe no longer knows it."""
    cursor = EventCursor.objects.filter(mode=mode, account=settings.STRIPE_ACCOUNT).first()
    if cursor and cursor.event_at and cursor.event_at > at - EVENT_RETENTION:
        try:
            for page in api.list_events_after(cursor.event_id, sorted(SUBSCRIBED_EVENTS)):
                yield partial(_receive_events, page)
                yield partial(_move_cursor, page[0])
            return
        except InvalidRequestError:
            logger.warning("the event %s no longer exists at Stripe", cursor.event_id)
    yield from _event_steps(since, at)


def _event_steps(since: datetime, at: datetime) -> Iterator[Step]:
    """Yield the events since then. The cursor moves only after all of them."""
    newest = None
    for page in api.list_events(max(since, at - EVENT_RETENTION), sorted(SUBSCRIBED_EVENTS)):
        newest = newest or page[0]
        yield partial(_receive_events, page)
    if newest:
        yield partial(_move_cursor, newest)


def _receive_events(page: api.Page, result: Reconciliation) -> None:
    """Handle the events that no webhook has brought, oldest first."""
    result.seen["events"] += len(page)
    names = [event["id"] for event in page]
    handled = set(
        StripeEvent.objects.filter(event_id__in=names, status__in=StripeEvent.HANDLED).values_list(
            "event_id", flat=True
        )
    )
    for event in reversed(page):
        if event["id"] not in handled:
            body = json.dumps(event).encode()
            try:
                receive_event(event=event, body=body, at=result.at, source=SOURCE)
            except Exception:
                logger.exception("event=%s could not be handled", event["id"])


def _move_cursor(event: dict[str, Any], result: Reconciliation) -> None:
    with _guarded(f"event {event['id']}", result):
        _update_cursor(result.mode, event_id=event["id"], event_at=event_created_at(event))


def _update_cursor(mode: str, **values: Any) -> None:
    EventCursor.objects.update_or_create(
        mode=mode, account=settings.STRIPE_ACCOUNT, defaults=values
    )


def _record_refunds(page: api.Page, result: Reconciliation) -> None:
    result.seen["refunds"] += len(page)
    known = dict(
        Refund.objects.filter(stripe_id__in=[each["id"] for each in page]).values_list(
            "stripe_id", "status"
        )
    )
    for refund in _read_page(page, refund_facts, result):
        if known.get(refund.id) != refund.status:
            _record_guarded(refund, f"refund {refund.id}", _record_refund, result)


def _record_refund(refund: RefundFacts, result: Reconciliation) -> None:
    _record(record_refund, refund, result, told_at=None)


def _record_disputes(page: api.Page, result: Reconciliation) -> None:
    result.seen["disputes"] += len(page)
    for dispute in _read_page(page, dispute_facts, result):
        _record_guarded(dispute, f"dispute {dispute.id}", _record_dispute, result)


def _record_dispute(dispute: DisputeFacts, result: Reconciliation) -> None:
    _record(record_dispute, dispute, result, told_at=dispute.created_at)


def _record(
    record: Callable[..., Order],
    facts: RefundFacts | DisputeFacts,
    result: Reconciliation,
    *,
    told_at: datetime | None,
) -> None:
    """Record a fact; one about no order here belongs to another program of the account."""
    livemode = result.mode == Order.Mode.LIVE
    try:
        record(facts, livemode=livemode, told_at=told_at, source=SOURCE, at=result.at)
    except (UnknownPayment, OtherMode):
        result.foreign += 1


def _grant_missing_accesses(result: Reconciliation) -> None:
    for order in Order.objects.in_mode(result.mode).paid_but_not_granted():
        with _guarded(f"order {order.pk}", result):
            result.granted += grant_missing_access(order=order, at=result.at)


def _last_event_id() -> int:
    return OrderEvent.objects.aggregate(last=Max("pk"))["last"] or 0


def _summarize(result: Reconciliation, last_event_before: int) -> None:
    """Count the moves of this run, and report what is left for a person."""
    moves = OrderEvent.objects.filter(
        pk__gt=last_event_before, source=SOURCE, order__mode=result.mode
    ).values_list("from_status", "to_status")
    result.moves.update(to for before, to in moves if before != to)
    orders = Order.objects.in_mode(result.mode)
    for order in orders.held():
        _report(f"order {order.pk} is paid, but on hold: {order.held}", result)
    for order in orders.paid_twice():
        _report(f"order {order.pk} is a duplicate payment: refund it", result)
    for order in orders.paid_but_not_granted():
        _report(f"order {order.pk} is paid, but access was not granted", result)
    for access in accesses_without_payment(mode=result.mode, at=result.at):
        _report(f"order {access.source_id} grants access but is not paid", result)
    _report_failed_refunds(result)
    failed = StripeEvent.objects.in_mode(result.mode).filter(status=StripeEvent.Status.FAILED)
    for event in failed:
        _report(f"event {event.event_id} ({event.kind}) failed: {event.failure}", result)


def _report_failed_refunds(result: Reconciliation) -> None:
    since = result.at - FAILED_REFUNDS_SHOWN_FOR
    failed = Refund.objects.filter(
        Q(told_at__gte=since) | Q(told_at=None, created_at__gte=since),
        status=Refund.Status.FAILED,
        order__mode=result.mode,
    )
    for refund in failed:
        words = f"refund {refund.stripe_id} failed ({refund.failure or 'no reason given'})"
        _report(f"{words}: the buyer of order {refund.order_id} has not received the money", result)
