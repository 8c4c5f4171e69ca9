"""The evidence for a dispute: what was bought, opened and practiced, as a page to print.

Joins data of payments, catalog and practice.
"""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.staff import staff_only
from catalog.models import Access
from catalog.money import format_price
from payments.models import Dispute, Order
from practice.history import AttemptRecord, attempt_history


@staff_only
@permission_required("payments.view_dispute", raise_exception=True)
@require_GET
def evidence(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Show the evidence of one dispute, to staff with `payments.view_dispute`."""
    disputes = Dispute.objects.select_related("order__user")
    dispute = get_object_or_404(disputes, pk=dispute_id)
    return render(request, "backoffice/dispute_evidence.html", _context(dispute))


def _context(dispute: Dispute) -> dict[str, Any]:
    order, at = dispute.order, timezone.now()
    attempts = _attempts(order)
    accesses = Access.objects.filter(
        source_kind=Access.Source.ORDER, source_id=str(order.pk)
    ).select_related("test_bank")
    return {
        "dispute": dispute,
        "order": order,
        "learner": order.user,
        "lines": [
            (line, format_price(line.amount_minor, order.currency))
            for line in order.lines.order_by("pk")
        ],
        "accesses": [(access, access.state(at)) for access in accesses],
        "history": order.events.order_by("at", "pk"),
        "rounds": attempts,
        "answered": sum(attempt.answered for attempt in attempts),
        "written_at": at,
    }


def _attempts(order: Order) -> list[AttemptRecord]:
    if order.user_id is None:
        return []
    banks = list(order.lines.values_list("test_bank_id", flat=True))
    return attempt_history(learner_id=order.user_id, test_bank_ids=banks)
