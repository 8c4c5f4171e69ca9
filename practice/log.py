"""What a learner did in banks, as a log: for whoever must show that what was bought was used."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min

from practice.models import Attempt


@dataclass(frozen=True)
class Practised:
    """One round: when it began and ended, how many questions were answered, and when."""

    test_bank: str
    started_at: datetime
    finished_at: datetime | None
    answered: int
    total: int
    first_answer_at: datetime | None
    last_answer_at: datetime | None


def practice_log(*, learner_id: int, test_bank_ids: Collection[int]) -> list[Practised]:
    """Every round of a learner in these banks, the oldest first. One statement."""
    rows = (
        Attempt.objects.filter(learner=learner_id, test_bank__in=test_bank_ids)
        .annotate(
            answered=Count("answers"),
            first=Min("answers__answered_at"),
            last=Max("answers__answered_at"),
        )
        .order_by("started_at", "pk")
        .values(
            *("test_bank__title", "started_at", "finished_at", "version_ids"),
            *("answered", "first", "last"),
        )
    )
    return [
        Practised(
            test_bank=row["test_bank__title"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            answered=row["answered"],
            total=len(row["version_ids"]),
            first_answer_at=row["first"],
            last_answer_at=row["last"],
        )
        for row in rows
    ]
