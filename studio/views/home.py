"""The first page of the desk: every bank that one works on."""

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.staff import staff_only
from catalog.models import TestBank
from studio.permissions import ADD_BANK, VIEW_BANK, banks_for, open_report_count, user_of


@staff_only
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """List the banks, drafts first: for whoever may see all banks, or has a role in one."""
    user = user_of(request)
    banks = banks_for(user).select_related("category")
    in_review = Count("bank_questions", filter=Q(bank_questions__state="review"))
    drafts = Count("bank_questions", filter=Q(bank_questions__state="draft"))
    shown = list(
        banks.annotate(in_review=in_review, drafts=drafts, open_reports=open_report_count())
        .defer("description", "contents", "review_tally")
        .order_by("title", "pk")
    )
    if not shown and not user.has_perm(VIEW_BANK):
        raise PermissionDenied
    order = (TestBank.Status.DRAFT, TestBank.Status.PUBLISHED, TestBank.Status.WITHDRAWN)
    shown.sort(key=lambda bank: order.index(TestBank.Status(bank.status)))
    context = {"banks": shown, "may_add": user.has_perm(ADD_BANK)}
    return render(request, "studio/home.html", context)
