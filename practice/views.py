"""Pages of practice: begin, one question at a time, the result."""

import uuid
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from catalog.models import TestBank
from practice.models import Answer, Attempt
from practice.progress import progress_of
from practice.services import (
    AttemptFinished,
    NoAccess,
    NoSuchAttempt,
    NoSuchPosition,
    NothingToAsk,
    finish_attempt,
    has_access,
    start_attempt,
    submit_answer,
)
from practice.sheet import bubbles, first_open, missed, scores, window
from questions.grading import RESPONSE, Grade, ResponseError
from questions.models import QuestionVersion
from questions.rendering import PresentedItem, RevealedItem, present, reveal
from questions.response_parsing import help_for, parse_response

FIRST = 1


class SeeOther(HttpResponseRedirect):
    """303: the browser fetches the next page with GET, whatever it sent before."""

    status_code = 303


@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Go on where this person was in the bank, or begin."""
    test_bank = get_object_or_404(TestBank.objects.visible_to(request.user), slug=slug)
    detail = reverse("catalog:detail", args=[slug])
    if not isinstance(request.user, User):
        return _sign_in(and_then=detail)
    try:
        attempt = start_attempt(learner=request.user, test_bank=test_bank, at=timezone.now())
    except NoAccess:
        messages.info(request, _("You have no access to this test bank now."))
        return SeeOther(detail)
    except NothingToAsk:
        messages.info(request, _("This test bank has no questions yet."))
        return SeeOther(detail)
    return SeeOther(_question_url(attempt.pk, first_open(bubbles(attempt)) or attempt.total))


@login_required
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """How far this person is in each bank. "My banks" takes its parts from here."""
    shown = progress_of(cast(User, request.user), at=timezone.now())
    return render(request, "practice/progress.html", {"progress": shown})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, attempt_id: uuid.UUID, position: int) -> HttpResponse:
    """One question: to be answered, or with its key and explanation once it was."""
    if request.method == "POST":
        return _answer(request, attempt_id, position)
    attempt = _attempt(request, attempt_id)
    if not FIRST <= position <= attempt.total:
        raise Http404
    answer = attempt.answers.select_related("version").filter(position=position).first()
    is_shut = attempt.is_finished or not _may_go_on(attempt)
    if answer is None and is_shut:
        return SeeOther(_result_url(attempt.pk))
    item = _revealed(answer) if answer else _presented(attempt, position)
    context = {"attempt": attempt, "item": item, **_places(attempt, position, is_shut=is_shut)}
    return render(request, "practice/question.html", context)


@require_POST
def finish(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """End the attempt and see its result."""
    if not request.user.is_authenticated:
        return _sign_in(and_then=reverse("practice:result", args=[attempt_id]))
    attempt = _attempt(request, attempt_id)
    finish_attempt(attempt=attempt, at=timezone.now())
    return SeeOther(_result_url(attempt.pk))


@login_required
@require_safe
def result(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """The score by domain, and the answer sheet. Stays readable when the access has ended."""
    attempt = _attempt(request, attempt_id)
    whole, by_domain = scores(attempt)
    sheet = bubbles(attempt)
    open_count = sum(bubble.is_right is None for bubble in sheet)
    may_go_on = _may_go_on(attempt)
    context = {
        "attempt": attempt,
        "whole": whole,
        "domains": by_domain,
        "sheet": sheet,
        "answered": attempt.total - open_count,
        "open_count": open_count,
        "missed": missed(attempt),
        "next_open": first_open(sheet),
        "may_go_on": may_go_on,
        "is_shut": attempt.is_finished or not may_go_on,
    }
    return render(request, "practice/result.html", context)


def _sign_in(*, and_then: str) -> HttpResponse:
    """To the sign-in page, and from there to a page that can be fetched with GET."""
    return SeeOther(f"{reverse('account_login')}?{urlencode({'next': and_then})}")


def _question_url(attempt_id: uuid.UUID, position: int) -> str:
    return reverse("practice:question", args=[attempt_id, position])


def _result_url(attempt_id: uuid.UUID) -> str:
    return reverse("practice:result", args=[attempt_id])


def _attempt(request: HttpRequest, attempt_id: uuid.UUID) -> Attempt:
    attempts = Attempt.objects.visible_to(cast(User, request.user)).select_related("test_bank")
    return get_object_or_404(attempts, pk=attempt_id)


def _may_go_on(attempt: Attempt) -> bool:
    return has_access(
        learner_id=attempt.learner_id, test_bank_id=attempt.test_bank_id, at=timezone.now()
    )


def _answer(request: HttpRequest, attempt_id: uuid.UUID, position: int) -> HttpResponse:
    """Keep the answer, and show the same page again with what it is worth."""
    try:
        submit_answer(
            attempt_id=attempt_id,
            learner_id=cast(User, request.user).pk,
            position=position,
            response=parse_response(request.POST),
            at=timezone.now(),
        )
    except (NoSuchAttempt, NoSuchPosition) as error:
        raise Http404 from error
    except NoAccess:
        messages.info(request, _("Your access has ended. Your answers so far are kept."))
        return SeeOther(_result_url(attempt_id))
    except AttemptFinished:
        messages.info(request, _("This practice has ended. Your answers are kept."))
        return SeeOther(_result_url(attempt_id))
    except ResponseError as error:
        messages.error(request, f"{help_for(error)} {_('Nothing was kept.')}")
    return SeeOther(request.path)


def _places(attempt: Attempt, position: int, *, is_shut: bool) -> dict[str, Any]:
    """Where this question stands, and where one can go from it.

    Once the attempt is shut that is what was answered, and before it every question.
    """
    sheet = bubbles(attempt, current=position)
    part = window(sheet, around=position)
    open_to = [bubble.position for bubble in sheet if not is_shut or bubble.is_right is not None]
    following = min((place for place in open_to if place > position), default=None)
    return {
        "position": position,
        "sheet": part.bubbles,
        "earlier": None if is_shut else part.earlier,
        "later": None if is_shut else part.later,
        "previous": max((place for place in open_to if place < position), default=None),
        "following": following,
        "onward": following if is_shut else first_open(sheet, after=position),
        "is_shut": is_shut,
    }


def _presented(attempt: Attempt, position: int) -> PresentedItem:
    version = QuestionVersion.objects.get(pk=attempt.version_ids[position - 1])
    return present(version.item)


def _revealed(answer: Answer) -> RevealedItem:
    """The item as its first answer left it; what it is worth is not judged again."""
    response = RESPONSE.validate_python(answer.response)
    worth = Grade.from_decimal(answer.fraction)
    return reveal(answer.version.item, response, worth)
