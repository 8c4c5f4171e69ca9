"""What an order's money adds up to, from all that Stripe has reported. Pure functions.

The result depends on the facts only, not on the order in which they came.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from catalog.models import Access
from payments.models import Dispute, Order, OrderLine, Refund

# Refund statuses are ordered; the most advanced one is kept.
REFUND_RANK = {
    Refund.Status.ASKED: -1,
    Refund.Status.REFUSED: -1,
    Refund.Status.PENDING: 0,
    Refund.Status.REQUIRES_ACTION: 1,
    Refund.Status.SUCCEEDED: 2,
    Refund.Status.CANCELED: 3,
    Refund.Status.FAILED: 4,
}
NOT_REFUNDED = (Refund.Status.CANCELED, Refund.Status.FAILED)

# An inquiry, an open dispute, a closed one: a dispute never goes back.
DISPUTE_RANK = {
    Dispute.Status.WARNING_NEEDS_RESPONSE: 0,
    Dispute.Status.WARNING_UNDER_REVIEW: 0,
    Dispute.Status.WARNING_CLOSED: 0,
    Dispute.Status.NEEDS_RESPONSE: 1,
    Dispute.Status.UNDER_REVIEW: 1,
    Dispute.Status.PREVENTED: 2,
    Dispute.Status.LOST: 2,
    Dispute.Status.WON: 2,
}
DISPUTE_STATUSES = list(Dispute.Status.values)


@dataclass(frozen=True)
class OrderBalance:
    """The status that an order's money gives it, and how much was refunded."""

    status: str
    refunded_minor: int


def calculate_balance(
    order: Order, refunds: Collection[Refund], disputes: Iterable[Dispute]
) -> OrderBalance:
    """Calculate the balance of a paid order.

    It is refunded if all of it went back or a dispute was lost, disputed while a dispute is open,
    partially refunded if a part went back, and paid otherwise.
    """
    paid = order.paid_minor or 0
    counted = sum(refund.amount_minor for refund in refunds if refund.counts)
    refunded = min(counted + unexplained_minor(order, refunds), paid)
    states = {dispute.status for dispute in disputes}
    if (refunded and refunded == paid) or Dispute.Status.LOST in states:
        status = Order.Status.REFUNDED
    elif states & {Dispute.Status.NEEDS_RESPONSE, Dispute.Status.UNDER_REVIEW}:
        status = Order.Status.DISPUTED
    else:
        status = Order.Status.PARTIALLY_REFUNDED if refunded else Order.Status.PAID
    return OrderBalance(status, refunded)


def unexplained_minor(order: Order, refunds: Iterable[Refund]) -> int:
    """Return what the charge reports as refunded and no known refund explains.

    The charge's sum contains the refunds created by then, except those that had failed by then.
    """
    if order.charge_refunded_minor is None or order.charge_told_at is None:
        return 0
    explained = sum(
        refund.amount_minor for refund in refunds if _is_in_charge_sum(refund, order.charge_told_at)
    )
    return max(order.charge_refunded_minor - explained, 0)


def _is_in_charge_sum(refund: Refund, told_at: datetime) -> bool:
    """Return True if the charge's sum of that time contained this refund."""
    if refund.stripe_id is None or refund.created_at > told_at:
        return False
    had_failed = refund.status in NOT_REFUNDED and refund.told_at and refund.told_at < told_at
    return not had_failed


def withheld_from(
    order: Order,
    line: OrderLine,
    balance: OrderBalance,
    refunds: Collection[Refund],
    disputes: Iterable[Dispute],
) -> tuple[datetime | None, str]:
    """Return from when the line's access is withheld and why; None and "" if it is not.

    A dispute withholds it while it is open and, with a reason of its own, once it is lost. A
    refund does what the seller chose; if nobody chose, a full refund withholds it.
    """
    moments = _disputed(disputes)
    counted = [refund for refund in refunds if refund.counts]
    for refund in counted:
        if not _is_for(refund, line):
            continue
        if refund.access == Refund.AccessChoice.REVOKE:
            moments.append((refund.created_at, Access.Withheld.REFUND.value))
        elif refund.access == Refund.AccessChoice.SHORTEN and refund.access_until:
            moments.append((refund.access_until, Access.Withheld.REFUND.value))
    if _is_refunded_without_choice(order, balance, counted):
        moments.append((_refunded_at(order, counted), Access.Withheld.REFUND.value))
    return min(moments, default=(None, ""))


def _disputed(disputes: Iterable[Dispute]) -> list[tuple[datetime, str]]:
    """Return when each open or lost dispute began; one that is lost decides the reason of all."""
    counted = [one for one in disputes if one.is_open or one.status == Dispute.Status.LOST]
    is_lost = any(one.status == Dispute.Status.LOST for one in counted)
    reason = Access.Withheld.LOST if is_lost else Access.Withheld.DISPUTE
    return [(one.created_at, reason.value) for one in counted]


def _is_for(refund: Refund, line: OrderLine) -> bool:
    lines = {one.pk for one in refund.lines.all()}
    return not lines or line.pk in lines


def _is_refunded_without_choice(
    order: Order, balance: OrderBalance, counted: Collection[Refund]
) -> bool:
    is_full = balance.refunded_minor and balance.refunded_minor == order.paid_minor
    return bool(is_full and not (counted and all(refund.access for refund in counted)))


def _refunded_at(order: Order, counted: Collection[Refund]) -> datetime:
    """Return when the money had gone back, by Stripe's clock."""
    moments = [refund.created_at for refund in counted]
    if order.charge_told_at:
        moments.append(order.charge_told_at)
    return max(moments)
