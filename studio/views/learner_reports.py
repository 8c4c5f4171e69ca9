"""Pages of learners: report a question, and see what became of it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from catalog.http import SeeOther
from catalog.listing.bank_page import sample_version
from catalog.models import TestBank
from practice.models import Attempt
from questions.models import QuestionVersion
from safety.rate_limits import (
    QUESTION_REPORT,
    allow,
    person_of,
    seconds_left,
    too_many_requests,
)
from studio.forms.reports import ReportForm
from studio.models import QuestionReporter
from studio.permissions import user_of
from studio.services.reports import report_question

PER_PAGE = 50
UNPROCESSABLE = 422


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """List the learner's reports with their results, newest first."""
    reporters = QuestionReporter.objects.filter(learner=user_of(request))
    reporters = reporters.select_related("report__test_bank").order_by("-at", "-pk")
    page = Paginator(reporters, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "studio/learner/reports.html", {"page": page})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report_answered(request: HttpRequest, attempt_id: UUID, position: int) -> HttpResponse:
    """Report a question of one's own session."""
    attempts = Attempt.objects.visible_to(user_of(request))
    attempt = get_object_or_404(attempts, pk=attempt_id)
    if not 1 <= position <= attempt.total:
        raise Http404
    test_bank = TestBank.objects.get(pk=attempt.bank_id_at(position))
    version = QuestionVersion.objects.get(pk=attempt.version_ids[position - 1])
    back = reverse("practice:question", args=[attempt.pk, position])
    return _report(request, test_bank, version, position, back)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report_sample(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Report a sample question."""
    test_bank = get_object_or_404(TestBank.objects.visible_to(request.user), slug=slug)
    # Compare first: a number in an address can exceed what the database can store.
    version = sample_version(test_bank, number) if number <= test_bank.sample_count else None
    if version is None:
        raise Http404
    back = reverse("catalog:sample", args=[slug, number])
    return _report(request, test_bank, version, number, back)


def _report(
    request: HttpRequest, test_bank: TestBank, version: QuestionVersion, number: int, back: str
) -> HttpResponse:
    form = ReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        at = timezone.now()
        if not allow(QUESTION_REPORT, key=person_of(request), at=at):
            return too_many_requests(request, seconds=seconds_left(QUESTION_REPORT, at=at))
        report_question(
            learner=user_of(request),
            test_bank=test_bank,
            version=version,
            language=get_language() or "en",
            at=at,
            **form.cleaned_data,
        )
        messages.success(
            request, _("Thank you. We will email you when your report has been reviewed.")
        )
        return SeeOther(back)
    earlier = QuestionReporter.objects.filter(
        learner=user_of(request), report__question=version.question_id
    )
    context = {
        "test_bank": test_bank,
        "number": number,
        "form": form,
        "back": back,
        "earlier": earlier.select_related("report").order_by("-at"),
    }
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "studio/learner/report.html", context, status=status)
