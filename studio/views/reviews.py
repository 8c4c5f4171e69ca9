"""The review queue, and the steps of a question to and from it."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.staff import staff_only
from catalog.http import SeeOther
from catalog.models import BankQuestion, TestBank
from questions.kinds import kind_name
from questions.services import current_of
from studio.errors import NothingLeft, StepNotPossible
from studio.listing import excerpt_of
from studio.models import ReviewNote
from studio.permissions import (
    EDIT_QUESTIONS,
    PUBLISH_QUESTIONS,
    VIEW_BANK,
    bank_page,
    banks_for,
    may,
    user_of,
)
from studio.services.reviews import DECISIONS, Step, take_step
from studio.views.banks import NOTHING_LEFT

PER_PAGE = 50
TAKEN = {
    Step.SENT: gettext_lazy("Question sent for review."),
    Step.RETURNED: gettext_lazy("Question returned to draft with your note."),
    Step.PUBLISHED: gettext_lazy("Question published."),
    Step.RETIRED: gettext_lazy("Question retired. Past sessions still include it."),
}


class StepForm(forms.Form):
    """A step, and the note at it. Sending back needs one."""

    step = forms.ChoiceField(choices=Step.choices)
    words = forms.CharField(required=False, max_length=1000)

    def clean(self) -> dict[str, str]:
        """Require a note where the author would otherwise not know what to change."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("step") == Step.RETURNED and not cleaned.get("words"):
            raise forms.ValidationError(_("Write a note that tells the author what to change."))
        return cleaned


@staff_only
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """List the questions in review of all one's banks, the longest waiting first."""
    user = user_of(request)
    banks = banks_for(user)
    if not user.has_perm(VIEW_BANK) and not banks.exists():
        raise PermissionDenied
    notes = ReviewNote.objects.filter(
        question=OuterRef("question"), test_bank=OuterRef("test_bank"), step=Step.SENT
    ).order_by("-at")
    waiting = (
        BankQuestion.objects.filter(test_bank__in=banks, state=BankQuestion.State.REVIEW)
        .select_related("test_bank", "question__current", "question__authorship__user")
        .annotate(
            sent_at=Subquery(notes.values("at")[:1]), note=Subquery(notes.values("words")[:1])
        )
        .order_by("sent_at", "pk")
    )
    page = Paginator(waiting, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(place, *_words_of(place)) for place in page]
    return render(request, "studio/review_queue.html", {"page": page, "rows": rows})


def _words_of(place: BankQuestion) -> tuple[str, str]:
    current = current_of(place.question)
    return excerpt_of(current), kind_name(current.kind)


@bank_page(EDIT_QUESTIONS)
@require_POST
def step(request: HttpRequest, test_bank: TestBank, public_id: UUID) -> HttpResponse:
    """Send a question to review or back, publish it, or retire it."""
    places = test_bank.bank_questions.select_related("question", "test_bank")
    place = get_object_or_404(places, question__public_id=public_id)
    address = reverse("studio:question", args=[test_bank.slug, public_id])
    form = StepForm(request.POST)
    if not form.is_valid():
        for error in (error for errors in form.errors.values() for error in errors):
            messages.error(request, str(error))
        return SeeOther(address)
    wanted = Step(form.cleaned_data["step"])
    if wanted in DECISIONS and not may(user_of(request), PUBLISH_QUESTIONS, test_bank):
        raise PermissionDenied
    words, at = form.cleaned_data["words"], timezone.now()
    try:
        take_step(place=place, step=wanted, words=words, by=user_of(request), at=at)
        messages.success(request, str(TAKEN[wanted]))
    except NothingLeft:
        messages.error(request, str(NOTHING_LEFT))
    except StepNotPossible as error:
        state = BankQuestion.State(error.state).label
        messages.info(
            request,
            _("Nothing changed because the question's status is now “%(state)s”.")
            % {"state": state},
        )
    return SeeOther(address)
