"""What a learner did in banks: evidence that a purchase was used, for a dispute."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min

from practice.models import Attempt


@dataclass(frozen=True)
class AttemptRecord:
    """One attempt: its times, and how many of its questions were answered when."""

    test_bank: str
    started_at: datetime
    finished_at: datetime | None
    answered: int
    total: int
    first_answer_at: datetime | None
    last_answer_at: datetime | None


def attempt_history(*, learner_id: int, test_bank_ids: Collection[int]) -> list[AttemptRecord]:
    """List every attempt of a learner at these banks, oldest first. One statement."""
    attempts = (
        Attempt.objects.filter(learner=learner_id, test_bank__in=test_bank_ids)
        .annotate(
            answered=Count("answers"),
            first_answer_at=Min("answers__answered_at"),
            last_answer_at=Max("answers__answered_at"),
        )
        .order_by("started_at", "pk")
        .values(
            *("test_bank__title", "started_at", "finished_at", "version_ids"),
            *("answered", "first_answer_at", "last_answer_at"),
        )
    )
    return [
        AttemptRecord(
            test_bank=row["test_bank__title"],
            total=len(row["version_ids"]),
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            answered=row["answered"],
            first_answer_at=row["first_answer_at"],
            last_answer_at=row["last_answer_at"],
        )
        for row in attempts
    ]
