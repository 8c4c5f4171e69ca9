"""Giving access to a bank and taking it back; putting banks on sale.

Taking money stands in `payments`.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from catalog.models import Access, TestBank
from catalog.shelving import shelve


class CatalogError(Exception):
    """Base of what can go wrong in this room."""


class NotFree(CatalogError):
    """The bank costs money or is not on sale, so it cannot be claimed."""

    def __init__(self, test_bank: TestBank) -> None:
        self.test_bank = test_bank
        super().__init__(test_bank.slug)


class NothingToAsk(CatalogError):
    """The bank has no question that can be practised, so it cannot be put on sale."""

    def __init__(self, test_bank: TestBank) -> None:
        self.test_bank = test_bank
        super().__init__(test_bank.slug)


def expiry(*, at: datetime, access_days: int | None) -> datetime | None:
    """When an access that starts at `at` ends; None is never."""
    return None if access_days is None else at + timedelta(days=access_days)


def live_access(*, learner: User, test_bank: TestBank, at: datetime) -> Access | None:
    """The access that opens the bank at `at`, the longest-lasting first; None without one."""
    live = Access.objects.of(learner).filter(test_bank=test_bank).live(at)
    return live.longest_first().first()


def grant_access(
    *,
    learner: User,
    test_bank: TestBank,
    source_kind: str,
    source_id: str,
    at: datetime,
    access_days: int | None,
    reason: str = "",
) -> Access:
    """Give access once for this cause, and return it.

    Idempotent: a second call with the same cause changes nothing, not even the times.
    The caller owns the transaction.
    """
    access, _created = Access.objects.get_or_create(
        learner=learner,
        test_bank=test_bank,
        source_kind=source_kind,
        source_id=source_id,
        defaults={
            "starts_at": at,
            "expires_at": expiry(at=at, access_days=access_days),
            "reason": reason,
        },
    )
    return access


@transaction.atomic
def claim_free_bank(*, learner: User, test_bank: TestBank, at: datetime) -> Access:
    """Give access to a free bank at once; whoever has it already keeps what they have.

    Idempotent, also for two calls at once. Raises: NotFree.
    """
    if not (test_bank.is_free and test_bank.is_on_sale):
        raise NotFree(test_bank)
    # Counted before looking for a live one: a claim that another call makes in between is
    # then either found alive, or named the same as ours and so made once.
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
        at=at,
        access_days=test_bank.access_days,
    )


@transaction.atomic
def grant_by_staff(
    *, learner: User, test_bank: TestBank, reason: str, at: datetime, access_days: int | None
) -> Access:
    """Give access without money, for a reason; each call is a grant of its own."""
    return grant_access(
        learner=learner,
        test_bank=test_bank,
        source_kind=Access.Source.GRANT,
        source_id=str(uuid.uuid4()),
        at=at,
        access_days=access_days,
        reason=reason,
    )


def revoke_access(*, access: Access, reason: str, at: datetime) -> bool:
    """Close an access for a reason; False where it was closed already.

    Idempotent: the first reason and time stay. What was practised stays too.
    """
    open_one = Access.objects.filter(pk=access.pk, revoked_at=None)
    return bool(open_one.update(revoked_at=at, revoke_reason=reason))


def withhold_access(
    *, source_kind: str, source_id: str, test_bank_id: int, since: datetime | None
) -> bool:
    """Close what a cause gave from a moment on, or with None open it again; True if it changed.

    Idempotent. An access that a person closed stays closed. The caller owns the transaction.
    """
    accesses = Access.objects.filter(
        source_kind=source_kind, source_id=source_id, test_bank_id=test_bank_id
    )
    return bool(accesses.exclude(withheld_from=since).update(withheld_from=since))


def put_on_sale(*, test_bank: TestBank, at: datetime) -> None:
    """Show the bank in the shop. Raises: NothingToAsk."""
    if not test_bank.bank_questions.askable().exists():
        raise NothingToAsk(test_bank)
    _set_status(test_bank, TestBank.Status.PUBLISHED, at)


def withdraw(*, test_bank: TestBank, at: datetime) -> None:
    """Sell the bank no longer; its owners keep it."""
    _set_status(test_bank, TestBank.Status.WITHDRAWN, at)


@transaction.atomic
def _set_status(test_bank: TestBank, status: TestBank.Status, at: datetime) -> None:
    TestBank.objects.filter(pk=test_bank.pk).update(status=status, updated_at=at)
    test_bank.status, test_bank.updated_at = status, at
    shelve(test_bank=test_bank, at=at)
