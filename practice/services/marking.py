"""What a learner marks: flags, notes, highlights, and resets of their progress."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from catalog.models import TestBank
from practice.models import Answer, Attempt, Note, SeenQuestion
from practice.services.errors import TooManyNewQuestions

AN_HOUR = timedelta(hours=1)
LONGEST_NOTE = 5000
MOST_HIGHLIGHTS = 100


@dataclass(frozen=True)
class Marks:
    """The positions of an attempt that its learner flagged, and whether there may be a note."""

    flagged: frozenset[int]
    has_note: bool = False


def open_question(*, attempt: Attempt, position: int, at: datetime) -> Marks:
    """Record that the question at a position is shown, and return the marks of the attempt.

    Idempotent. One statement for a question that was shown before. Raises: TooManyNewQuestions
    where the learner opened as many new ones of the bank in the last hour as the site allows.
    """
    question_id = attempt.question_ids[position - 1]
    mine = SeenQuestion.objects.filter(learner=attempt.learner_id)
    rows = mine.filter(Q(is_flagged=True) | Q(question=question_id))
    seen = {
        question: (is_flagged, has_note)
        for question, is_flagged, has_note in rows.values_list(
            "question_id", "is_flagged", "has_note"
        )
    }
    if question_id not in seen:
        _open_new(attempt, position, at)
        seen[question_id] = (False, False)
    flagged = {question for question, (is_flagged, _has_note) in seen.items() if is_flagged}
    return Marks(
        frozenset(
            place
            for place, question in enumerate(attempt.question_ids, start=1)
            if question in flagged
        ),
        has_note=seen[question_id][1],
    )


def _open_new(attempt: Attempt, position: int, at: datetime) -> None:
    bank_id, limit = attempt.bank_id_at(position), settings.NEW_QUESTIONS_PER_HOUR
    recent = SeenQuestion.objects.filter(
        learner=attempt.learner_id, test_bank=bank_id, first_shown_at__gt=at - AN_HOUR
    )
    times = recent.order_by("-first_shown_at").values_list("first_shown_at", flat=True)
    if oldest := list(times[limit - 1 : limit]):
        raise TooManyNewQuestions(oldest[0] + AN_HOUR)
    seen = SeenQuestion(
        learner_id=attempt.learner_id,
        question_id=attempt.question_ids[position - 1],
        test_bank_id=bank_id,
        first_shown_at=at,
    )
    SeenQuestion.objects.bulk_create([seen], ignore_conflicts=True)


def set_flag(*, attempt: Attempt, position: int, is_flagged: bool, at: datetime) -> None:
    """Flag the question at a position for its learner, or take the flag away. Idempotent."""
    SeenQuestion.objects.update_or_create(
        learner_id=attempt.learner_id,
        question_id=attempt.question_ids[position - 1],
        defaults={"is_flagged": is_flagged},
        create_defaults={
            "test_bank_id": attempt.bank_id_at(position),
            "first_shown_at": at,
            "is_flagged": is_flagged,
        },
    )


@transaction.atomic
def save_note(
    *,
    attempt: Attempt,
    position: int,
    text: str,
    highlights: list[tuple[int, int]],
    at: datetime,
) -> None:
    """Save what the learner wrote and highlighted at a question. An empty note is deleted.

    Idempotent.
    """
    mine = {"learner_id": attempt.learner_id, "version_id": attempt.version_ids[position - 1]}
    if not text.strip() and not highlights:
        Note.objects.filter(**mine).delete()
        return
    SeenQuestion.objects.update_or_create(
        learner_id=attempt.learner_id,
        question_id=attempt.question_ids[position - 1],
        defaults={"has_note": True},
        create_defaults={
            "test_bank_id": attempt.bank_id_at(position),
            "first_shown_at": at,
            "has_note": True,
        },
    )
    Note.objects.update_or_create(
        **mine,
        defaults={
            "text": text.strip()[:LONGEST_NOTE],
            "highlights": highlights[:MOST_HIGHLIGHTS],
            "test_bank_id": attempt.bank_id_at(position),
            "edited_at": at,
        },
    )


@transaction.atomic
def reset_progress(*, learner: User, test_bank: TestBank, domain: str | None, at: datetime) -> None:
    """Make the questions of a bank, or of one of its domains, new again for the learner.

    The answers stay in the history. Idempotent.
    """
    answers = Answer.objects.filter(learner=learner, test_bank=test_bank, reset_at=None)
    if domain is not None:
        answers = answers.filter(question__current__domain=domain)
    answers.graded().update(reset_at=at)
