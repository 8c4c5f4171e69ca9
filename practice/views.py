"""Pages of practice: start or continue an attempt, one question at a time, the result."""

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from catalog.http import SeeOther
from catalog.models import TestBank
from practice.answer_sheet import answer_sheet, cells, closed_navigation, open_navigation, page_of
from practice.models import Answer, Attempt
from practice.progress import progress_of
from practice.results import missed, result_of
from practice.services import (
    AttemptFinished,
    NoAccess,
    NoSuchAttempt,
    NoSuchPosition,
    NothingToAsk,
    finish_attempt,
    has_live_access,
    start_attempt,
    submit_answer,
)
from questions.grading import RESPONSE, Grade, ResponseError
from questions.models import QuestionVersion
from questions.rendering import Draft, PresentedItem, RevealedItem, present, reveal
from questions.response_parsing import draft_of, help_for, parse_response
from safety.rate_limits import PRACTICE_START, rate_limited

UNPROCESSABLE = 422
# The key of the session under which an unsaved answer waits for the sign-in.
UNSAVED = "practice_unsaved_answer"


@require_POST
@rate_limited(PRACTICE_START)
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Continue the user's unfinished attempt at a bank, or start one."""
    test_bank = get_object_or_404(TestBank.objects.visible_to(request.user), slug=slug)
    detail_url = reverse("catalog:detail", args=[slug])
    if not isinstance(request.user, User):
        return _sign_in(next_url=detail_url)
    try:
        attempt = start_attempt(learner=request.user, test_bank=test_bank, at=timezone.now())
    except NoAccess:
        messages.info(request, _("You don't have access to this test bank."))
        return SeeOther(detail_url)
    except NothingToAsk:
        messages.info(request, _("This test bank has no questions yet."))
        return SeeOther(detail_url)
    position = answer_sheet(attempt).next_unanswered() or attempt.total
    return SeeOther(reverse("practice:question", args=[attempt.pk, position]))


@login_required
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Show how far the user is in each bank. "My banks" loads its fragments from this page."""
    banks = progress_of(cast(User, request.user), at=timezone.now())
    return render(request, "practice/progress.html", {"progress": banks})


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, attempt_id: uuid.UUID, position: int) -> HttpResponse:
    """Ask one question; once it is answered, show the key and the explanation."""
    if not request.user.is_authenticated:
        _keep_unsaved(request)
        return redirect_to_login(request.path)
    if request.method == "POST":
        return _answer(request, attempt_id, position)
    attempt = _get_attempt(request, attempt_id)
    return _question_page(request, attempt, position, _take_unsaved(request))


@require_POST
def finish(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """End the attempt and show its result."""
    if not request.user.is_authenticated:
        return _sign_in(next_url=_result_url(attempt_id))
    attempt = _get_attempt(request, attempt_id)
    finish_attempt(attempt=attempt, at=timezone.now())
    return SeeOther(_result_url(attempt.pk))


@login_required
@require_safe
def result(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Show the score by domain and the answer sheet, also after the access has ended."""
    attempt = _get_attempt(request, attempt_id)
    sheet = answer_sheet(attempt)
    can_open_bank = _has_live_access(attempt)
    is_closed = attempt.is_finished or not can_open_bank
    context = {
        "attempt": attempt,
        "can_open_bank": can_open_bank,
        "result": result_of(sheet),
        "cells": cells(sheet, range(1, attempt.total + 1), is_closed=is_closed),
        "answered_count": len(sheet.fractions),
        "unanswered_count": sheet.unanswered_count,
        "next_unanswered": sheet.next_unanswered(),
        "missed": missed(sheet),
        "regraded": sheet.regraded,
    }
    return render(request, "practice/result.html", context)


def _sign_in(*, next_url: str) -> HttpResponse:
    """Redirect to the sign-in page. `next_url` must answer GET, as a sign-in ends with one."""
    return SeeOther(f"{reverse('account_login')}?{urlencode({'next': next_url})}")


def _result_url(attempt_id: uuid.UUID) -> str:
    return reverse("practice:result", args=[attempt_id])


def _get_attempt(request: HttpRequest, attempt_id: uuid.UUID) -> Attempt:
    attempts = Attempt.objects.visible_to(cast(User, request.user)).select_related("test_bank")
    return get_object_or_404(attempts, pk=attempt_id)


def _has_live_access(attempt: Attempt) -> bool:
    return has_live_access(
        learner_id=attempt.learner_id, test_bank_id=attempt.test_bank_id, at=timezone.now()
    )


def _is_closed(attempt: Attempt) -> bool:
    """Whether the attempt takes no more answers."""
    return attempt.is_finished or not _has_live_access(attempt)


def _question_page(
    request: HttpRequest, attempt: Attempt, position: int, draft: Draft, *, status: int = 200
) -> HttpResponse:
    """The page of a question, with the draft in its form while it is unanswered."""
    if not 1 <= position <= attempt.total:
        raise Http404
    sheet = answer_sheet(attempt)
    is_answered, is_closed = position in sheet.fractions, _is_closed(attempt)
    if is_closed and not is_answered:
        return SeeOther(_result_url(attempt.pk))
    answer = _get_answer(attempt, position) if is_answered else None
    navigation = closed_navigation if is_closed else open_navigation
    context = {
        "attempt": attempt,
        "position": position,
        "item": _revealed(attempt, answer) if answer else _presented(attempt, position, draft),
        "answer": answer,
        "cells": cells(sheet, page_of(sheet, position), is_closed=is_closed, current=position),
        "navigation": navigation(sheet, position),
        "is_closed": is_closed,
    }
    return render(request, "practice/question.html", context, status=status)


def _answer(request: HttpRequest, attempt_id: uuid.UUID, position: int) -> HttpResponse:
    """Store the answer, then redirect to the same page, which now shows the explanation.

    What cannot be graded stays in the form, with what to change about it.
    """
    try:
        submitted = submit_answer(
            attempt_id=attempt_id,
            learner_id=cast(User, request.user).pk,
            position=position,
            response=parse_response(request.POST),
            at=timezone.now(),
        )
    except (NoSuchAttempt, NoSuchPosition) as error:
        raise Http404 from error
    except NoAccess:
        messages.info(request, _("Your access has ended. Your answers so far are saved."))
        return SeeOther(_result_url(attempt_id))
    except AttemptFinished:
        messages.info(request, _("This session has ended. Your answers are saved."))
        return SeeOther(_result_url(attempt_id))
    except ResponseError as error:
        problem = _("%(help)s Your answer was not saved.") % {"help": help_for(error)}
        attempt, draft = _get_attempt(request, attempt_id), draft_of(request.POST, problem=problem)
        return _question_page(request, attempt, position, draft, status=UNPROCESSABLE)
    if not submitted.is_first:
        came_second = _(
            "You already answered this question, perhaps in another tab. Your first answer "
            "counts; this one was not saved."
        )
        messages.info(request, came_second)
    return SeeOther(request.path)


def _keep_unsaved(request: HttpRequest) -> None:
    """Keep what was sent after the session had ended, until the question is opened again."""
    if request.method == "POST":
        draft = draft_of(request.POST)
        kept = {"path": request.path, "typed": draft.typed, "chosen": draft.chosen}
        request.session[UNSAVED] = kept


def _take_unsaved(request: HttpRequest) -> Draft:
    """What was sent to this page while nobody was signed in; empty where nothing was."""
    kept = request.session.get(UNSAVED)
    if kept is None or kept["path"] != request.path:
        return Draft()
    del request.session[UNSAVED]
    problem = _("You were signed out, so this answer was not saved. Check it again.")
    return Draft(typed=kept["typed"], chosen=tuple(kept["chosen"]), problem=problem)


def _get_answer(attempt: Attempt, position: int) -> Answer:
    return attempt.answers.select_related("version").get(position=position)


def _presented(attempt: Attempt, position: int, draft: Draft) -> PresentedItem:
    version = QuestionVersion.objects.get(pk=attempt.version_ids[position - 1])
    return present(version.item, draft=draft)


def _revealed(attempt: Attempt, answer: Answer) -> RevealedItem:
    """The item with its stored grade; it is not graded again."""
    response = RESPONSE.validate_python(answer.response)
    worth, language = Grade.from_decimal(answer.fraction), attempt.test_bank.language
    return reveal(answer.version.item, response, worth, language=language)
