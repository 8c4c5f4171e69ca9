"""The one room behind the three doors: a paid session becomes access, once.

Webhook, return page and reconciliation all call `fulfil`; any one of them is enough.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from catalog.models import Access
from catalog.services import expiry
from delivery.writing import Write, execute, insertion_of, one_transaction
from payments.errors import NotPaid
from payments.models import Order
from payments.domain.order_life_cycle import mark_expired, mark_failed, mark_paid
from payments.domain.receipts import receipts
from payments.domain.refunds_and_disputes import balance, note_early_events
from payments.stripe.sessions import SessionFacts, mode_told
from payments.domain.standing import Bought, Standing, bought_in, standing_of

WEBHOOK, RETURN_PAGE, RECONCILIATION, PURCHASE = "webhook", "return", "reconciliation", "purchase"


def fulfil(
    session: SessionFacts, *, door: str, at: datetime, locked: uuid.UUID | None = None
) -> Order:
    """Mark the session's order as paid and give its access.

    Idempotent, atomic, and safe to be called at once from several doors: the end is the
    same. A payment whose amount, currency or mode is not the order's is held for a
    person; a second payment for what is owned is flagged, and the first stays valid.
    `locked`: see `standing_of`. Raises: NotPaid where Stripe does not say paid, UnknownSession.
    """
    if not session.is_paid:
        raise NotPaid(session.id)
    with one_transaction():
        standing = standing_of(session, at=at, locked=locked)
        return _fulfilled(standing, session, door=door, at=at)


def settle(
    session: SessionFacts, *, door: str, at: datetime, locked: uuid.UUID | None = None
) -> Order:
    """Bring the order to what Stripe says of its session: paid, expired, or as it was.

    Idempotent. `locked`: see `standing_of`. Raises: UnknownSession.
    """
    if session.is_paid:
        return fulfil(session, door=door, at=at, locked=locked)
    with one_transaction():
        order = standing_of(session, at=at, locked=locked).order
        if session.status == "expired":
            mark_expired(order, door=door, at=at)
    return order


def note_failed(
    session: SessionFacts, *, door: str, at: datetime, locked: uuid.UUID | None = None
) -> Order:
    """A delayed payment did not arrive. A late failure never overturns a paid order.

    `locked`: see `standing_of`. Raises: UnknownSession.
    """
    with one_transaction():
        order = standing_of(session, at=at, locked=locked).order
        mark_failed(order, door=door, at=at)
    return order


def _fulfilled(standing: Standing, session: SessionFacts, *, door: str, at: datetime) -> Order:
    order, former = standing.order, standing.former_access
    if order.is_settled:
        return order
    held = _reason_to_hold(standing, session)
    duplicate_of = None if held else _order_behind(former)
    if former and not held and not duplicate_of:
        held = f"the learner had access already ({former[0]})"
    granted = not held and not duplicate_of
    moved = mark_paid(
        order,
        session,
        door=door,
        at=at,
        granted=granted,
        held=held,
        duplicate_of=duplicate_of,
        then=(lambda paid: _given(paid, standing.lines, at=at)) if granted else None,
    )
    if moved and standing.has_early_events:
        note_early_events(order, door=door, at=at)
    return order


def _reason_to_hold(standing: Standing, session: SessionFacts) -> str:
    """Why this payment needs a person; "" where nothing speaks against it."""
    order = standing.order
    free_of_charge = session.payment_status == "no_payment_required"
    amount = session.amount_before_discount_minor if free_of_charge else session.amount_minor
    if (amount, session.currency) != (order.amount_minor, order.currency):
        return (
            f"Stripe says {amount} {session.currency}, "
            f"the order {order.amount_minor} {order.currency}"
        )
    told = mode_told(livemode=session.livemode)
    if told != order.mode:
        return f"Stripe speaks of mode {told}, the order is {order.mode}"
    return "" if order.user_id else "the learner's account is gone"


def _order_behind(access: tuple[str, str] | None) -> uuid.UUID | None:
    """The order that an access comes from; None where it has another cause."""
    if access is None or access[0] != Access.Source.ORDER:
        return None
    return Order.objects.filter(pk=access[1]).values_list("pk", flat=True).first()


def grant(order: Order, *, at: datetime) -> None:
    """Give what the order bought, and queue its mails, in the caller's transaction. Idempotent."""
    if order.user_id:
        for write in _given(order, bought_in(order), at=at):
            execute(write)
        balance(order, door=RECONCILIATION, at=at)


def _given(order: Order, lines: Sequence[Bought], *, at: datetime) -> list[Write]:
    """The access of each line, and the mail that says so, yet to be written."""
    accesses = [
        {
            "learner_id": order.user_id,
            "test_bank_id": line.test_bank_id,
            "source_kind": Access.Source.ORDER,
            "source_id": str(order.pk),
            "starts_at": at,
            "expires_at": expiry(at=at, access_days=line.access_days),
        }
        for line in lines
    ]
    return [insertion_of(Access, *accesses, once=True), receipts(order, lines, at=at)]
