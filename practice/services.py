"""What a learner does: begin, answer, finish. Each can be asked for twice without harm."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from catalog.models import Access, TestBank
from delivery.writing import execute, insertion_of
from practice.asking import asked_in
from practice.models import Answer, Attempt
from questions.grading import Response, grade
from questions.services import item_of_version


class PracticeError(Exception):
    """Base of what can go wrong in this room."""


class NoAccess(PracticeError):
    """The learner has no live access to the bank (any more)."""


class NothingToAsk(PracticeError):
    """The bank has no question of a kind that can be asked."""


class NoSuchAttempt(PracticeError):
    """There is no such attempt, or it is another learner's."""


class NoSuchPosition(PracticeError):
    """The attempt has no question at that position."""


class AttemptFinished(PracticeError):
    """The attempt has ended: its answers stay as they are."""


def has_access(*, learner_id: int, test_bank_id: int, at: datetime) -> bool:
    """True where the bank is open to the learner at that moment. One statement."""
    return Access.objects.live(at).filter(learner=learner_id, test_bank=test_bank_id).exists()


def start_attempt(*, learner: User, test_bank: TestBank, at: datetime) -> Attempt:
    """The attempt to go on with: the unfinished one, or a new one over the whole bank.

    Idempotent, also for two clicks at once. Raises: NoAccess, NothingToAsk.
    """
    if not has_access(learner_id=learner.pk, test_bank_id=test_bank.pk, at=at):
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
) -> None:
    """Grade and keep the answer at a position, counted from 1.

    Idempotent: the explanation was shown after the first answer, so that one counts, and
    two at once make one row. Three statements at most. Raises: NoSuchAttempt where it is not
    this learner's, NoSuchPosition, NoAccess, AttemptFinished; questions.grading's
    ResponseError where the response does not fit. Then nothing is kept.
    """
    asked = asked_in(attempt_id=attempt_id, learner_id=learner_id, at=at)
    if asked is None:
        raise NoSuchAttempt
    if not 1 <= position <= len(asked.version_ids):
        raise NoSuchPosition
    if asked.is_finished:
        raise AttemptFinished
    if not asked.may_go_on:
        raise NoAccess
    version_id = asked.version_ids[position - 1]
    share = grade(item_of_version(version_id), response).fraction
    answer = {
        "attempt_id": attempt_id,
        "position": position,
        "version_id": version_id,
        "response": response.model_dump(mode="json"),
        "fraction": Decimal(share.numerator) / Decimal(share.denominator),
        "answered_at": at,
    }
    execute(insertion_of(Answer, answer, once=True))


def finish_attempt(*, attempt: Attempt, at: datetime) -> None:
    """End the attempt; what was not answered counts as nothing. Idempotent."""
    if Attempt.objects.unfinished().filter(pk=attempt.pk).update(finished_at=at):
        attempt.finished_at = at
