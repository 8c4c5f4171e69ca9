"""Give access to a bank and take it back. Taking money is the work of `payments`."""

import uuid
from datetime import UTC, datetime, timedelta

from django.db import transaction

from accounts.models import User
from catalog.errors import NotFree
from catalog.models import Access, TestBank

# The longest that a bank sells, and that a colleague grants.
MOST_ACCESS_DAYS = 36_500
# Later ones overflow, at the latest in a time zone east of UTC.
LATEST_END = datetime(9999, 12, 30, tzinfo=UTC)


def expiry(*, at: datetime, access_days: int | None) -> datetime | None:
    """The end of an access that starts at `at`; None if it never ends.

    Any number of days has an end, because a paid order must be granted whatever a bank says.
    """
    if access_days is None:
        return None
    return at + timedelta(days=min(access_days, (LATEST_END - at).days))


def live_access(*, learner: User, test_bank: TestBank, at: datetime) -> Access | None:
    """The longest-lasting access that opens the bank at `at`, or None. One statement."""
    live = Access.objects.of(learner).filter(test_bank=test_bank).live(at)
    return live.longest_first().first()


def grant_access(
    *,
    learner: User,
    test_bank: TestBank,
    source_kind: str,
    source_id: str,
    starts_at: datetime,
    access_days: int | None,
    reason: str = "",
) -> Access:
    """Grant access once for this source, and return it.

    Idempotent: a second call with the same source changes nothing, not even the times.
    The caller owns the transaction.
    """
    access, _created = Access.objects.get_or_create(
        learner=learner,
        test_bank=test_bank,
        source_kind=source_kind,
        source_id=source_id,
        defaults={
            "starts_at": starts_at,
            "expires_at": expiry(at=starts_at, access_days=access_days),
            "reason": reason,
        },
    )
    return access


@transaction.atomic
def claim_free_bank(*, learner: User, test_bank: TestBank, at: datetime) -> Access:
    """Grant access to a free bank; someone who has access keeps it as it is.

    Idempotent, also for two calls at once. Raises: NotFree.
    """
    if not (test_bank.is_free and test_bank.is_on_sale):
        raise NotFree(test_bank)
    # Count before looking for a live access: a concurrent claim is then either found live, or
    # has our source_id, which the unique constraint keeps to one row.
    claimed = Access.objects.filter(
        learner=learner, test_bank=test_bank, source_kind=Access.Source.FREE
    ).count()
    if access := live_access(learner=learner, test_bank=test_bank, at=at):
        return access
    return grant_access(
        learner=learner,
        test_bank=test_bank,
        source_kind=Access.Source.FREE,
        source_id=str(claimed + 1),
        starts_at=at,
        access_days=test_bank.access_days,
    )


@transaction.atomic
def grant_by_staff(
    *, learner: User, test_bank: TestBank, reason: str, at: datetime, access_days: int | None
) -> Access:
    """Grant access without payment, for a reason. Each call is a grant of its own."""
    return grant_access(
        learner=learner,
        test_bank=test_bank,
        source_kind=Access.Source.GRANT,
        source_id=str(uuid.uuid4()),
        starts_at=at,
        access_days=access_days,
        reason=reason,
    )


def revoke_access(*, access: Access, reason: str, at: datetime) -> bool:
    """End an access for good; False if it was ended before.

    Idempotent: the first reason and time stay. The learner's answers stay too.
    """
    not_revoked = Access.objects.filter(pk=access.pk, revoked_at=None)
    return bool(not_revoked.update(revoked_at=at, revoke_reason=reason))


def withhold_access(
    *, source_kind: str, source_id: str, test_bank_id: int, since: datetime | None, reason: str = ""
) -> bool:
    """Withhold the access of a source from a moment on, or with None no longer.

    `reason` is one of `Access.Withheld`, for the learner to read.

    Returns whether anything changed. Idempotent. An access that a person revoked stays
    revoked. The caller owns the transaction.
    """
    accesses = Access.objects.filter(
        source_kind=source_kind, source_id=source_id, test_bank_id=test_bank_id
    )
    changed = accesses.exclude(withheld_from=since, withheld_reason=reason)
    return bool(changed.update(withheld_from=since, withheld_reason=reason))


@transaction.atomic
def extend_access(*, access: Access, days: int, at: datetime) -> bool:
    """Move the end of an access by days, from its end, or from `at` if it is over.

    Returns False, and changes nothing, for an access without end or one that was revoked. Two
    calls extend twice.
    """
    locked = Access.objects.select_for_update().get(pk=access.pk)
    if locked.expires_at is None or locked.revoked_at is not None:
        return False
    access.expires_at = expiry(at=max(locked.expires_at, at), access_days=days)
    access.save(update_fields=["expires_at"])
    return True
