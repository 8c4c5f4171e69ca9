"""The site's ledger, read inside the site: `print_site_ledger()` in `manage.py shell`."""

import json
import re
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.utils import timezone

from catalog.models import Access
from e2e.fault_bench.ledger import EmailRow, OrderRow, SiteLedger
from outbox.models import OutgoingMail
from payments.models import Order, Refund, StripeEvent
from payments.monitoring.health_counters import health_counters

# The keys of mails about an order hold its id.
ORDER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def print_site_ledger() -> None:
    json.dump(asdict(read_site_ledger()), sys.stdout)


def read_site_ledger() -> SiteLedger:
    """Read the database of this process's settings."""
    now = timezone.now()
    live = Counter(
        access.source_id
        for access in Access.objects.filter(source_kind=Access.Source.ORDER)
        if access.is_live(now)
    )
    orders = [
        _order_row(order, live)
        for order in Order.objects.prefetch_related("lines__test_bank", "refunds")
    ]
    return SiteLedger(
        orders=orders,
        accesses_without_order=sorted(live.keys() - {order.id for order in orders}),
        emails=[_email_row(email) for email in OutgoingMail.objects.order_by("pk")],
        figures=health_counters(mode=settings.STRIPE_MODE, at=now).numbers,
        refunds_unanswered=Refund.objects.filter(status=Refund.Status.ASKED).count(),
        events=dict(Counter(StripeEvent.objects.values_list("status", flat=True))),
    )


def _order_row(order: Any, live: dict[str, int]) -> OrderRow:
    (line,) = order.lines.all()
    return OrderRow(
        id=str(order.pk),
        learner=order.email,
        bank=line.test_bank.slug,
        status=order.status,
        session_id=order.session_id or "",
        is_paid=order.paid_at is not None,
        is_granted=order.granted_at is not None,
        is_held=bool(order.held),
        duplicate_of=str(order.duplicate_of_id or ""),
        paid_minor=order.paid_minor or 0,
        refunded_minor=order.refunded_minor,
        accesses=live[str(order.pk)],
        refund_access=_refund_access([refund for refund in order.refunds.all() if refund.counts]),
    )


def _refund_access(refunds: list[Any]) -> str:
    choices = {refund.access for refund in refunds}
    if "revoke" in choices:
        return "closed"
    return "left" if choices and "" not in choices else ""


def _email_row(email: OutgoingMail) -> EmailRow:
    order = ORDER_ID.search(email.key)
    return EmailRow(
        key=email.key,
        template=email.template,
        subject=f"order={order[0] if order else ''} title={email.context.get('title')}",
        is_sent=email.sent_at is not None,
    )
