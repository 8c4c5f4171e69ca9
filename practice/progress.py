"""How far a learner is in each bank: the round that is open, and how the last one went."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, OuterRef, Subquery, Sum

from accounts.models import User
from catalog.listing.owned_banks import OwnedBank, owned_banks
from practice.models import Attempt
from practice.sheet import Score


@dataclass(frozen=True)
class Progress:
    """One bank of a learner.

    `answered` of `total` questions in the round that is open, both 0 where none is.
    `last` is the newest finished round, and `last_percent` its score.
    """

    shelf: OwnedBank
    answered: int
    total: int
    last: Attempt | None
    last_percent: int

    @property
    def is_open(self) -> bool:
        """True where a round can be gone on with."""
        return self.total > 0

    @property
    def percent(self) -> int:
        """How much of the open round is answered; whole, and never rounded up to the end."""
        return 100 * self.answered // self.total if self.total else 0


def progress_of(learner: User, *, at: datetime) -> list[Progress]:
    """A learner's banks in the order of their shelf. Three statements, however many banks."""
    attempts = Attempt.objects.filter(learner=learner)
    open_ones = {
        attempt.test_bank_id: attempt
        for attempt in attempts.unfinished().annotate(answered=Count("answers"))
    }
    newest = attempts.filter(test_bank=OuterRef("test_bank"), finished_at__isnull=False)
    last_ones = {
        attempt.test_bank_id: attempt
        for attempt in attempts.filter(
            pk=Subquery(newest.order_by("-finished_at", "-pk").values("pk")[:1])
        ).annotate(points=Sum("answers__fraction"))
    }
    return [
        _progress(shelf, open_ones.get(shelf.test_bank.pk), last_ones.get(shelf.test_bank.pk))
        for shelf in owned_banks(learner, at=at)
    ]


def _progress(shelf: OwnedBank, running: Attempt | None, last: Attempt | None) -> Progress:
    points = getattr(last, "points", None) or Decimal(0)
    return Progress(
        shelf=shelf,
        answered=getattr(running, "answered", 0),
        total=running.total if running else 0,
        last=last,
        last_percent=Score(title="", points=points, total=last.total).percent if last else 0,
    )
