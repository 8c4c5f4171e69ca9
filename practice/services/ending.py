"""End a session, and pause its clock. Every service here is idempotent."""

import math
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from catalog.models import Access, BankQuestion, TestBank
from practice.clock import GRACE, deadline_of
from practice.models import Answer, Attempt
from practice.services.answering import as_decimal
from practice.services.errors import AttemptFinished, CannotPause
from practice.services.preferences import preferences_of
from questions.grading import RESPONSE, ResponseError, grade
from questions.services import item_of_version

ROWS_AT_ONCE = 500
CLOSED_AT_ONCE = 200
ENDED = (
    *("finished_at", "ended_by", "paused_at", "left_out", "counted"),
    *("answered", "points", "seconds_spent"),
)


def finish_attempt(*, attempt: Attempt, at: datetime) -> None:
    """End the attempt and score it. Idempotent.

    An exam is graded now. Unanswered questions earn no points, but those that could no longer be
    answered do not count: their question was retired, or the access to their bank has ended.
    """
    if attempt.is_overdue(at):
        finish_overdue_attempt(attempt=attempt)
    else:
        _finish(attempt, at=at, ended_by=Attempt.EndedBy.LEARNER)


def discard_attempt(*, attempt: Attempt, at: datetime) -> None:
    """End the attempt without counting it in trends. Its answers stay in the history. Idempotent."""
    _finish(attempt, at=at, ended_by=Attempt.EndedBy.DISCARD)


def finish_overdue_attempt(*, attempt: Attempt) -> None:
    """End an attempt whose time is up, at its deadline. Idempotent."""
    if attempt.deadline_at is not None:
        _finish(attempt, at=attempt.deadline_at, ended_by=Attempt.EndedBy.CLOCK)


def finish_overdue_attempts(*, at: datetime) -> int:
    """End the attempts whose time, and the grace for answers on their way, is over.

    Returns how many. Each is a transaction of its own.
    """
    overdue = Attempt.objects.overdue(at - GRACE).order_by("deadline_at")[:CLOSED_AT_ONCE]
    attempts = list(overdue)
    for attempt in attempts:
        finish_overdue_attempt(attempt=attempt)
    return len(attempts)


@transaction.atomic
def _finish(attempt: Attempt, *, at: datetime, ended_by: str) -> None:
    # Locked, so that an answer which is being stored is scored too.
    locked = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if not locked.is_finished:
        answers = list(locked.answers.given())
        if locked.is_exam:
            _grade(answers, locked)
        given = {answer.position: answer for answer in answers}
        left_out = left_out_positions(locked, given, at=at)
        locked.finished_at = max(at, locked.started_at)
        locked.ended_by, locked.paused_at = ended_by, None
        locked.left_out = left_out
        locked.counted = locked.total - len(left_out)
        locked.answered = len(given)
        locked.points = sum((one.fraction or Decimal(0) for one in answers), Decimal(0))
        locked.seconds_spent = sum(one.seconds or 0 for one in answers)
        locked.save(update_fields=ENDED)
    for name in ENDED:
        setattr(attempt, name, getattr(locked, name))


def _grade(answers: Sequence[Answer], attempt: Attempt) -> None:
    """Grade the answers of an exam. One more statement for each 500."""
    languages = dict(
        TestBank.objects.filter(pk__in={one.test_bank_id for one in answers}).values_list(
            "pk", "language"
        )
    )
    for answer in answers:
        item, response = item_of_version(answer.version_id), answer.response
        try:
            worth = grade(
                item,
                RESPONSE.validate_python(response),
                language=languages[answer.test_bank_id],
            )
            answer.fraction = as_decimal(worth.fraction)
        except ResponseError:
            # Graded when it was stored; only newer rules can refuse it.
            answer.fraction = Decimal(0)
    Answer.objects.bulk_update(answers, ["fraction"], ROWS_AT_ONCE)


def left_out_positions(attempt: Attempt, answered: Collection[int], *, at: datetime) -> list[int]:
    """The unanswered positions that can no longer be answered, so that they do not count.

    Two statements.
    """
    live = set(
        Access.objects.live(at)
        .filter(learner=attempt.learner_id)
        .values_list("test_bank", flat=True)
    )
    asked = set(
        BankQuestion.objects.askable()
        .filter(test_bank__in=live, question__in=attempt.question_ids)
        .values_list("test_bank_id", "question_id")
    )
    return [
        position
        for position, question_id in enumerate(attempt.question_ids, start=1)
        if position not in answered and (attempt.bank_id_at(position), question_id) not in asked
    ]


@transaction.atomic
def pause_attempt(*, attempt: Attempt, at: datetime) -> None:
    """Stop the attempt's clock. Idempotent. Raises: AttemptFinished, CannotPause."""
    locked = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if locked.is_finished or locked.is_overdue(at):
        raise AttemptFinished
    if not locked.can_pause:
        raise CannotPause
    if not locked.is_paused:
        locked.paused_at = at
        locked.save(update_fields=["paused_at"])


@transaction.atomic
def resume_attempt(*, attempt: Attempt, at: datetime) -> None:
    """Let the attempt's clock run again: the deadline moves by the pause. Idempotent."""
    locked = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if locked.paused_at is None:
        return
    pause = (at - locked.paused_at).total_seconds()
    locked.paused_seconds += max(math.ceil(pause), 0)
    locked.paused_at = None
    learner = User.objects.get(pk=locked.learner_id)
    extra_time = preferences_of(learner).extra_time
    locked.deadline_at = deadline_of(locked, extra_time=extra_time)
    locked.save(update_fields=["paused_seconds", "paused_at", "deadline_at"])
