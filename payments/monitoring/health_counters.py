"""The numbers of the shop that should be 0, for one mode: each names something that is not right.

Shown on the payment-health page, by the doctor and as metrics. Five statements in all.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import connection
from django.db.models import Count, Min, Q

from catalog.querysets import LIVE_ACCESS
from delivery.models import OutgoingMail
from delivery.reading import rows_of
from payments.models import Order, Refund, StripeEvent
from payments.domain.order_life_cycle import UNPAID

# A session lives for 24 hours, and is then known to be paid or not.
AN_ORDER_MAY_WAIT = timedelta(hours=25)
# The sweeps come round in seconds; what waits longer than this is not being worked on.
A_JOB_MAY_WAIT = timedelta(minutes=5)

# The id in an access is text; SQLite keeps the order's without its dashes.
ORDER_OF_ACCESS = {
    "postgresql": "orders.id::text = access.source_id",
    "sqlite": "orders.id = REPLACE(access.source_id, '-', '')",
}
WITHOUT_MONEY = """
FROM catalog_access access LEFT JOIN payments_order orders ON {join}
WHERE access.source_kind = 'order' AND {live} AND (orders.id IS NULL OR (
    orders.mode = %s AND (orders.paid_at IS NULL OR orders.status = 'disputed' OR (
        orders.status = 'refunded' AND NOT EXISTS (
            SELECT 1 FROM payments_refund refund WHERE refund.order_id = orders.id
            AND refund.access IN ('keep', 'shorten'))))))
"""


@dataclass(frozen=True)
class Figures:
    """What should be 0. `oldest_job_seconds` is the age of the oldest work that is overdue."""

    mode: str
    paid_not_granted: int
    granted_not_paid: int
    orders_held: int
    orders_paid_twice: int
    orders_unanswered: int
    refunds_unanswered: int
    events_unprocessed: int
    events_failed: int
    events_unknown: int
    oldest_job_seconds: int

    @property
    def numbers(self) -> dict[str, int]:
        """Each figure by its name."""
        return {name: value for name, value in asdict(self).items() if name != "mode"}

    @property
    def all_is_well(self) -> bool:
        """True where every figure is 0."""
        return not any(self.numbers.values())


def figures(*, mode: str, at: datetime) -> Figures:
    """The figures of one mode now; those of another never count."""
    orders, events = _orders(mode, at), _events(mode, at)
    oldest_event: datetime | None = events.pop("oldest")
    overdue = Refund.objects.filter(
        status=Refund.Status.ASKED, order__mode=mode, created_at__lt=at - A_JOB_MAY_WAIT
    ).aggregate(count=Count("pk"), oldest=Min("created_at"))
    mails = OutgoingMail.objects.filter(sent_at=None, given_up_at=None)
    mail = mails.filter(due_at__lt=at - A_JOB_MAY_WAIT).aggregate(oldest=Min("due_at"))
    oldest = [
        moment for moment in (oldest_event, overdue["oldest"], mail["oldest"]) if moment is not None
    ]
    return Figures(
        mode=mode,
        **orders,
        **events,
        granted_not_paid=granted_not_paid(mode=mode, at=at),
        refunds_unanswered=overdue["count"],
        oldest_job_seconds=int((at - min(oldest)).total_seconds()) if oldest else 0,
    )


def names() -> list[str]:
    """The names of all figures, in their order."""
    return [field.name for field in fields(Figures) if field.name != "mode"]


def _orders(mode: str, at: datetime) -> dict[str, int]:
    kept = Q(status__in=[Order.Status.PAID, Order.Status.PARTIALLY_REFUNDED])
    return Order.objects.in_mode(mode).aggregate(
        paid_not_granted=Count("pk", filter=kept & Q(granted_at=None, held="", duplicate_of=None)),
        orders_held=Count("pk", filter=kept & Q(granted_at=None) & ~Q(held="")),
        orders_paid_twice=Count("pk", filter=kept & Q(duplicate_of__isnull=False)),
        orders_unanswered=Count(
            "pk", filter=Q(status__in=UNPAID, created_at__lt=at - AN_ORDER_MAY_WAIT)
        ),
    )


def _events(mode: str, at: datetime) -> dict[str, Any]:
    overdue = Q(status=StripeEvent.Status.RECEIVED, received_at__lt=at - A_JOB_MAY_WAIT)
    failed = Q(status=StripeEvent.Status.FAILED)
    counted: dict[str, Any] = (
        StripeEvent.objects.in_mode(mode)
        .filter(status__in=["received", "failed", "unknown"])
        .aggregate(
            events_unprocessed=Count("pk", filter=overdue),
            events_failed=Count("pk", filter=failed),
            events_unknown=Count("pk", filter=Q(status=StripeEvent.Status.UNKNOWN)),
            oldest=Min("received_at", filter=overdue | failed),
        )
    )
    return counted


def granted_not_paid(*, mode: str, at: datetime) -> int:
    """Live accesses whose order was not paid, or whose money has gone; or is not there at all."""
    return int(_without_money("COUNT(*)", mode, at)[0][0])


def accesses_without_money(*, mode: str, at: datetime) -> list[str]:
    """The ids of the orders that those accesses name."""
    return [row[0] for row in _without_money("access.source_id", mode, at)]


def _without_money(columns: str, mode: str, at: datetime) -> list[tuple[str]]:
    join = ORDER_OF_ACCESS[connection.vendor]
    statement = f"SELECT {columns} {WITHOUT_MONEY.format(join=join, live=LIVE_ACCESS)}"
    now = connection.ops.adapt_datetimefield_value(at)
    return cast(list[tuple[str]], rows_of(statement, [now, now, mode]))
