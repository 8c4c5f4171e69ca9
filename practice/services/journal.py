"""Store what a browser's journal sends: answers that may arrive late, twice, or out of order."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils import translation
from django.utils.crypto import salted_hmac

from practice.clock import GRACE
from practice.models import Answer, Attempt, SeenQuestion, UncountedAnswer
from practice.services.answering import (
    Remarks,
    SubmittedAnswer,
    clear_answer,
    device_of,
    submit_answer,
)
from practice.services.errors import (
    AttemptFinished,
    AttemptPaused,
    NoAccess,
    NoSuchAttempt,
    NoSuchPosition,
)
from practice.services.marking import AN_HOUR
from questions.grading import Response, ResponseError
from questions.response_parsing import help_for, parse_response

# How many questions beyond those that are answered a browser may keep for practice offline.
QUESTIONS_AHEAD = 30
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


class Status(StrEnum):
    """What became of an entry. `PAUSED` and no other asks the browser to send it again."""

    SAVED = "saved"
    ALREADY = "already"
    LATE = "late"
    ENDED = "ended"
    NO_ACCESS = "no_access"
    UNREADABLE = "unreadable"
    PAUSED = "paused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Entry:
    """One answer of a browser's journal, named by `client_id` and `sequence`.

    `fields` are those of the question's form, as pairs of name and value; without any, the
    answer was cleared. `language` is that of the page.
    """

    client_id: str
    sequence: int
    position: int
    fields: tuple[tuple[str, str], ...]
    language: str
    answered_at: datetime
    is_unsure: bool = False
    seconds: int | None = None


class Place(TypedDict):
    """Which question of which attempt an answer belongs to."""

    attempt_id: UUID
    learner_id: int
    position: int


@dataclass(frozen=True)
class Recorded:
    """What became of an entry. `help` says what to enter instead of an unreadable answer."""

    entry: Entry
    status: Status
    help: str = ""


def journal_user(user_id: int) -> str:
    """Return the name under which a browser's journal keeps the answers of a user."""
    return salted_hmac("practice.journal", str(user_id)).hexdigest()[:20]


def record_entries(
    *, attempt_id: UUID, learner_id: int, entries: Iterable[Entry], at: datetime
) -> list[Recorded]:
    """Store the entries of one attempt, in their order, each in a transaction of its own.

    An entry that does not count is kept as an `UncountedAnswer`. Idempotent: an entry that is
    sent again gets the same status. Raises: NoSuchAttempt.
    """
    return [
        _record(entry, attempt_id=attempt_id, learner_id=learner_id, at=at) for entry in entries
    ]


def _record(entry: Entry, *, attempt_id: UUID, learner_id: int, at: datetime) -> Recorded:
    try:
        status = _submit(entry, attempt_id=attempt_id, learner_id=learner_id, at=at)
    except NoSuchPosition:
        return Recorded(entry, Status.UNKNOWN)
    except AttemptPaused:
        is_stored = _is_stored(entry, attempt_id)
        return Recorded(entry, Status.SAVED if is_stored else Status.PAUSED)
    except ResponseError as error:
        _keep(entry, attempt_id, Status.UNREADABLE, at)
        return Recorded(entry, Status.UNREADABLE, help_for(error))
    except (AttemptFinished, NoAccess) as error:
        status = _why_refused(error, attempt_id, at)
        if _is_stored(entry, attempt_id):
            status = Status.SAVED
    if status is not Status.SAVED:
        _keep(entry, attempt_id, status, at)
    return Recorded(entry, status)


def _submit(entry: Entry, *, attempt_id: UUID, learner_id: int, at: datetime) -> Status:
    place = Place(attempt_id=attempt_id, learner_id=learner_id, position=entry.position)
    remarks = Remarks(
        is_unsure=entry.is_unsure,
        seconds=entry.seconds,
        client_id=entry.client_id,
        sequence=entry.sequence,
        answered_at=entry.answered_at,
    )
    if not entry.fields:
        clear_answer(**place, at=at, remarks=remarks)
        return Status.SAVED
    submitted = submit_answer(**place, response=_response(entry), at=at, remarks=remarks)
    _mark_seen(submitted.answer)
    return Status.SAVED if _counts(submitted, entry) else Status.ALREADY


def _response(entry: Entry) -> Response:
    data = QueryDict(mutable=True)
    for name, value in entry.fields:
        data.appendlist(name, value)
    language = entry.language if entry.language in LANGUAGES else settings.LANGUAGE_CODE
    with translation.override(language):
        return parse_response(data)


def _counts(submitted: SubmittedAnswer, entry: Entry) -> bool:
    """Whether the entry counts, or counted in an exam until the same browser replaced it."""
    stored = submitted.answer
    if submitted.is_first or not stored.attempt.is_exam:
        return submitted.is_first
    is_same_device = device_of(stored.client_id) == device_of(entry.client_id)
    return is_same_device and stored.sequence >= entry.sequence


def _is_stored(entry: Entry, attempt_id: UUID) -> bool:
    """Whether the entry was stored before, and only the response was lost on its way."""
    mine = Answer.objects.filter(
        attempt=attempt_id,
        position=entry.position,
        client_id__startswith=device_of(entry.client_id),
    )
    is_replaced = Q(attempt__mode=Attempt.Mode.EXAM, sequence__gt=entry.sequence)
    return mine.filter(is_replaced | Q(sequence=entry.sequence)).exists()


def _why_refused(error: AttemptFinished | NoAccess, attempt_id: UUID, at: datetime) -> Status:
    if isinstance(error, NoAccess):
        return Status.NO_ACCESS
    attempt = Attempt.objects.get(pk=attempt_id)
    is_late = attempt.ended_by == Attempt.EndedBy.CLOCK or attempt.is_overdue(at - GRACE)
    return Status.LATE if is_late else Status.ENDED


def _keep(entry: Entry, attempt_id: UUID, status: Status, at: datetime) -> None:
    kept = UncountedAnswer(
        attempt_id=attempt_id,
        position=entry.position,
        fields=[list(pair) for pair in entry.fields],
        reason=status.value,
        answered_at=min(entry.answered_at, at),
        received_at=at,
        client_id=entry.client_id,
        sequence=entry.sequence,
    )
    UncountedAnswer.objects.bulk_create([kept], ignore_conflicts=True)


def _mark_seen(answer: Answer) -> None:
    """Count a question that was answered offline as shown, whose page was never opened."""
    seen = SeenQuestion(
        learner_id=answer.learner_id,
        question_id=answer.question_id,
        test_bank_id=answer.test_bank_id,
        first_shown_at=answer.answered_at,
    )
    SeenQuestion.objects.bulk_create([seen], ignore_conflicts=True)


def answered_elsewhere(*, attempt_id: UUID, learner_id: int, device: str, since: datetime) -> bool:
    """Whether the journal of another device sent an answer since then. One statement.

    Raises: NoSuchAttempt.
    """
    if not Attempt.objects.filter(pk=attempt_id, learner=learner_id).exists():
        raise NoSuchAttempt
    answers = Answer.objects.filter(attempt=attempt_id, answered_at__gt=since)
    return answers.exclude(client_id="").exclude(client_id__startswith=device).exists()


def positions_to_keep(*, attempt: Attempt, answered: Collection[int], at: datetime) -> list[int]:
    """Return the positions whose questions a browser may keep to go on offline.

    All of an exam; in a practice session the next ones that are not answered. Never more new ones
    of a bank than the learner may open within an hour. One statement for each bank.
    """
    everything = range(1, attempt.total + 1)
    if attempt.is_exam:
        wanted = list(everything)
    else:
        wanted = [one for one in everything if one not in answered][:QUESTIONS_AHEAD]
    seen = set(
        SeenQuestion.objects.filter(
            learner=attempt.learner_id, question__in=attempt.question_ids
        ).values_list("question_id", flat=True)
    )
    left: dict[int, int] = {}
    kept = []
    for position in wanted:
        bank_id = attempt.bank_id_at(position)
        if attempt.question_ids[position - 1] not in seen:
            if bank_id not in left:
                left[bank_id] = _new_questions_left(attempt, bank_id, at)
            left[bank_id] -= 1
            if left[bank_id] < 0:
                continue
        kept.append(position)
    return kept


def _new_questions_left(attempt: Attempt, bank_id: int, at: datetime) -> int:
    recent = SeenQuestion.objects.filter(
        learner=attempt.learner_id, test_bank=bank_id, first_shown_at__gt=at - AN_HOUR
    )
    return max(settings.NEW_QUESTIONS_PER_HOUR - recent.count(), 0)
