"""Start an attempt, answer its questions, finish it. Every service here is idempotent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from catalog.models import Access, TestBank
from practice.models import Answer, Attempt
from questions.grading import Response, grade
from questions.services import item_of_version


class PracticeError(Exception):
    """Base of the reasons why a learner cannot practice."""


class NoAccess(PracticeError):
    """The learner has no live access to the bank, or no longer has it."""


class NothingToAsk(PracticeError):
    """The bank has no question of a kind that can be asked."""


class NoSuchAttempt(PracticeError):
    """The attempt does not exist or belongs to another learner."""


class NoSuchPosition(PracticeError):
    """The attempt has no question at that position."""


class AttemptFinished(PracticeError):
    """The attempt has ended, so it takes no more answers."""


@dataclass(frozen=True)
class SubmittedAnswer:
    """The answer that counts. `is_first` is False if a different answer was stored before."""

    answer: Answer
    is_first: bool


def has_live_access(*, learner_id: int, test_bank_id: int, at: datetime) -> bool:
    """Whether the learner can open the bank at that moment."""
    return Access.objects.live(at).filter(learner=learner_id, test_bank=test_bank_id).exists()


def start_attempt(*, learner: User, test_bank: TestBank, at: datetime) -> Attempt:
    """Return the learner's unfinished attempt at the bank, or start one over all its questions.

    Idempotent, also for two calls at once.

    Raises: NoAccess, NothingToAsk.
    """
    if not has_live_access(learner_id=learner.pk, test_bank_id=test_bank.pk, at=at):
        raise NoAccess
    unfinished = Attempt.objects.unfinished().filter(learner=learner, test_bank=test_bank)
    if attempt := unfinished.first():
        return attempt
    version_ids = list(
        test_bank.bank_questions.askable()
        .order_by("position")
        .values_list("question__current", flat=True)
    )
    if not version_ids:
        raise NothingToAsk
    try:
        with transaction.atomic():
            return Attempt.objects.create(
                learner=learner, test_bank=test_bank, version_ids=version_ids, started_at=at
            )
    except IntegrityError:
        return unfinished.get()


def submit_answer(
    *, attempt_id: UUID, learner_id: int, position: int, response: Response, at: datetime
) -> SubmittedAnswer:
    """Grade and store the answer to the question at a position, counted from 1.

    Idempotent: the first answer counts, because its explanation has been shown since. A
    later one, or one of two at once, changes nothing and gets the first answer back. When
    this raises, nothing is stored.

    Raises: NoSuchAttempt, NoSuchPosition, AttemptFinished, NoAccess;
    questions.grading.ResponseError for a response that does not fit the question.
    """
    attempts = Attempt.objects.select_related("test_bank")
    attempt = attempts.filter(pk=attempt_id, learner=learner_id).first()
    if attempt is None:
        raise NoSuchAttempt
    if not 1 <= position <= attempt.total:
        raise NoSuchPosition
    if attempt.is_finished:
        raise AttemptFinished
    if not has_live_access(learner_id=learner_id, test_bank_id=attempt.test_bank_id, at=at):
        raise NoAccess
    version_id = attempt.version_ids[position - 1]
    item, language = item_of_version(version_id), attempt.test_bank.language
    answer, is_new = Answer.objects.get_or_create(
        attempt=attempt,
        position=position,
        defaults={
            "version_id": version_id,
            "response": response.model_dump(mode="json"),
            "fraction": as_decimal(grade(item, response, language=language).fraction),
            "answered_at": at,
        },
    )
    is_first = is_new or answer.response == response.model_dump(mode="json")
    return SubmittedAnswer(answer, is_first=is_first)


def as_decimal(fraction: Fraction) -> Decimal:
    """Return the fraction as the database stores it, which keeps nine decimals."""
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


def finish_attempt(*, attempt: Attempt, at: datetime) -> None:
    """End the attempt; unanswered questions earn no points. Idempotent."""
    if Attempt.objects.unfinished().filter(pk=attempt.pk).update(finished_at=at):
        attempt.finished_at = at
