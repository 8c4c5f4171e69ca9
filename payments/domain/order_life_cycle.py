"""The life cycle of an order: every move between its states.

Each move is one function: a conditional UPDATE from the states it may start in and an
`OrderEvent`, in the caller's transaction or in one of its own. Nothing here calls Stripe.
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction

from payments.models import OpenCheckout, Order, OrderEvent, ReceiptCounter
from payments.stripe.facts import SessionFacts

AWAITING_PAYMENT = (Order.Status.PENDING, Order.Status.OPEN)
UNPAID = (*AWAITING_PAYMENT, Order.Status.EXPIRED, Order.Status.FAILED)
ONCE_PAID = (
    Order.Status.PAID,
    Order.Status.PARTIALLY_REFUNDED,
    Order.Status.REFUNDED,
    Order.Status.DISPUTED,
)


def mark_asked(order: Order, *, at: datetime) -> None:
    """Record when the session was first requested: Stripe keeps its key for a day from then."""
    if order.asked_at is None and Order.objects.filter(pk=order.pk, asked_at=None).update(
        asked_at=at
    ):
        order.asked_at = at


@transaction.atomic(savepoint=False)
def mark_open(order: Order, session: SessionFacts, *, at: datetime) -> bool:
    """Move from pending to open, with the session's id and URL.

    Returns False if the order has moved on: a webhook may come before this commit.
    """
    return _move(
        order,
        kind="session-opened",
        from_states=(Order.Status.PENDING,),
        status=Order.Status.OPEN,
        at=at,
        session_id=session.id,
        session_url=session.url,
        session_expires_at=session.expires_at,
    )


@transaction.atomic(savepoint=False)
def mark_processing(order: Order, *, source: str, at: datetime) -> bool:
    """Record that a delayed payment is on its way; False if that is known or it has ended."""
    waiting = Order.objects.filter(pk=order.pk, status__in=AWAITING_PAYMENT, processing_since=None)
    if not waiting.update(processing_since=at):
        return False
    order.processing_since = at
    record_event(order, kind="processing", source=source, at=at)
    return True


@transaction.atomic(savepoint=False)
def mark_expired(order: Order, *, source: str, at: datetime) -> bool:
    """Move from pending or open to expired; False from any other state."""
    return _close_unpaid(order, kind="expired", status=Order.Status.EXPIRED, source=source, at=at)


@transaction.atomic(savepoint=False)
def mark_failed(order: Order, *, source: str, at: datetime) -> bool:
    """Move from pending or open to failed; False from any other state."""
    return _close_unpaid(order, kind="failed", status=Order.Status.FAILED, source=source, at=at)


def _close_unpaid(order: Order, *, kind: str, status: str, source: str, at: datetime) -> bool:
    moved = _move(
        order, kind=kind, from_states=AWAITING_PAYMENT, status=status, source=source, at=at
    )
    if moved:
        _free_checkout(order)
    return moved


@transaction.atomic(savepoint=False)
def mark_paid(
    order: Order,
    session: SessionFacts,
    *,
    source: str,
    at: datetime,
    granted_at: datetime | None,
    hold_reason: str = "",
    duplicate_of: uuid.UUID | None = None,
) -> bool:
    """Move from any unpaid state to paid, with its flags; False if it was paid before.

    A late payment wins over expired and failed. With `granted_at` the caller grants the access
    in the same transaction, so that paid and granted commit together. The order gets the next
    receipt number.
    """
    receipt_serial = _lock_next_receipt_serial(order.mode)
    moved = _move(
        order,
        kind="paid",
        from_states=UNPAID,
        status=Order.Status.PAID,
        source=source,
        at=at,
        detail={"held": hold_reason} if hold_reason else {},
        session_id=session.id,
        payment_intent_id=session.payment_intent_id,
        paid_at=at,
        paid_minor=session.amount_minor,
        paid_currency=session.currency,
        granted_at=granted_at,
        held=hold_reason,
        duplicate_of_id=duplicate_of,
        receipt_serial=receipt_serial,
    )
    if moved:
        ReceiptCounter.objects.filter(mode=order.mode).update(last=receipt_serial)
        _free_checkout(order)
    return moved


def _lock_next_receipt_serial(mode: str) -> int:
    # One row for all payments of the mode: lock it last, because it is locked until the commit.
    counters = ReceiptCounter.objects.select_for_update()
    counter, _is_new = counters.get_or_create(mode=mode)
    return counter.last + 1


@transaction.atomic(savepoint=False)
def mark_granted(order: Order, *, source: str, at: datetime) -> bool:
    """Record that a paid order grants its access only now; the caller grants it."""
    return _move(
        order,
        kind="granted",
        from_states=ONCE_PAID,
        status=order.status,
        source=source,
        at=at,
        granted_at=at,
    )


@transaction.atomic(savepoint=False)
def mark_balance(
    order: Order, *, kind: str, status: str, refunded_minor: int, source: str, at: datetime
) -> bool:
    """Move between paid, partially refunded, refunded and disputed; False if it was never paid.

    The caller holds the order's lock and has calculated the balance (`order_balance.py`).
    """
    return _move(
        order,
        kind=kind,
        from_states=ONCE_PAID,
        status=status,
        source=source,
        at=at,
        detail={"refunded_minor": refunded_minor},
        refunded_minor=refunded_minor,
    )


def record_event(
    order: Order, *, kind: str, at: datetime, source: str = "", detail: dict[str, Any] | None = None
) -> None:
    """Add to the order's history something that does not move it."""
    OrderEvent.objects.create(
        order=order,
        kind=kind,
        from_status=order.status,
        to_status=order.status,
        source=source,
        at=at,
        detail=detail or {},
    )


def _move(
    order: Order,
    *,
    kind: str,
    from_states: Collection[str],
    status: str,
    at: datetime,
    source: str = "",
    detail: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Update the order if it is in one of the states, and add the event; True if it moved.

    The caller owns the transaction. On False the instance is read again.
    """
    before, values = order.status, {"status": status, **values}
    if not Order.objects.filter(pk=order.pk, status__in=from_states).update(**values):
        order.refresh_from_db()
        return False
    for name, value in values.items():
        setattr(order, name, value)
    OrderEvent.objects.create(
        order=order,
        kind=kind,
        from_status=before,
        to_status=status,
        source=source,
        at=at,
        detail=detail or {},
    )
    return True


def _free_checkout(order: Order) -> None:
    """Let the learner open another checkout for the bank."""
    OpenCheckout.objects.filter(order=order).delete()
