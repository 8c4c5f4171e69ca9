"""The life of an order: how it is written down, and every move it can make.

Each move is one function: a conditional update from the states it may start in, and an
`OrderEvent`, in one transaction. Stripe is never called from here.
"""

import json
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from catalog.models import TestBank
from delivery.reading import columns_of, instance_of, rows_of
from delivery.writing import (
    Write,
    deletion,
    execute,
    insert,
    insertion_of,
    one_transaction,
    update_if,
)
from payments.models import OpenCheckout, Order, OrderEvent, OrderLine
from payments.stripe.sessions import SessionFacts

UNPAID = (Order.Status.PENDING, Order.Status.OPEN)
NOT_PAID_YET = (*UNPAID, Order.Status.EXPIRED, Order.Status.FAILED)
# Written out, as every purchase asks for it.
HELD = f"""
SELECT {columns_of(Order, "orders")}
FROM payments_opencheckout checkout JOIN payments_order orders ON orders.id = checkout.order_id
WHERE checkout.learner_id = %s AND checkout.test_bank_id = %s AND checkout.mode = %s
"""  # noqa: S608 - constants
# What a move brings with it, of the order as it then is.
Then = Callable[[Order], Sequence[Write]]
SETTLED = (
    Order.Status.PAID,
    Order.Status.PARTIALLY_REFUNDED,
    Order.Status.REFUNDED,
    Order.Status.DISPUTED,
)


@dataclass(frozen=True)
class ReturnAddresses:
    """Where Stripe sends the buyer afterwards; `{order}` stands for the order's id."""

    success: str
    cancelled: str


def open_order(
    *,
    learner: User,
    test_bank: TestBank,
    mode: str,
    account: str,
    addresses: ReturnAddresses,
    at: datetime,
    is_asked: bool = False,
) -> Order:
    """The one order that is open for this learner, bank and mode; made where there is none.

    Idempotent, also at once on several servers: whoever comes second finds the row that
    the database let the first one make. `is_asked` says that Stripe is asked at once for what
    is made here, so that it need not be noted by itself (`note_asked`).
    """
    holder = {"learner": learner, "test_bank": test_bank, "mode": mode}
    while not (order := _order_held_by(holder)):
        try:
            return _placed(
                _new_order(
                    holder=holder,
                    account=account,
                    addresses=addresses,
                    at=at,
                    asked_at=at if is_asked else None,
                ),
                holder,
            )
        except IntegrityError:
            continue
    return order


def _order_held_by(holder: dict[str, Any]) -> Order | None:
    rows = rows_of(HELD, [holder["learner"].pk, holder["test_bank"].pk, holder["mode"]])
    return instance_of(Order, rows[0]) if rows else None


def _new_order(
    *,
    holder: dict[str, Any],
    account: str,
    addresses: ReturnAddresses,
    at: datetime,
    asked_at: datetime | None,
) -> Order:
    learner: User = holder["learner"]
    test_bank: TestBank = holder["test_bank"]
    order = Order(
        id=uuid.uuid4(),
        user=learner,
        email=learner.email,
        account=account,
        mode=holder["mode"],
        amount_minor=test_bank.price_minor,
        currency=test_bank.currency,
        idempotency_key=f"order-{uuid.uuid4()}",
        created_at=at,
        asked_at=asked_at,
    )
    order.request = json.dumps(
        session_request(order=order, test_bank=test_bank, addresses=addresses)
    )
    return order


@transaction.atomic
def _placed(order: Order, holder: dict[str, Any]) -> Order:
    """The order, written down with its line and with what keeps others from making another."""
    test_bank: TestBank = holder["test_bank"]
    line = OrderLine(
        order=order,
        test_bank=test_bank,
        title=test_bank.title,
        amount_minor=test_bank.price_minor,
        access_days=test_bank.access_days,
    )
    for row in (order, OpenCheckout(order=order, **holder), line):
        insert([row])
    execute(_record(order, kind="placed", before=order.status, at=order.created_at))
    order._state.adding, order.placed_line = False, line
    return order


def session_request(
    *, order: Order, test_bank: TestBank, addresses: ReturnAddresses
) -> dict[str, Any]:
    """The parameters of the order's Checkout session.

    Nothing in them depends on the time, because Stripe refuses a key that comes back with
    another body. No payment methods are listed: Stripe chooses them. The session's
    metadata is not copied to its payment intent, so both carry the order's id.
    """
    return {
        "mode": "payment",
        "line_items": [
            {
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": order.amount_minor,
                    "product_data": {"name": test_bank.title},
                },
                "quantity": 1,
            }
        ],
        "customer_email": order.email,
        "client_reference_id": str(order.id),
        "metadata": {"order_id": str(order.id)},
        "payment_intent_data": {"metadata": {"order_id": str(order.id)}},
        "success_url": addresses.success.replace("{order}", str(order.id)),
        "cancel_url": addresses.cancelled.replace("{order}", str(order.id)),
    }


def still_describes(order: Order, test_bank: TestBank) -> bool:
    """True where the order asks for what the bank costs, gives and is called now."""
    line = order.placed_line
    if line is None or line.test_bank_id != test_bank.pk:
        line = order.lines.get(test_bank=test_bank)
    return (order.currency, order.amount_minor, line.title, line.access_days) == (
        test_bank.currency,
        test_bank.price_minor,
        test_bank.title,
        test_bank.access_days,
    )


def note_asked(order: Order, *, at: datetime) -> None:
    """Write down when Stripe was first asked: its keys are kept for 24 hours from then."""
    if order.asked_at:
        return
    if Order.objects.filter(pk=order.pk, asked_at=None).update(asked_at=at):
        order.asked_at = at


def record_session(order: Order, session: SessionFacts, *, at: datetime) -> None:
    """Pending → open, with the session's id and address.

    Does nothing where the order has moved on already: a webhook may have come first.
    """
    _move(
        order,
        kind="session-opened",
        sources=(Order.Status.PENDING,),
        target=Order.Status.OPEN,
        at=at,
        session_id=session.id,
        session_url=session.url,
        session_expires_at=session.expires_at,
    )


def mark_expired(order: Order, *, door: str, at: datetime) -> bool:
    """Pending or open → expired; False where it was in no such state (paid stays paid)."""
    return _close(
        order, kind="expired", sources=UNPAID, target=Order.Status.EXPIRED, door=door, at=at
    )


def mark_failed(order: Order, *, door: str, at: datetime) -> bool:
    """Pending or open → failed; False where it was in no such state (paid stays paid)."""
    return _close(
        order, kind="failed", sources=UNPAID, target=Order.Status.FAILED, door=door, at=at
    )


def _close(order: Order, *, then: Then | None = None, **move: Any) -> bool:
    """A move after which the learner may open another checkout for the bank."""
    closed = deletion(OpenCheckout, field="order_id", value=order.pk)
    return _move(order, then=lambda moved: [closed, *(then(moved) if then else ())], **move)


def mark_paid(
    order: Order,
    session: SessionFacts,
    *,
    door: str,
    at: datetime,
    granted: bool,
    held: str = "",
    duplicate_of: uuid.UUID | None = None,
    then: Then | None = None,
) -> bool:
    """Whatever was not paid yet → paid, with its flags; False where it was paid before.

    A late payment wins over `expired` and `failed`. The access that it gives is written
    `then`, in the same transaction, so that paid and granted are one step.
    """
    return _close(
        order,
        then=then,
        kind="paid",
        sources=NOT_PAID_YET,
        target=Order.Status.PAID,
        door=door,
        at=at,
        session_id=session.id,
        payment_intent_id=session.payment_intent_id,
        paid_at=at,
        paid_minor=session.amount_minor,
        paid_currency=session.currency,
        granted_at=at if granted else None,
        held=held,
        duplicate_of_id=duplicate_of,
    )


def mark_money(
    order: Order,
    *,
    kind: str,
    status: str,
    refunded_minor: int,
    door: str,
    at: datetime,
) -> bool:
    """Paid, partly refunded, refunded and disputed, each to each, by what Stripe said last.

    The caller has locked the order and worked out where it stands (`reckoning.py`). False
    where it was not paid.
    """
    detail = {"refunded_minor": refunded_minor}
    return _move(
        order,
        kind=kind,
        sources=SETTLED,
        target=status,
        door=door,
        at=at,
        detail=detail,
        refunded_minor=refunded_minor,
    )


def mark_granted(order: Order, *, at: datetime) -> bool:
    """A paid order that gave no access gives it now; the caller gives it in this transaction."""
    return _move(order, kind="granted", sources=SETTLED, target=order.status, at=at, granted_at=at)


def note(order: Order, *, kind: str, door: str, at: datetime, detail: dict[str, Any]) -> None:
    """Write into the order's history what happened to it without moving it."""
    execute(_record(order, kind=kind, before=order.status, at=at, door=door, detail=detail))


def _move(
    order: Order,
    *,
    kind: str,
    sources: Collection[str],
    target: str,
    at: datetime,
    door: str = "",
    detail: dict[str, Any] | None = None,
    then: Then | None = None,
    **changes: Any,
) -> bool:
    """One conditional update and its event, in one transaction; True where it took effect."""
    former, moved_to = order.status, {"status": target, **changes}
    for name, value in moved_to.items():
        setattr(order, name, value)
    event = _record(order, kind=kind, before=former, at=at, door=door, detail=detail)
    also = [event, *(then(order) if then else ())]
    with one_transaction():
        moved = update_if(order, moved_to, field="status", among=sources, then=also)
        if not moved:
            order.refresh_from_db()
    return moved


def _record(
    order: Order,
    *,
    kind: str,
    before: str,
    at: datetime,
    door: str = "",
    detail: dict[str, Any] | None = None,
) -> Write:
    """The event that says so, yet to be written."""
    event = {
        "order_id": order.pk,
        "kind": kind,
        "from_status": before,
        "to_status": order.status,
        "door": door,
        "at": at,
        "detail": detail if detail is not None else {"held": order.held} if order.held else {},
    }
    return insertion_of(OrderEvent, event)
