"""The page of one question: ask it, store the answer, show the key once it may be seen."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from catalog.http import SeeOther
from catalog.models import BankQuestion, TestBank
from practice.answer_sheet import (
    AnswerSheet,
    answer_sheet,
    cells,
    closed_navigation,
    open_navigation,
    page_of,
    questions_url,
)
from practice.clock import seconds_left
from practice.models import Answer, Attempt, Note
from practice.services import (
    AttemptFinished,
    AttemptPaused,
    NoAccess,
    NoSuchAttempt,
    NoSuchPosition,
    Remarks,
    TooManyNewQuestions,
    clear_answer,
    set_flag,
    submit_answer,
)
from practice.services.marking import Marks, open_question
from practice.shuffling import choice_order
from practice.views.attempts import (
    finish_url,
    get_attempt,
    learner_of,
    live_banks,
    question_url,
    result_url,
)
from questions.grading import RESPONSE, Grade, ResponseError
from questions.rendering import Draft, PresentedItem, RevealedItem, present, reveal
from questions.response_parsing import draft_of, help_for, parse_response
from questions.services import item_of_version

UNPROCESSABLE, TOO_MANY_REQUESTS, NO_CONTENT = 422, 429, 204
LONGEST_SECONDS = 3600
# The key of the session under which an unsaved answer waits for the sign-in.
UNSAVED = "practice_unsaved_answer"


@dataclass(frozen=True)
class Page:
    """What the page of a question is made of."""

    attempt: Attempt
    position: int
    sheet: AnswerSheet
    live: frozenset[int]
    at: datetime

    @property
    def has_access(self) -> bool:
        """Whether the learner can open the bank of this question."""
        return self.attempt.bank_id_at(self.position) in self.live

    @property
    def is_closed(self) -> bool:
        """Whether the question takes no answers."""
        return self.attempt.is_finished or not self.has_access

    @property
    def is_answered(self) -> bool:
        return self.position in self.sheet.answered

    @property
    def is_revealed(self) -> bool:
        """Whether the key may be seen."""
        if not self.attempt.is_exam:
            return self.is_answered
        return self.attempt.is_finished and (self.is_answered or self.has_access)

    @property
    def bank(self) -> TestBank:
        """The bank of this question. A statement in an attempt across banks."""
        bank_id = self.attempt.bank_id_at(self.position)
        return self.attempt.test_bank or TestBank.objects.get(pk=bank_id)


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, attempt_id: uuid.UUID, position: int) -> HttpResponse:
    """Ask one question; once its key may be seen, show the key and the explanation."""
    if not request.user.is_authenticated:
        _keep_unsaved(request)
        return redirect_to_login(request.path)
    at = timezone.now()
    if request.method == "POST":
        return _take(request, attempt_id, position, at)
    attempt = get_attempt(request, attempt_id, at=at)
    return _question_page(request, attempt, position, _take_unsaved(request), at=at)


def _question_page(
    request: HttpRequest,
    attempt: Attempt,
    position: int,
    draft: Draft,
    *,
    at: datetime,
    status: int = 200,
) -> HttpResponse:
    """The page of a question, with the draft in its form while it can be answered."""
    if not 1 <= position <= attempt.total:
        raise Http404
    if attempt.is_paused:
        return render(request, "practice/paused.html", {"attempt": attempt})
    page = Page(attempt, position, answer_sheet(attempt), live_banks(attempt, at=at), at)
    if page.is_closed and not page.is_revealed:
        return SeeOther(result_url(attempt.pk))
    try:
        marks = open_question(attempt=attempt, position=position, at=at)
    except TooManyNewQuestions as error:
        context = {"attempt": attempt, "until": error.until}
        return render(request, "practice/too_many.html", context, status=TOO_MANY_REQUESTS)
    context = _revealed(page) if page.is_revealed else _asked(page, draft)
    return render(request, "practice/question.html", _frame(page, marks) | context, status=status)


def _frame(page: Page, marks: Marks) -> dict[str, object]:
    """What stands around the question."""
    attempt, sheet, position = page.attempt, page.sheet, page.position
    is_open_exam = attempt.is_exam and not page.is_closed
    opens_all = not page.is_closed or (attempt.is_exam and page.has_access)
    navigation = (open_navigation if opens_all else closed_navigation)(sheet, position)
    if page.is_closed:
        navigation = replace(navigation, onward=navigation.following)
    version_id = attempt.version_ids[position - 1]
    notes = Note.objects.filter(learner=attempt.learner_id, version=version_id)
    return {
        "attempt": attempt,
        "bank": page.bank,
        "position": position,
        "total": attempt.total,
        "cells": cells(
            sheet,
            page_of(sheet, position),
            is_closed=not opens_all,
            current=position,
            flagged=marks.flagged,
            saves_answer=is_open_exam,
        ),
        "navigation": navigation,
        "is_closed": page.is_closed,
        "is_exam": is_open_exam,
        "is_flagged": position in marks.flagged,
        "answered_count": len(sheet.answered),
        "seconds_left": None if page.is_closed else seconds_left(attempt, page.at),
        "shown": int(page.at.timestamp()),
        "note": notes.first() if marks.has_note else None,
        "stem_id": "stem",
        "questions_url": questions_url(attempt.pk),
        "results_url": result_url(attempt.pk),
        "finish_url": finish_url(attempt.pk),
        "note_url": reverse("practice:note", args=[attempt.pk, position]),
    }


def _asked(page: Page, draft: Draft) -> dict[str, object]:
    """The item with its form: without a draft, the answer that an exam has saved stands in it."""
    attempt, position = page.attempt, page.position
    item = item_of_version(attempt.version_ids[position - 1])
    order = choice_order(
        item, seed=attempt.seed, position=position, is_pinned=page.bank.keeps_choice_order
    )
    is_unsure = False
    if page.is_answered and not (draft.problem or draft.chosen or draft.typed):
        answer = Answer.objects.get(attempt=attempt.pk, position=position)
        draft, is_unsure = draft_of_answer(answer), answer.is_unsure
    place = BankQuestion.objects.filter(
        test_bank=page.attempt.bank_id_at(position), question=attempt.question_ids[position - 1]
    )
    current = place.askable().values_list("question__current", flat=True).first()
    presented: PresentedItem = present(item, draft=draft, order=order)
    return {
        "item": presented,
        "is_unsure": is_unsure,
        "is_retired": current is None,
        "is_revised": current not in {None, attempt.version_ids[position - 1]},
    }


def _revealed(page: Page) -> dict[str, object]:
    """The item with its key and its stored grade; it is not graded again.

    An answer that a correction of the question raised is shown with the corrected key.
    """
    attempt, position, bank = page.attempt, page.position, page.bank
    answer = None
    if page.is_answered:
        answer = Answer.objects.get(attempt=attempt.pk, position=position)
    corrected = answer.regraded_version_id if answer else None
    item = item_of_version(corrected or attempt.version_ids[position - 1])
    response = RESPONSE.validate_python(answer.response) if answer else None
    worth = Grade.from_decimal((answer and answer.fraction) or Decimal(0))
    order = (answer.choice_order if answer else None) or choice_order(
        item, seed=attempt.seed, position=position, is_pinned=bank.keeps_choice_order
    )
    revealed: RevealedItem = reveal(item, response, worth, language=bank.language, order=order)
    return {"item": revealed, "answer": answer, "is_unsure": bool(answer and answer.is_unsure)}


def draft_of_answer(answer: Answer) -> Draft:
    response = answer.response or {}
    return Draft(typed=response.get("typed", ""), chosen=tuple(response.get("chosen", ())))


def _take(request: HttpRequest, attempt_id: uuid.UUID, position: int, at: datetime) -> HttpResponse:
    """Store what was sent, then redirect.

    What cannot be graded stays in the form, with what to change about it.
    """
    try:
        return _stored(request, attempt_id, position, at)
    except (NoSuchAttempt, NoSuchPosition) as error:
        raise Http404 from error
    except NoAccess:
        messages.info(
            request,
            _(
                "Your access has ended, so your last answer was not saved. Your earlier answers are saved."
            ),
        )
        return SeeOther(result_url(attempt_id))
    except AttemptPaused:
        return SeeOther(request.path)
    except AttemptFinished:
        messages.info(
            request,
            _(
                "This session has ended, so your last answer was not saved. Your earlier answers are saved."
            ),
        )
        return SeeOther(result_url(attempt_id))
    except ResponseError as error:
        problem = _("%(help)s Your answer was not saved.") % {"help": help_for(error)}
        attempt = get_attempt(request, attempt_id, at=at)
        draft = draft_of(request.POST, problem=problem)
        return _question_page(request, attempt, position, draft, at=at, status=UNPROCESSABLE)


def _stored(
    request: HttpRequest, attempt_id: uuid.UUID, position: int, at: datetime
) -> HttpResponse:
    go = request.POST.get("go", "")
    if go:
        return _move(request, attempt_id, position, go, at)
    submitted = submit_answer(
        attempt_id=attempt_id,
        learner_id=learner_of(request).pk,
        position=position,
        response=parse_response(request.POST),
        at=at,
        remarks=_remarks(request, at),
    )
    if not submitted.is_first:
        came_second = _(
            "You already answered this question, perhaps in another tab. Your first answer counts. "
            "The new answer was not saved."
        )
        messages.info(request, came_second)
    return SeeOther(request.path)


def _move(
    request: HttpRequest, attempt_id: uuid.UUID, position: int, go: str, at: datetime
) -> HttpResponse:
    """Save the answer of an exam, if there is one, and go where the button leads."""
    attempt = get_attempt(request, attempt_id, at=at)
    if not 1 <= position <= attempt.total:
        raise NoSuchPosition
    if go == "flag":
        is_flagged = request.POST.get("flag") != "0"
        set_flag(attempt=attempt, position=position, is_flagged=is_flagged, at=at)
    if go == "clear":
        clear_answer(attempt_id=attempt_id, learner_id=attempt.learner_id, position=position, at=at)
    elif attempt.is_exam and _has_answer(request):
        submit_answer(
            attempt_id=attempt_id,
            learner_id=attempt.learner_id,
            position=position,
            response=parse_response(request.POST),
            at=at,
            remarks=_remarks(request, at),
        )
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(status=NO_CONTENT)
    if go == "flag" and not attempt.is_exam:
        return _question_page(request, attempt, position, draft_of(request.POST), at=at)
    return SeeOther(_place_to_go(attempt, position, go))


def _place_to_go(attempt: Attempt, position: int, go: str) -> str:
    """Where a button leads: a position, "next", "back", "review", or the same page."""
    places = {"next": position + 1, "back": position - 1}
    if go == "review" or (go == "next" and position == attempt.total):
        return finish_url(attempt.pk)
    target = places.get(go, int(go) if go.isdecimal() and len(go) < 6 else position)
    return question_url(attempt, min(max(target, 1), attempt.total))


def _has_answer(request: HttpRequest) -> bool:
    typed = request.POST.get("number", request.POST.get("text", ""))
    return bool(typed.strip() or request.POST.get("choice"))


def _remarks(request: HttpRequest, at: datetime) -> Remarks:
    """How long the question was on the page, and whether the learner was sure."""
    shown, sequence = request.POST.get("shown", ""), request.POST.get("sequence", "")
    seconds = int(at.timestamp()) - int(shown) if _is_number(shown) else None
    return Remarks(
        is_unsure="unsure" in request.POST,
        seconds=None if seconds is None else min(max(seconds, 0), LONGEST_SECONDS),
        client_id=request.POST.get("client_id", "")[:40].replace("\0", ""),
        sequence=int(sequence) if _is_number(sequence) and len(sequence) < 10 else None,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


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
    problem = _("You were signed out, so this answer was not saved. Submit it again.")
    return Draft(typed=kept["typed"], chosen=tuple(kept["chosen"]), problem=problem)
