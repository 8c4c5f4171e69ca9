"""The numbers of the shop that should be 0. Each counts something that is wrong.

The payment health page, the doctor and the metrics show them, always for one mode.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, Min, OuterRef, Q, QuerySet, UUIDField, Value, When
from django.db.models.functions import Cast, Replace

from catalog.models import Access
from outbox.models import OutgoingMail
from payments.models import Incident, Order, Outage, Refund, StripeEvent
from payments.stripe.client import payment_is_down

# A session lives for 24 hours; after that it is known to be paid or not.
MAX_ORDER_WAIT = timedelta(hours=25)
# The sweeps run every few seconds; what waits longer than this is not being worked on.
MAX_JOB_WAIT = timedelta(minutes=5)
UUID_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


@dataclass(frozen=True)
class HealthCounters:
    """What should be 0. `oldest_job_seconds` is the age of the oldest overdue work."""

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
        """Each counter by its name."""
        return {name: value for name, value in asdict(self).items() if name != "mode"}

    @property
    def all_is_well(self) -> bool:
        """True if every counter is 0."""
        return not any(self.numbers.values())


@dataclass(frozen=True)
class Failures:
    """What happened, and need not be 0. The totals only grow; Prometheus computes their rate."""

    failed_purchases: int
    incidents: int
    payment_down: int
    events_foreign: int


def failures(*, mode: str, since: datetime | None = None) -> Failures:
    """Count the failures of one mode, all of them or those since a time."""
    counted = Incident.objects.in_mode(mode)
    if since:
        counted = counted.filter(at__gte=since)
    is_down = payment_is_down() or Outage.objects.filter(mode=mode, ended_at=None).exists()
    return Failures(
        failed_purchases=counted.of_purchases().count(),
        incidents=counted.count(),
        payment_down=int(is_down),
        events_foreign=StripeEvent.objects.in_mode(mode).foreign().count(),
    )


def counter_names() -> list[str]:
    """Return the names of all counters, in their order."""
    return [field.name for field in fields(HealthCounters) if field.name != "mode"]


def health_counters(*, mode: str, at: datetime) -> HealthCounters:
    """Count what is wrong in one mode now."""
    orders = Order.objects.in_mode(mode)
    unanswered = orders.awaiting_payment().filter(created_at__lt=at - MAX_ORDER_WAIT)
    events = _count_events(mode, at)
    refunds = Refund.objects.filter(
        status=Refund.Status.ASKED, order__mode=mode, created_at__lt=at - MAX_JOB_WAIT
    ).aggregate(count=Count("pk"), oldest=Min("created_at"))
    mails = OutgoingMail.objects.filter(
        sent_at=None, given_up_at=None, due_at__lt=at - MAX_JOB_WAIT
    ).aggregate(oldest=Min("due_at"))
    return HealthCounters(
        mode=mode,
        paid_not_granted=orders.paid_but_not_granted().count(),
        granted_not_paid=accesses_without_payment(mode=mode, at=at).count(),
        orders_held=orders.held().count(),
        orders_paid_twice=orders.paid_twice().count(),
        orders_unanswered=unanswered.count(),
        refunds_unanswered=refunds["count"],
        events_unprocessed=events["overdue"],
        events_failed=events["failed"],
        events_unknown=events["unknown"],
        oldest_job_seconds=_age_seconds(at, events["oldest"], refunds["oldest"], mails["oldest"]),
    )


def _count_events(mode: str, at: datetime) -> dict[str, Any]:
    overdue = Q(status=StripeEvent.Status.RECEIVED, received_at__lt=at - MAX_JOB_WAIT)
    failed = Q(status=StripeEvent.Status.FAILED)
    counted: dict[str, Any] = (
        StripeEvent.objects.in_mode(mode)
        .unhandled()
        .aggregate(
            overdue=Count("pk", filter=overdue),
            failed=Count("pk", filter=failed),
            unknown=Count("pk", filter=Q(status=StripeEvent.Status.UNKNOWN)),
            oldest=Min("received_at", filter=overdue | failed),
        )
    )
    return counted


def _age_seconds(at: datetime, *times: datetime | None) -> int:
    """Return the age of the oldest of the times; 0 without one."""
    known = [time for time in times if time is not None]
    return int((at - min(known)).total_seconds()) if known else 0


def accesses_without_payment(*, mode: str, at: datetime) -> QuerySet[Access]:
    """Live accesses of orders that do not exist, were not paid, or whose money has gone.

    A refunded order may have live access if the seller chose to keep it open. Orders of another
    mode are not looked at.
    """
    chosen = Refund.objects.filter(
        order=OuterRef("pk"),
        access__in=[Refund.AccessChoice.KEEP, Refund.AccessChoice.SHORTEN],
    )
    backed = Q(paid_at__isnull=False) & (
        Q(status__in=[Order.Status.PAID, Order.Status.PARTIALLY_REFUNDED])
        | Q(Exists(chosen), status=Order.Status.REFUNDED)
    )
    backing = Order.objects.filter(backed | ~Q(mode=mode), pk=OuterRef("order_id"))
    # `source_id` is text, and SQLite stores UUIDs without dashes. A text that is no UUID names no
    # order, and would make PostgreSQL's cast fail.
    order_id = Case(
        When(
            source_id__regex=UUID_PATTERN,
            then=Cast(Replace("source_id", Value("-"), Value("")), UUIDField()),
        ),
        output_field=UUIDField(),
    )
    accesses = Access.objects.live(at).filter(source_kind=Access.Source.ORDER)
    return accesses.annotate(order_id=order_id).exclude(Exists(backing))
