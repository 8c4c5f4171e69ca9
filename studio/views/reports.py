"""The inbox of reports from learners, who stay unnamed."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from catalog.http import SeeOther
from catalog.models import BankQuestion, TestBank
from questions.services import current_of
from studio.errors import ReportClosed
from studio.forms.reports import CloseForm
from studio.listing import excerpt_of
from studio.models import Correction, QuestionReport
from studio.permissions import EDIT_QUESTIONS, PUBLISH_QUESTIONS, bank_page, may, user_of
from studio.services.reports import close_report
from studio.views.editor import preview_of

PER_PAGE = 50
State = QuestionReport.State


@bank_page(EDIT_QUESTIONS)
@require_safe
def reports(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """List the reports in one state: most reporters first while they are open."""
    asked = request.GET.get("state", "")
    state = State(asked) if asked in State.values else State.OPEN
    order = ("-reporter_count", "opened_at") if state == State.OPEN else ("-closed_at",)
    shown = test_bank.reports.filter(state=state).select_related("version", "question")
    page = Paginator(shown.order_by(*order, "pk"), PER_PAGE).get_page(request.GET.get("page"))
    counts = test_bank.reports.order_by().values_list("state").annotate(count=Count("pk"))
    found = dict(counts)
    context = {
        "test_bank": test_bank,
        "tab": "reports",
        "state": state,
        "states": [(one, one.label, found.get(one.value, 0)) for one in State],
        "page": page,
        "rows": [(report, excerpt_of(report.version)) for report in page],
        "query": f"state={state}",
    }
    return render(request, "studio/reports.html", context)


@bank_page(EDIT_QUESTIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, test_bank: TestBank, report_id: UUID) -> HttpResponse:
    """Show what learners wrote about a question, and close the report."""
    all_reports = test_bank.reports.select_related(
        "version", "question__current", "test_bank", "closed_by"
    )
    shown = get_object_or_404(all_reports, pk=report_id)
    may_close = may(user_of(request), PUBLISH_QUESTIONS, test_bank)
    form = CloseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not may_close:
            raise PermissionDenied
        if form.is_valid():
            return _close(request, shown, form)
    current = current_of(shown.question)
    place = BankQuestion.objects.filter(test_bank=test_bank, question=shown.question).first()
    is_newer = current.number > shown.version.number
    context = {
        "test_bank": test_bank,
        "tab": "reports",
        "report": shown,
        "words": [one for one in shown.reporters.order_by("at") if one.words],
        "preview": preview_of(shown.version.item),
        "place": place,
        "current": current,
        "is_newer": is_newer,
        "can_regrade": may_close
        and is_newer
        and not Correction.objects.filter(version=current).exists(),
        "may_close": may_close,
        "form": form,
    }
    return render(request, "studio/report.html", context)


def _close(request: HttpRequest, shown: QuestionReport, form: CloseForm) -> HttpResponse:
    try:
        close_report(
            report=shown,
            state=State(form.cleaned_data["state"]),
            reply=form.cleaned_data["reply"],
            by=user_of(request),
            at=timezone.now(),
        )
        words = _("Report closed. Everyone who reported this problem will get an email.")
        messages.success(request, words)
    except ReportClosed:
        messages.info(request, _("This report was already closed."))
    return SeeOther(reverse("studio:reports", args=[shown.test_bank.slug]))
