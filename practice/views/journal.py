"""What the journal in a learner's browser calls: send answers, and load questions to go on offline."""

import uuid
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe
from pydantic import BaseModel, Field, ValidationError

from catalog.models import TestBank
from practice.answer_sheet import AnswerSheet, open_navigation, questions_url
from practice.clock import seconds_left
from practice.models import Answer, Attempt
from practice.services import NoSuchAttempt
from practice.services.answering import DEVICE_LENGTH, device_of
from practice.services.journal import (
    Entry,
    answered_elsewhere,
    journal_user,
    positions_to_keep,
    record_entries,
)
from practice.shuffling import choice_order
from practice.views.attempts import get_attempt, learner_of, live_banks
from practice.views.question import draft_of_answer
from questions.items import LONGEST_ANSWER, Item
from questions.models import QuestionVersion
from questions.rendering import Draft, present

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 400, 401, 403, 404
MOST_ENTRIES = 50
LONGEST_SECONDS = 3600
LONGEST_AGE_SECONDS = 10 * 365 * 86_400


class SentEntry(BaseModel):
    """An entry as JSON. `age_seconds` says how long ago the learner answered.

    The clock of a device may have been set meanwhile, so that no time is too long or negative.
    """

    client_id: str = Field(min_length=DEVICE_LENGTH, max_length=40, pattern=r"^[0-9a-f.]+$")
    sequence: int = Field(gt=0, lt=2**31)
    position: int = Field(gt=0, lt=2**31)
    fields: list[tuple[str, str]] = Field(max_length=100)
    language: str = Field(default="", max_length=20)
    is_unsure: bool = False
    seconds: float = 0
    age_seconds: float = 0

    def entry(self, at: datetime) -> Entry:
        """Return the entry, of which PostgreSQL can store every character."""
        return Entry(
            client_id=self.client_id,
            sequence=self.sequence,
            position=self.position,
            fields=tuple((_storable(name), _storable(value)) for name, value in self.fields),
            language=self.language,
            answered_at=at - timedelta(seconds=_within(self.age_seconds, LONGEST_AGE_SECONDS)),
            is_unsure=self.is_unsure,
            seconds=round(_within(self.seconds, LONGEST_SECONDS)),
        )


class Sent(BaseModel):
    """What a browser sends. `page_age_seconds` is how long ago its page was loaded."""

    user: str
    page_age_seconds: float = 0
    entries: list[SentEntry] = Field(min_length=1, max_length=MOST_ENTRIES)


def _within(seconds: float, longest: int) -> float:
    # In this order, so that what is no number (NaN) becomes 0.
    return min(max(0, seconds), longest)


def _storable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[: LONGEST_ANSWER + 1]


@never_cache
@ensure_csrf_cookie
@require_http_methods(["GET", "POST"])
def answers(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Take a batch of answers from a browser's journal, and say what became of each.

    Nothing is stored if another person is signed in than the one who answered.
    """
    if not request.user.is_authenticated:
        return _refusal("signed_out", UNAUTHORIZED)
    user = journal_user(learner_of(request).pk)
    if request.method == "GET":
        return JsonResponse({"user": user})
    try:
        sent = Sent.model_validate_json(request.body)
    except ValidationError:
        return _refusal("malformed", BAD_REQUEST)
    if sent.user != user:
        return _refusal("another_user", FORBIDDEN)
    try:
        return JsonResponse(_recorded(request, attempt_id, sent, timezone.now()))
    except NoSuchAttempt:
        return _refusal("unknown", NOT_FOUND)


def _recorded(
    request: HttpRequest, attempt_id: uuid.UUID, sent: Sent, at: datetime
) -> dict[str, object]:
    learner_id = learner_of(request).pk
    entries = [one.entry(at) for one in sent.entries]
    is_elsewhere = answered_elsewhere(
        attempt_id=attempt_id,
        learner_id=learner_id,
        device=device_of(entries[0].client_id),
        since=at - timedelta(seconds=_within(sent.page_age_seconds, LONGEST_AGE_SECONDS)),
    )
    recorded = record_entries(attempt_id=attempt_id, learner_id=learner_id, entries=entries, at=at)
    results = [
        {
            "client_id": one.entry.client_id,
            "sequence": one.entry.sequence,
            "status": one.status,
            "help": one.help,
        }
        for one in recorded
    ]
    return {"results": results, "is_elsewhere": is_elsewhere}


def _refusal(reason: str, status: int) -> JsonResponse:
    return JsonResponse({"reason": reason}, status=status)


@never_cache
@require_safe
def questions(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """The questions that a browser keeps to go on offline: without keys, with saved answers."""
    if not request.user.is_authenticated:
        return _refusal("signed_out", UNAUTHORIZED)
    at = timezone.now()
    attempt = get_attempt(request, attempt_id, at=at)
    is_open = not (attempt.is_finished or attempt.is_paused)
    return JsonResponse(
        {
            "user": journal_user(learner_of(request).pk),
            "title": attempt.test_bank.title if attempt.test_bank else "",
            "total": attempt.total,
            "is_exam": attempt.is_exam,
            "seconds_left": seconds_left(attempt, at),
            "questions": _questions(attempt, at) if is_open else [],
        }
    )


def _questions(attempt: Attempt, at: datetime) -> list[dict[str, object]]:
    """Five statements, and one more for each bank of the attempt."""
    live = live_banks(attempt, at=at)
    answers = {one.position: one for one in attempt.answers.given()}
    positions = [
        position
        for position in positions_to_keep(attempt=attempt, answered=answers.keys(), at=at)
        if attempt.bank_id_at(position) in live
    ]
    versions = QuestionVersion.objects.in_bulk([attempt.version_ids[one - 1] for one in positions])
    banks = TestBank.objects.in_bulk(live)
    return [
        {
            "position": position,
            "html": _question_html(
                attempt,
                position,
                item=versions[attempt.version_ids[position - 1]].item,
                bank=banks[attempt.bank_id_at(position)],
                answer=answers.get(position),
            ),
        }
        for position in positions
    ]


def _question_html(
    attempt: Attempt,
    position: int,
    *,
    item: Item,
    bank: TestBank,
    answer: Answer | None,
) -> str:
    order = choice_order(
        item, seed=attempt.seed, position=position, is_pinned=bank.keeps_choice_order
    )
    context = {
        "attempt": attempt,
        "bank": bank,
        "position": position,
        "is_exam": attempt.is_exam,
        "is_offline": True,
        "is_unsure": bool(answer and answer.is_unsure),
        "item": present(item, draft=draft_of_answer(answer) if answer else Draft(), order=order),
        "navigation": open_navigation(AnswerSheet(attempt, {}, frozenset()), position),
        "stem_id": "stem",
        "questions_url": questions_url(attempt.pk),
    }
    return render_to_string("practice/_offline_question.html", context)


@never_cache
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that browsers keep for when they are offline. It is the same for everybody."""
    return render(request, "practice/offline.html", {"user": AnonymousUser()})
