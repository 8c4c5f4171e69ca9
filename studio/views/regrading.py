"""Grade the answers to earlier versions of a question again: look first, then apply."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from catalog.http import SeeOther
from catalog.models import BankQuestion, TestBank
from practice.corrections import find_rises, session_changes
from questions.services import current_of
from studio.errors import NothingToRegrade
from studio.forms.reports import RegradeForm
from studio.models import Correction, QuestionReport
from studio.permissions import PUBLISH_QUESTIONS, bank_page, user_of
from studio.services.corrections import correct_answers
from studio.versions import compared

MOST_SHOWN = 50


@bank_page(PUBLISH_QUESTIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def regrade(request: HttpRequest, test_bank: TestBank, public_id: UUID) -> HttpResponse:
    """Show who is affected by a correction, with the new scores; apply it once confirmed."""
    places = test_bank.bank_questions.select_related("question__current", "test_bank")
    place = get_object_or_404(places, question__public_id=public_id)
    form = RegradeForm(request.POST or None, initial={"words": _("Corrected a question.")})
    if request.method == "POST" and form.is_valid():
        _apply(request, place, form)
        return SeeOther(reverse("studio:question", args=[test_bank.slug, public_id]))
    context = {"test_bank": test_bank, "tab": "questions", "form": form, **_affected(place)}
    return render(request, "studio/regrade.html", context)


def _apply(request: HttpRequest, place: BankQuestion, form: RegradeForm) -> None:
    try:
        done = correct_answers(
            place=place, by=user_of(request), at=timezone.now(), **form.cleaned_data
        )
        words = ngettext(
            "%(count)s answer now earns more points.",
            "%(count)s answers now earn more points.",
            done.raised,
        )
        messages.success(request, words % {"count": done.raised})
        if not done.is_complete:
            messages.info(request, _("We are regrading the remaining answers."))
    except NothingToRegrade:
        words = _("The answers were already regraded with the current version.")
        messages.info(request, words)


def _affected(place: BankQuestion) -> dict[str, object]:
    """What changed in the question, and whose answers and sessions would earn more."""
    corrected = current_of(place.question)
    former = place.question.versions.filter(number__lt=corrected.number).order_by("-number").first()
    rises = find_rises(corrected=corrected)
    sessions = session_changes(rises=rises)
    return {
        "place": place,
        "corrected": corrected,
        "former": former,
        "rows": [row for row in compared(former.item, corrected.item) if row.differs]
        if former
        else [],
        "answer_count": len(rises),
        "learner_count": len({rise.learner_id for rise in rises}),
        "session_count": len(sessions),
        "pass_count": sum(one.passes_now for one in sessions),
        "sessions": sessions[:MOST_SHOWN],
        "more": max(len(sessions) - MOST_SHOWN, 0),
        "open_reports": place.question.reports.filter(state=QuestionReport.State.OPEN).count(),
        "done": Correction.objects.filter(version=corrected).first(),
    }
