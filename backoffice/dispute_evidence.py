"""What to answer a bank with that wants a payment back: what was bought, opened and practised.

Composes what payments, catalog and practice know; to be printed on paper or as a PDF.
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
    """The page of one dispute, for staff who may see disputes."""
    disputes = Dispute.objects.select_related("order__user")
    dispute = get_object_or_404(disputes, pk=dispute_id)
    return render(request, "backoffice/dispute_evidence.html", _context(dispute))


def _context(dispute: Dispute) -> dict[str, Any]:
    order = dispute.order
    rounds = _rounds(order)
    return {
        "dispute": dispute,
        "order": order,
        "learner": order.user,
        "lines": [
            (line, format_price(line.amount_minor, order.currency))
            for line in order.lines.order_by("pk")
        ],
        "accesses": Access.objects.filter(
            source_kind=Access.Source.ORDER, source_id=str(order.pk)
        ).select_related("test_bank"),
        "history": order.events.order_by("at", "pk"),
        "rounds": rounds,
        "answered": sum(one.answered for one in rounds),
        "written_at": timezone.now(),
    }


def _rounds(order: Order) -> list[AttemptRecord]:
    if order.user_id is None:
        return []
    banks = list(order.lines.values_list("test_bank_id", flat=True))
    return attempt_history(learner_id=order.user_id, test_bank_ids=banks)
