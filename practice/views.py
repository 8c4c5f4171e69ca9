"""Pages of practice: begin, one question at a time, the result."""

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from catalog.models import TestBank
from practice.models import Answer, Attempt
from practice.services import (
    AttemptFinished,
    NoAccess,
    NothingToAsk,
    finish_attempt,
    has_access,
    start_attempt,
    submit_answer,
)
from practice.sheet import bubbles, first_open, scores
from questions.grading import RESPONSE, ChoiceResponse, Grade
from questions.models import QuestionVersion
from questions.presenting import PresentedItem, RevealedItem, present, reveal

FIRST = 1


@login_required
@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Go on where this person was in the bank, or begin."""
    learner = cast(User, request.user)
    test_bank = get_object_or_404(TestBank.objects.visible_to(learner), slug=slug)
    try:
        attempt = start_attempt(learner=learner, test_bank=test_bank, at=timezone.now())
    except NoAccess:
        messages.info(request, _("You have no access to this test bank now."))
        return redirect("catalog:detail", slug=slug)
    except NothingToAsk:
        messages.info(request, _("This test bank has no questions yet."))
        return redirect("catalog:detail", slug=slug)
    position = first_open(bubbles(attempt)) or attempt.total
    return redirect("practice:question", attempt.pk, position)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, attempt_id: uuid.UUID, position: int) -> HttpResponse:
    """One question: to be answered, or with its key and explanation once it was."""
    attempt = _attempt(request, attempt_id)
    if not FIRST <= position <= attempt.total:
        raise Http404
    if request.method == "POST":
        return _answer(request, attempt, position)
    sheet = bubbles(attempt, current=position)
    answer = attempt.answers.select_related("version").filter(position=position).first()
    if answer is None and (attempt.is_finished or not _may_go_on(attempt)):
        return redirect("practice:result", attempt.pk)
    context = {
        "attempt": attempt,
        "position": position,
        "item": _revealed(answer) if answer else _presented(attempt, position),
        "sheet": sheet,
        "previous": position - 1,
        "following": position + 1 if position < attempt.total else None,
        "next_open": first_open(sheet, after=position),
    }
    return render(request, "practice/question.html", context)


@login_required
@require_POST
def finish(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """End the attempt and see its result."""
    attempt = _attempt(request, attempt_id)
    finish_attempt(attempt=attempt, at=timezone.now())
    return redirect("practice:result", attempt.pk)


@login_required
@require_GET
def result(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """The score by domain, and the answer sheet. Stays readable when the access has ended."""
    attempt = _attempt(request, attempt_id)
    whole, by_domain = scores(attempt)
    sheet = bubbles(attempt)
    context = {
        "attempt": attempt,
        "whole": whole,
        "domains": by_domain,
        "sheet": sheet,
        "next_open": first_open(sheet),
        "may_go_on": _may_go_on(attempt),
    }
    return render(request, "practice/result.html", context)


def _attempt(request: HttpRequest, attempt_id: uuid.UUID) -> Attempt:
    attempts = Attempt.objects.visible_to(request.user).select_related("test_bank")
    return get_object_or_404(attempts, pk=attempt_id)


def _may_go_on(attempt: Attempt) -> bool:
    return has_access(
        learner_id=attempt.learner_id, test_bank_id=attempt.test_bank_id, at=timezone.now()
    )


def _answer(request: HttpRequest, attempt: Attempt, position: int) -> HttpResponse:
    """Keep the answer, and show the same page again with what it is worth."""
    try:
        response = ChoiceResponse(chosen=tuple(request.POST.getlist("choice")))
        submit_answer(attempt=attempt, position=position, response=response, at=timezone.now())
    except NoAccess:
        messages.info(request, _("Your access has ended. Your answers so far are kept."))
        return redirect("practice:result", attempt.pk)
    except AttemptFinished:
        messages.info(request, _("This practice has ended. Your answers are kept."))
        return redirect("practice:result", attempt.pk)
    except ValueError:
        messages.error(request, _("Choose one of the answers. Nothing was kept."))
    return redirect("practice:question", attempt.pk, position)


def _presented(attempt: Attempt, position: int) -> PresentedItem:
    version = QuestionVersion.objects.get(pk=attempt.version_ids[position - 1])
    return present(version.item)


def _revealed(answer: Answer) -> RevealedItem:
    """The item as its first answer left it; what it is worth is not judged again."""
    response = RESPONSE.validate_python(answer.response)
    worth = Grade.from_decimal(answer.fraction)
    return reveal(answer.version.item, response, worth)
