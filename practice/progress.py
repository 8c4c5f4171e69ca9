"""How far a learner is in each of their banks, and how the last attempt went."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, OuterRef, Subquery, Sum

from accounts.models import User
from catalog.listing.owned_banks import owned_banks
from catalog.models import TestBank
from practice.models import Attempt
from practice.results import Score


@dataclass(frozen=True)
class Progress:
    """One bank of a learner. `is_live` says whether it can be practiced now.

    `answered` of `total` questions are those of the unfinished attempt, both 0 without one.
    `last` is the newest finished attempt, and `last_percent` its score.
    """

    test_bank: TestBank
    is_live: bool
    answered: int
    total: int
    last: Attempt | None
    last_percent: int

    @property
    def is_open(self) -> bool:
        """Whether there is an unfinished attempt."""
        return self.total > 0

    @property
    def percent(self) -> int:
        """How much of the unfinished attempt is answered, in whole percent, rounded down."""
        return 100 * self.answered // self.total if self.total else 0


def progress_of(learner: User, *, at: datetime) -> list[Progress]:
    """List a learner's banks, those they can practice first, then by title. Three statements."""
    unfinished, last = _unfinished_attempts(learner), _last_finished_attempts(learner)
    return [
        _progress(
            one.test_bank, one.is_live, unfinished.get(one.test_bank.pk), last.get(one.test_bank.pk)
        )
        for one in owned_banks(learner, at=at)
    ]


def _unfinished_attempts(learner: User) -> dict[int, Attempt]:
    """By bank, with the count `answered`."""
    attempts = Attempt.objects.unfinished().filter(learner=learner)
    return {one.test_bank_id: one for one in attempts.annotate(answered=Count("answers"))}


def _last_finished_attempts(learner: User) -> dict[int, Attempt]:
    """By bank, with the sum `points`."""
    attempts = Attempt.objects.filter(learner=learner)
    newest = attempts.filter(test_bank=OuterRef("test_bank"), finished_at__isnull=False).order_by(
        "-finished_at", "-pk"
    )
    last = attempts.filter(pk=Subquery(newest.values("pk")[:1]))
    return {one.test_bank_id: one for one in last.annotate(points=Sum("answers__fraction"))}


def _progress(
    test_bank: TestBank, is_live: bool, unfinished: Attempt | None, last: Attempt | None
) -> Progress:
    points = getattr(last, "points", None) or Decimal(0)
    return Progress(
        test_bank=test_bank,
        is_live=is_live,
        answered=getattr(unfinished, "answered", 0),
        total=unfinished.total if unfinished else 0,
        last=last,
        last_percent=Score(title="", points=points, total=last.total).percent if last else 0,
    )
