"""Fulfillment: a paid Checkout session becomes access, once.

The webhook, the return page and reconciliation all call `fulfill`. Any one of them is enough.
"""

import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from catalog.models import Access
from catalog.services import grant_access
from payments.domain.order_life_cycle import (
    mark_expired,
    mark_failed,
    mark_granted,
    mark_paid,
    mark_processing,
)
from payments.domain.receipts import queue_payment_failed, queue_receipt
from payments.domain.refunds_and_disputes import apply_balance, apply_early_events
from payments.errors import NotHeld, NotPaid, UnknownSession
from payments.models import Order, OrderEvent, OrderLine
from payments.stripe.facts import SessionFacts, mode_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PaymentReview:
    """Why a payment grants nothing: a reason to hold it, or the order that it duplicates."""

    hold_reason: str = ""
    duplicate_of: uuid.UUID | None = None

    @property
    def is_clear(self) -> bool:
        """True if the access may be granted."""
        return not self.hold_reason and self.duplicate_of is None


@transaction.atomic
def fulfill(session: SessionFacts, *, source: str, at: datetime) -> Order:
    """Turn a paid session into access, once.

    Atomic and idempotent; safe to call from several processes at once. A payment whose amount,
    currency or mode differs from the order's is held for a person. A second payment for a bank
    that the learner owns is flagged as a duplicate, and the first stays valid. Neither grants
    access.

    Raises: NotPaid if Stripe does not report the session as paid; UnknownSession.
    """
    if not session.is_paid:
        raise NotPaid(session.id)
    order = lock_order_of(session)
    if order.is_settled:
        return order
    learner = lock_learner_of(order)
    lines = lines_of(order)
    review = review_payment(order, learner, lines, session, at=at)
    if not mark_paid(
        order,
        session,
        source=source,
        at=at,
        granted_at=at if review.is_clear else None,
        hold_reason=review.hold_reason,
        duplicate_of=review.duplicate_of,
    ):
        return order
    if learner and review.is_clear:
        grant_lines(order, learner, lines, at=at)
    apply_early_events(order, source=source, at=at)
    return order


def lock_order_of(session: SessionFacts) -> Order:
    """Lock the session's order until the transaction ends. Raises: UnknownSession.

    An order without a session is found by our own metadata, since a webhook may come before our
    commit of the session's id. `client_reference_id` is not used: a buyer can choose it on a
    payment link.
    """
    orders = Order.objects.select_for_update()
    order = orders.filter(session_id=session.id).first()
    if order is None and (order_id := _uuid(session.order_id)):
        # The session's id may have been committed since the query above.
        unclaimed = Q(session_id=None) | Q(session_id=session.id)
        order = orders.filter(unclaimed, pk=order_id).first()
    if order is None:
        raise UnknownSession(session.id)
    return order


def lock_learner_of(order: Order) -> User | None:
    """Lock and return the order's learner; None if the account is gone.

    Two orders for one bank are thereby fulfilled one after the other, and the second sees the
    first one's access: PostgreSQL takes its snapshot before it waits for the lock, so lock first
    and read second. `no_key`, because inserting rows that refer to the learner takes a key share
    lock, which other requests must get meanwhile.
    """
    if order.user_id is None:
        return None
    learners = User.objects.select_for_update(no_key=True).only("email")
    learner = learners.filter(pk=order.user_id).first()
    if learner:
        order.user = learner  # Its mails go to the address of today.
    return learner


def lines_of(order: Order) -> list[OrderLine]:
    """Return the order's lines with what granting and the receipt need of their banks."""
    lines = order.lines.select_related("test_bank").order_by("pk")
    return list(lines.only("order_id", "title", "access_days", "test_bank__slug"))


def review_payment(
    order: Order,
    learner: User | None,
    lines: Collection[OrderLine],
    session: SessionFacts,
    *,
    at: datetime,
) -> PaymentReview:
    """Decide whether a payment grants access. The caller has locked the order and the learner."""
    if reason := _difference(order, session):
        return PaymentReview(hold_reason=reason)
    if learner is None:
        return PaymentReview(hold_reason="the learner's account was deleted")
    accesses = _live_accesses(learner, lines, at=at).order_by("starts_at", "pk")
    oldest = accesses.values_list("source_kind", "source_id").first()
    if oldest is None:
        return PaymentReview()
    source_kind, source_id = oldest
    if source_kind == Access.Source.ORDER and (order_id := _uuid(source_id)):
        first = Order.objects.filter(pk=order_id).values_list("pk", flat=True).first()
        if first:
            return PaymentReview(duplicate_of=first)
    return PaymentReview(hold_reason=f"the learner already had access ({source_kind})")


def _difference(order: Order, session: SessionFacts) -> str:
    """Return how the session differs from the order; "" if it does not."""
    is_free = session.payment_status == "no_payment_required"
    amount = session.amount_before_discount_minor if is_free else session.amount_minor
    if (amount, session.currency) != (order.amount_minor, order.currency):
        return (
            f"Stripe reports {amount} {session.currency}, "
            f"but the order is for {order.amount_minor} {order.currency}"
        )
    mode = mode_of(livemode=session.livemode)
    return (
        ""
        if mode == order.mode
        else f"the payment is in {mode} mode, but the order is in {order.mode} mode"
    )


def grant_lines(order: Order, learner: User, lines: Collection[OrderLine], *, at: datetime) -> None:
    """Grant access to each line and queue the receipt. Idempotent.

    The caller owns the transaction and has locked the order and the learner.
    """
    for line in lines:
        grant_access(
            learner=learner,
            test_bank=line.test_bank,
            source_kind=Access.Source.ORDER,
            source_id=str(order.pk),
            starts_at=at,
            access_days=line.access_days,
        )
        queue_receipt(order, line, at=at)


def apply_session(session: SessionFacts, *, source: str, at: datetime) -> Order:
    """Bring the order to the state of its session: paid, on its way, expired, or unchanged.

    Idempotent. Raises: UnknownSession.
    """
    if session.is_paid:
        return fulfill(session, source=source, at=at)
    with transaction.atomic():
        order = lock_order_of(session)
        if session.status == "expired":
            mark_expired(order, source=source, at=at)
        elif session.is_processing:
            mark_processing(order, source=source, at=at)
    return order


@transaction.atomic
def record_failed_payment(session: SessionFacts, *, source: str, at: datetime) -> Order:
    """Record that a delayed payment did not arrive, and tell the buyer. A paid order stays paid.

    Idempotent. Raises: UnknownSession.
    """
    order = lock_order_of(session)
    if mark_failed(order, source=source, at=at):
        queue_payment_failed(order, at=at)
    return order


@transaction.atomic
def grant_held_order(*, order: Order, at: datetime) -> None:
    """Grant the access of a held order, after a person has checked it. Idempotent.

    Raises: NotHeld if the order is not held or its learner is gone.
    """
    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.granted_at:
        return
    learner = lock_learner_of(order)
    if not order.held or learner is None or not order.is_settled:
        raise NotHeld(str(order.pk))
    _grant_late(order, learner, source=OrderEvent.Source.STAFF, at=at)
    logger.info("order=%s granted by staff", order.pk)


@transaction.atomic
def grant_missing_access(*, order: Order, at: datetime) -> bool:
    """Grant the access that a paid order lacks without a reason. Idempotent.

    Returns False if a person must decide: the learner is gone, or owns one of the banks.
    """
    lacking = Order.objects.select_for_update().paid_but_not_granted()
    found = lacking.filter(pk=order.pk).first()
    if found is None:
        return False
    learner = lock_learner_of(found)
    if learner is None or _live_accesses(learner, lines_of(found), at=at).exists():
        return False
    _grant_late(found, learner, source=OrderEvent.Source.RECONCILIATION, at=at)
    logger.warning("order=%s was paid without access; granting it now", order.pk)
    return True


def _grant_late(order: Order, learner: User, *, source: str, at: datetime) -> None:
    mark_granted(order, source=source, at=at)
    grant_lines(order, learner, lines_of(order), at=at)
    apply_balance(order, source=source, at=at)


def _live_accesses(
    learner: User, lines: Collection[OrderLine], *, at: datetime
) -> QuerySet[Access]:
    """Return the learner's live accesses to the banks of the lines."""
    banks = [line.test_bank_id for line in lines]
    return Access.objects.live(at).filter(learner=learner, test_bank__in=banks)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
