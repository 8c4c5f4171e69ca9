"""Answer the questions of an attempt. Every service here is idempotent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db import transaction

from catalog.models import Access, TestBank
from practice.clock import GRACE
from practice.models import Answer, Attempt
from practice.services.errors import (
    AttemptFinished,
    AttemptPaused,
    NoAccess,
    NoSuchAttempt,
    NoSuchPosition,
)
from practice.shuffling import choice_order
from questions.grading import Response, grade
from questions.services import item_of_version


@dataclass(frozen=True)
class Remarks:
    """What comes with an answer: how sure the learner was, and how long it took.

    `client_id` and `sequence` name the submission where a browser keeps a journal; of several
    from one browser, the greatest sequence counts. Without them each submission is newer than the one before.
    `answered_at` is when the learner answered, where that was before the answer arrived.
    """

    is_unsure: bool = False
    seconds: int | None = None
    client_id: str = ""
    sequence: int | None = None
    answered_at: datetime | None = None


NO_REMARKS = Remarks()
DEVICE_LENGTH = 16


@dataclass(frozen=True)
class SubmittedAnswer:
    """The answer that counts. `is_first` is False if a different answer was stored before."""

    answer: Answer
    is_first: bool


@transaction.atomic
def submit_answer(
    *,
    attempt_id: UUID,
    learner_id: int,
    position: int,
    response: Response,
    at: datetime,
    remarks: Remarks = NO_REMARKS,
) -> SubmittedAnswer:
    """Store the answer to the question at a position, counted from 1.

    In a practice session it is graded at once and the first answer counts, because its explanation has
    been shown since: a later one, or one of two at once, changes nothing and gets the first
    answer back. In an exam it replaces the answer before, and is graded at the end.
    Idempotent. When this raises, nothing is stored.

    Raises: NoSuchAttempt, NoSuchPosition, AttemptFinished, AttemptPaused, NoAccess;
    questions.grading.ResponseError for a response that does not fit the question.
    """
    attempt = _answerable(attempt_id, learner_id, position, at, remarks.answered_at or at)
    bank = _bank_at(attempt, position)
    item = item_of_version(attempt.version_ids[position - 1])
    fraction = grade(item, response, language=bank.language).fraction
    answer = Answer(
        attempt=attempt,
        learner_id=learner_id,
        question_id=attempt.question_ids[position - 1],
        test_bank=bank,
        position=position,
        version_id=attempt.version_ids[position - 1],
        response=response.model_dump(mode="json"),
        fraction=None if attempt.is_exam else as_decimal(fraction),
        answered_at=_answered_at(attempt, remarks, at),
        seconds=remarks.seconds,
        is_unsure=remarks.is_unsure,
        choice_order=choice_order(
            item, seed=attempt.seed, position=position, is_pinned=bank.keeps_choice_order
        ),
        client_id=remarks.client_id,
        sequence=remarks.sequence or 0,
    )
    return _store(answer)


@transaction.atomic
def clear_answer(
    *,
    attempt_id: UUID,
    learner_id: int,
    position: int,
    at: datetime,
    remarks: Remarks = NO_REMARKS,
) -> None:
    """Take the answer back in an exam that runs. Idempotent; does nothing in a practice session.

    Raises: as `submit_answer`.
    """
    attempt = _answerable(attempt_id, learner_id, position, at, remarks.answered_at or at)
    if not attempt.is_exam:
        return
    stored = Answer.objects.given().filter(attempt=attempt, position=position).first()
    if stored is None:
        return
    sequence = stored.sequence + 1 if remarks.sequence is None else remarks.sequence
    answered_at = _answered_at(attempt, remarks, at)
    cleared = Answer(client_id=remarks.client_id, sequence=sequence, answered_at=answered_at)
    if not _is_older(cleared, stored):
        stored.response, stored.answered_at = None, answered_at
        stored.client_id, stored.sequence = remarks.client_id, sequence
        stored.save(update_fields=["response", "answered_at", "client_id", "sequence"])


def _store(answer: Answer) -> SubmittedAnswer:
    """Insert the answer, or deal with one that the position has. Two or three statements."""
    same = Answer.objects.filter(learner=answer.learner_id, question=answer.question_id)
    earlier = set(same.values_list("attempt", "position"))
    if (answer.attempt_id, answer.position) not in earlier:
        answer.is_first = not earlier
        answer.save(force_insert=True)
        return SubmittedAnswer(answer, is_first=True)
    stored = Answer.objects.get(attempt=answer.attempt_id, position=answer.position)
    if answer.attempt.is_exam:
        return _replace(stored, answer)
    return SubmittedAnswer(stored, is_first=stored.response == answer.response)


def _replace(stored: Answer, answer: Answer) -> SubmittedAnswer:
    """Let the answer of an exam replace the one before, unless a journal sent it out of order."""
    if _is_older(answer, stored):
        return SubmittedAnswer(stored, is_first=False)
    sequence = answer.sequence or stored.sequence + 1
    stored.response, stored.answered_at = answer.response, answer.answered_at
    stored.is_unsure, stored.client_id = answer.is_unsure, answer.client_id
    stored.seconds = ((stored.seconds or 0) + (answer.seconds or 0)) or None
    stored.sequence = sequence
    fields = ["response", "answered_at", "is_unsure", "client_id", "seconds", "sequence"]
    stored.save(update_fields=fields)
    return SubmittedAnswer(stored, is_first=True)


def device_of(client_id: str) -> str:
    """Return the part of a client id that names the browser; the rest names one of its pages."""
    return client_id[:DEVICE_LENGTH]


def _is_older(answer: Answer, stored: Answer) -> bool:
    """Whether a journal sent the answer out of order.

    A browser numbers its own answers. Those of several are compared by when they were given, by
    the clock of the server.
    """
    if answer.client_id and device_of(answer.client_id) == device_of(stored.client_id):
        return answer.sequence <= stored.sequence
    return answer.answered_at < stored.answered_at


def _answered_at(attempt: Attempt, remarks: Remarks, at: datetime) -> datetime:
    """When the answer was given: never before the start, never in the future."""
    return min(max(remarks.answered_at or at, attempt.started_at), at)


def _answerable(
    attempt_id: UUID, learner_id: int, position: int, at: datetime, answered_at: datetime
) -> Attempt:
    """The attempt, locked, if it takes an answer at that position now. Two statements.

    The lock makes the end of an attempt wait, so that its score has every answer. An answer from
    before a pause is taken during the pause.
    """
    attempts = Attempt.objects.with_bank().select_for_update(of=("self",))
    try:
        attempt = attempts.get(pk=attempt_id, learner=learner_id)
    except Attempt.DoesNotExist as error:
        raise NoSuchAttempt from error
    if not 1 <= position <= attempt.total:
        raise NoSuchPosition
    if attempt.is_finished or attempt.is_overdue(at - GRACE):
        raise AttemptFinished
    if attempt.paused_at is not None and attempt.paused_at <= answered_at:
        raise AttemptPaused
    if not _has_access(attempt, position, at):
        raise NoAccess
    return attempt


def _has_access(attempt: Attempt, position: int, at: datetime) -> bool:
    live = Access.objects.live(at).filter(learner=attempt.learner_id)
    return live.filter(test_bank=attempt.bank_id_at(position)).exists()


def _bank_at(attempt: Attempt, position: int) -> TestBank:
    return attempt.test_bank or TestBank.objects.get(pk=attempt.bank_id_at(position))


def as_decimal(fraction: Fraction) -> Decimal:
    """Return the fraction as the database stores it, which keeps nine decimals."""
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)
