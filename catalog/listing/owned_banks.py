"""The banks of one learner, for "My banks"."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from catalog.models import Access, TestBank

A_DAY = timedelta(days=1)
SOON_DAYS = 14


@dataclass(frozen=True)
class OwnedBank:
    """A bank, with the best access that its learner has or had.

    `days_left` is set in the last two weeks of a live access; a day that has begun counts.
    `ended` is why the access ended: expired, refund, dispute, lost, or revoked; "" while it is live.
    """

    test_bank: TestBank
    is_live: bool
    expires_at: datetime | None
    days_left: int | None
    ended: str


def owned_banks(learner: User, *, at: datetime) -> list[OwnedBank]:
    """List a learner's banks, each once: those that can be opened first, then by title.

    One statement.
    """
    accesses = Access.objects.of(learner).select_related("test_bank__category")
    by_bank: defaultdict[int, list[Access]] = defaultdict(list)
    for access in accesses:
        by_bank[access.test_bank_id].append(access)
    owned = [_owned_bank(best_access(some, at=at), at) for some in by_bank.values()]
    return sorted(owned, key=lambda one: (not one.is_live, one.test_bank.title))


def best_access(accesses: Iterable[Access], *, at: datetime) -> Access:
    """The best of a learner's accesses to one bank, of which there must be one.

    Live before ended, without end before with one, later before earlier.
    """
    return max(
        accesses,
        key=lambda access: (
            access.is_live(at),
            access.expires_at is None,
            access.expires_at or at,
        ),
    )


def _owned_bank(access: Access, at: datetime) -> OwnedBank:
    is_live = access.is_live(at)
    return OwnedBank(
        test_bank=access.test_bank,
        is_live=is_live,
        expires_at=access.expires_at,
        days_left=days_left(access, at=at),
        ended="" if is_live else why_it_ended(access, at=at),
    )


def days_left(access: Access, *, at: datetime) -> int | None:
    """Return the days that a live access has left; a begun day counts.

    None if it is without end, or ends later than in two weeks.
    """
    if access.expires_at is None or not access.is_live(at):
        return None
    left = -((at - access.expires_at) // A_DAY)
    return left if left <= SOON_DAYS else None


def why_it_ended(access: Access, *, at: datetime) -> str:
    """Return why an access that is not live ended, as in `OwnedBank.ended`."""
    if access.revoked_at:
        return "revoked"
    if access.state(at) is Access.State.EXPIRED:
        return "expired"
    return access.withheld_reason or Access.Withheld.REFUND.value
