"""Grade answers to earlier versions of a question by its corrected version: upward only."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from practice.models import Answer, AnswerQuerySet, Attempt
from practice.results import is_pass, pass_mark, rounded_percent
from practice.services.answering import as_decimal
from questions.grading import RESPONSE, ResponseError, grade
from questions.models import QuestionVersion

BATCH_SIZE = 500


@dataclass(frozen=True)
class Rise:
    """An answer that earns more by the corrected version; `before` and `after` are fractions."""

    answer_id: int
    attempt_id: UUID
    learner_id: int
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class SessionChange:
    """The result of a finished session before and after, in percent.

    `passes_now` is True for an exam that reaches its pass mark only by the correction.
    """

    attempt_id: UUID
    learner_id: int
    started_at: datetime
    before: int
    after: int
    passes_now: bool


def earlier_answers(*, corrected: QuestionVersion) -> AnswerQuerySet:
    """Select the graded answers to earlier versions that did not earn all points."""
    return Answer.objects.graded().filter(
        question=corrected.question_id, version__number__lt=corrected.number, fraction__lt=1
    )


def find_rises(*, corrected: QuestionVersion, answers: AnswerQuerySet | None = None) -> list[Rise]:
    """Return which answers earn more by the corrected version. One statement; writes nothing.

    An answer that the corrected version cannot grade, such as a choice that it no longer has,
    stays as it is.
    """
    answers = earlier_answers(corrected=corrected) if answers is None else answers
    rows = answers.order_by("pk").values_list(
        *("pk", "attempt_id", "learner_id", "fraction", "response", "test_bank__language")
    )
    item = corrected.item

    @cache
    def worth(response: str, language: str) -> Decimal:
        try:
            parsed = RESPONSE.validate_json(response)
            return as_decimal(grade(item, parsed, language=language).fraction)
        except ResponseError:
            return Decimal(0)

    rises = []
    for pk, attempt, learner, before, response, language in rows.iterator(chunk_size=5000):
        after = worth(RESPONSE.dump_json(RESPONSE.validate_python(response)).decode(), language)
        if after > before:
            rises.append(Rise(pk, attempt, learner, before, after))
    return rises


@transaction.atomic
def raise_answers(
    *, corrected: QuestionVersion, answer_ids: Collection[int], at: datetime
) -> list[Rise]:
    """Store what these answers earn by the corrected version, and the scores of their sessions.

    Returns the answers that rose. Idempotent, and safe while learners finish their sessions. The
    number of statements depends on how many different grades there are, not on the answers.
    """
    answers = Answer.objects.filter(pk__in=answer_ids)
    # As the end of a session does: lock the attempt first, and read its answers second.
    attempts = Attempt.objects.filter(pk__in=list(answers.values_list("attempt", flat=True)))
    list(attempts.select_for_update().order_by("pk").values_list("pk"))
    open_answers = earlier_answers(corrected=corrected).filter(pk__in=answer_ids)
    rises = find_rises(corrected=corrected, answers=open_answers)
    _raise_fractions(rises, corrected, at)
    _raise_points(rises)
    return rises


def _raise_fractions(rises: Iterable[Rise], corrected: QuestionVersion, at: datetime) -> None:
    by_grade: defaultdict[Decimal, list[int]] = defaultdict(list)
    for rise in rises:
        by_grade[rise.after].append(rise.answer_id)
    for after, ids in by_grade.items():
        Answer.objects.filter(pk__in=ids).update(
            fraction_before=Coalesce("fraction_before", "fraction"),
            fraction=after,
            regraded_at=at,
            regraded_version=corrected,
        )


def _raise_points(rises: Iterable[Rise]) -> None:
    """Add what the answers gained to their finished sessions."""
    gained: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for rise in rises:
        gained[rise.attempt_id] += rise.after - rise.before
    by_gain: defaultdict[Decimal, list[UUID]] = defaultdict(list)
    for attempt_id, gain in gained.items():
        by_gain[gain].append(attempt_id)
    for gain, ids in by_gain.items():
        Attempt.objects.finished().filter(pk__in=ids).update(points=F("points") + gain)


def session_changes(*, rises: Iterable[Rise]) -> list[SessionChange]:
    """Return how the results of finished sessions would change, before the rises are stored.

    One statement for each 500 sessions.
    """
    gained: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for rise in rises:
        gained[rise.attempt_id] += rise.after - rise.before
    ids = list(gained)
    found: list[SessionChange] = []
    for start in range(0, len(ids), BATCH_SIZE):
        batch = Attempt.objects.finished().filter(pk__in=ids[start : start + BATCH_SIZE])
        found += [_change(attempt, gained[attempt.pk]) for attempt in batch if attempt.counted]
    return sorted(found, key=lambda change: change.started_at, reverse=True)


def _change(attempt: Attempt, gain: Decimal) -> SessionChange:
    before = attempt.points or Decimal(0)
    # Of exams only: the mark of a whole bank may have changed since.
    mark = pass_mark(attempt, None)
    passes_now = bool(mark) and (
        is_pass(before + gain, attempt.counted, mark) and not is_pass(before, attempt.counted, mark)
    )
    return SessionChange(
        attempt_id=attempt.pk,
        learner_id=attempt.learner_id,
        started_at=attempt.started_at,
        before=rounded_percent(before, attempt.counted, pass_percent=mark),
        after=rounded_percent(before + gain, attempt.counted, pass_percent=mark),
        passes_now=passes_now,
    )
