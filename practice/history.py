"""What a learner did in banks: evidence that a purchase was used, for a dispute."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Coalesce

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
    in_banks = Q(answers__test_bank__in=test_bank_ids)
    given = in_banks & Q(answers__response__isnull=False)
    attempts = (
        Attempt.objects.filter(Q(test_bank__in=test_bank_ids) | in_banks, learner=learner_id)
        .annotate(
            title=Coalesce("test_bank__title", Max("answers__test_bank__title", filter=in_banks)),
            given=Count("answers", filter=given, distinct=True),
            first_answer_at=Min("answers__answered_at", filter=given),
            last_answer_at=Max("answers__answered_at", filter=given),
        )
        .order_by("started_at", "pk")
        .values(
            *("title", "started_at", "finished_at", "version_ids", "bank_ids"),
            *("given", "first_answer_at", "last_answer_at"),
        )
    )
    return [
        AttemptRecord(
            test_bank=row["title"],
            total=_total(row["version_ids"], row["bank_ids"], test_bank_ids),
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            answered=row["given"],
            first_answer_at=row["first_answer_at"],
            last_answer_at=row["last_answer_at"],
        )
        for row in attempts
    ]


def _total(version_ids: list[int], bank_ids: list[int], test_bank_ids: Collection[int]) -> int:
    """How many questions of these banks the attempt has."""
    return sum(pk in test_bank_ids for pk in bank_ids) if bank_ids else len(version_ids)
