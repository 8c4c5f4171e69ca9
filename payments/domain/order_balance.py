"""What an order comes to by all that Stripe has said of its money. Pure; nothing is asked.

Whatever the order in which the facts came, the same facts give the same end.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from payments.models import Dispute, Order, OrderLine, Refund

# Of two words about a refund the further one counts: it goes this way only.
REFUND_RANK = {
    Refund.Status.ASKED: -1,
    Refund.Status.REFUSED: -1,
    Refund.Status.PENDING: 0,
    Refund.Status.REQUIRES_ACTION: 1,
    Refund.Status.SUCCEEDED: 2,
    Refund.Status.CANCELED: 3,
    Refund.Status.FAILED: 4,
}
GONE_BACK = frozenset({Refund.Status.CANCELED, Refund.Status.FAILED})

# A question of the bank, an open dispute, a closed one: it goes this way only.
DISPUTE_STEP = {
    Dispute.Status.WARNING_NEEDS_RESPONSE: 0,
    Dispute.Status.WARNING_UNDER_REVIEW: 0,
    Dispute.Status.WARNING_CLOSED: 0,
    Dispute.Status.NEEDS_RESPONSE: 1,
    Dispute.Status.UNDER_REVIEW: 1,
    Dispute.Status.PREVENTED: 2,
    Dispute.Status.LOST: 2,
    Dispute.Status.WON: 2,
}
DISPUTE_ORDER = list(Dispute.Status.values)


@dataclass(frozen=True)
class Reckoning:
    """What the order is, and how much of what was paid has gone back."""

    status: str
    refunded_minor: int


def reckon(order: Order, refunds: Collection[Refund], disputes: Iterable[Dispute]) -> Reckoning:
    """What a paid order is: refunded where all went back or a dispute was lost, and so on."""
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
    return Reckoning(status, refunded)


def unexplained_minor(order: Order, refunds: Iterable[Refund]) -> int:
    """What went back by Stripe's word about the charge, and no refund known here explains.

    The charge's sum holds the refunds made until then, but for those that had failed before.
    """
    if order.charge_refunded_minor is None or order.charge_told_at is None:
        return 0
    explained = sum(
        refund.amount_minor for refund in refunds if _is_within(refund, order.charge_told_at)
    )
    return max(order.charge_refunded_minor - explained, 0)


def _is_within(refund: Refund, told_at: datetime) -> bool:
    """True where a charge's sum of that time held this refund."""
    if refund.stripe_id is None or refund.created_at > told_at:
        return False
    had_failed = refund.status in GONE_BACK and refund.told_at and refund.told_at < told_at
    return not had_failed


def withheld_from(
    order: Order,
    line: OrderLine,
    reckoning: Reckoning,
    refunds: Collection[Refund],
    disputes: Iterable[Dispute],
) -> datetime | None:
    """From when the access of a line is closed by its money; None where it is not.

    A dispute closes it while it is open and once it is lost. A refund does what the seller
    chose; where nobody chose, it closes what was paid back whole.
    """
    moments = [
        dispute.created_at
        for dispute in disputes
        if dispute.is_open or dispute.status == Dispute.Status.LOST
    ]
    counted = [refund for refund in refunds if refund.counts]
    for refund in counted:
        if not _is_for(refund, line):
            continue
        if refund.access == Refund.AccessChoice.REVOKE:
            moments.append(refund.created_at)
        elif refund.access == Refund.AccessChoice.SHORTEN and refund.access_until:
            moments.append(refund.access_until)
    if _whole_and_nobody_chose(order, reckoning, counted):
        moments.append(_last_word(order, counted))
    return min(moments, default=None)


def _is_for(refund: Refund, line: OrderLine) -> bool:
    lines = {one.pk for one in refund.lines.all()}
    return not lines or line.pk in lines


def _whole_and_nobody_chose(
    order: Order, reckoning: Reckoning, counted: Collection[Refund]
) -> bool:
    whole = reckoning.refunded_minor and reckoning.refunded_minor == order.paid_minor
    return bool(whole and not (counted and all(refund.access for refund in counted)))


def _last_word(order: Order, counted: Collection[Refund]) -> datetime:
    """When the money had gone back, by Stripe's clock."""
    moments = [refund.created_at for refund in counted]
    if order.charge_told_at:
        moments.append(order.charge_told_at)
    return max(moments)
