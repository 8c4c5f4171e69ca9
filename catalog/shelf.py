"""What pages show of banks: the shelf of a learner, the domains of a bank.

Read models only; nothing here writes.
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from catalog.models import Access, TestBank


@dataclass(frozen=True)
class Shelf:
    """One bank of a learner, with the best access they have or had to it."""

    test_bank: TestBank
    is_live: bool
    expires_at: datetime | None


def shelves_of(learner: User, *, at: datetime) -> list[Shelf]:
    """A learner's banks, each once: those that can be opened first, then by title."""
    accesses = Access.objects.filter(learner=learner).select_related("test_bank__category")
    best: dict[int, Access] = {}
    for access in accesses:
        former = best.get(access.test_bank_id)
        if former is None or _rank(access, at) > _rank(former, at):
            best[access.test_bank_id] = access
    shelves = [
        Shelf(test_bank=access.test_bank, is_live=access.is_live(at), expires_at=access.expires_at)
        for access in best.values()
    ]
    return sorted(shelves, key=lambda shelf: (not shelf.is_live, shelf.test_bank.title))


def _rank(access: Access, at: datetime) -> tuple[bool, bool, datetime]:
    """Live before ended, for good before timed, later before earlier."""
    return access.is_live(at), access.expires_at is None, access.expires_at or at
