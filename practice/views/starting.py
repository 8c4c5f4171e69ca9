"""Start sessions: over a whole bank, an exam, ten questions, mistakes, and a retake."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from catalog.http import SeeOther
from catalog.models import TestBank
from catalog.services.blueprint import BlueprintError, exam_size
from practice.answer_sheet import answer_sheet
from practice.clock import allowed_seconds
from practice.models import Attempt
from practice.services import (
    NoAccess,
    NoExam,
    NoSuchAttempt,
    NothingToAsk,
    has_live_access,
    preferences_of,
    retake,
    start_attempt,
    start_exam,
    start_mistakes,
    start_ten_questions,
)
from practice.views.attempts import learner_of, question_url, result_url, sign_in
from safety.rate_limits import PRACTICE_START, rate_limited


@require_POST
@rate_limited(PRACTICE_START)
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Continue the user's open session over all questions of a bank, or start one."""
    test_bank = _visible_bank(request, slug)
    detail_url = reverse("catalog:detail", args=[slug])
    if not isinstance(request.user, User):
        return sign_in(next_url=detail_url)
    learner = request.user
    return _open(
        request,
        lambda: start_attempt(learner=learner, test_bank=test_bank, at=timezone.now()),
        otherwise=detail_url,
        nothing=_("This test bank has no questions yet."),
    )


@login_required
@require_safe
def exam(request: HttpRequest, slug: str) -> HttpResponse:
    """Say how the exam of a bank is taken."""
    test_bank, learner = _visible_bank(request, slug), learner_of(request)
    if not has_live_access(learner_id=learner.pk, test_bank_id=test_bank.pk, at=timezone.now()):
        messages.info(request, _("You don't have access to this test bank."))
        return SeeOther(reverse("catalog:detail", args=[slug]))
    return render(request, "practice/exam.html", _exam_context(learner, test_bank))


@login_required
@require_POST
@rate_limited(PRACTICE_START)
def begin_exam(request: HttpRequest, slug: str) -> HttpResponse:
    """Start an exam of a bank, or continue the one that is open."""
    test_bank, learner = _visible_bank(request, slug), learner_of(request)
    can_pause = "pause" in request.POST
    try:
        attempt = start_exam(
            learner=learner, test_bank=test_bank, can_pause=can_pause, at=timezone.now()
        )
    except (NoAccess, NoExam):
        return SeeOther(reverse("practice:exam", args=[slug]))
    return SeeOther(question_url(attempt, _first_open(attempt)))


def _exam_context(learner: User, test_bank: TestBank) -> dict[str, object]:
    preferences = preferences_of(learner)
    limit = test_bank.exam_minutes and 60 * test_bank.exam_minutes
    seconds = allowed_seconds(limit, preferences.extra_time) if limit else None
    try:
        size = exam_size(test_bank)
    except BlueprintError:
        size = 0
    return {
        "bank": test_bank,
        "size": size,
        "minutes": seconds and -(-seconds // 60),
        "preferences": preferences,
        "has_extra_time": bool(limit) and preferences.extra_time != 100,
        "open_exam": Attempt.objects.unfinished()
        .filter(learner=learner, test_bank=test_bank, selection=Attempt.Selection.BLUEPRINT)
        .first(),
    }


@login_required
@require_POST
@rate_limited(PRACTICE_START)
def ten_questions(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Start ten questions of a bank, or of all banks of the user."""
    bank_ids = [_visible_bank(request, slug).pk] if slug else []
    learner = learner_of(request)
    return _open(
        request,
        lambda: start_ten_questions(learner=learner, bank_ids=bank_ids, at=timezone.now()),
        otherwise=reverse("catalog:my_banks"),
        nothing=_("There are no questions to practice yet."),
        is_one_bank=bool(slug),
    )


@login_required
@require_POST
@rate_limited(PRACTICE_START)
def mistakes(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Start the questions of a bank, or of all banks, that were answered wrong the last time."""
    bank_ids = [_visible_bank(request, slug).pk] if slug else []
    learner = learner_of(request)
    return _open(
        request,
        lambda: start_mistakes(learner=learner, bank_ids=bank_ids, at=timezone.now()),
        otherwise=reverse("catalog:my_banks"),
        nothing=_("You have no missed questions to practice."),
        is_one_bank=bool(slug),
    )


@login_required
@require_POST
@rate_limited(PRACTICE_START)
def take_again(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Start the questions of a finished session again: all, the wrong or the unanswered ones."""
    learner, part = learner_of(request), request.POST.get("part", "all")
    if part not in {"all", "wrong", "unanswered"}:
        raise Http404
    try:
        return _open(
            request,
            lambda: retake(learner=learner, attempt_id=attempt_id, part=part, at=timezone.now()),
            otherwise=result_url(attempt_id),
            nothing=_("None of the questions from this session are available anymore."),
        )
    except NoSuchAttempt as error:
        raise Http404 from error


def _visible_bank(request: HttpRequest, slug: str) -> TestBank:
    return get_object_or_404(TestBank.objects.visible_to(request.user), slug=slug)


def _open(
    request: HttpRequest,
    begin: Callable[[], Attempt],
    *,
    otherwise: str,
    nothing: str,
    is_one_bank: bool = True,
) -> HttpResponse:
    """Start a session and go to its first open question; `otherwise` with the reason."""
    try:
        attempt = begin()
    except NoAccess:
        if is_one_bank:
            messages.info(request, _("You don't have access to this test bank."))
        else:
            messages.info(request, _("You don't have access to any test banks."))
        return SeeOther(otherwise)
    except NothingToAsk:
        messages.info(request, nothing)
        return SeeOther(otherwise)
    return SeeOther(question_url(attempt, _first_open(attempt)))


def _first_open(attempt: Attempt) -> int:
    return answer_sheet(attempt).next_unanswered() or attempt.total
