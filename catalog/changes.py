"""What changed in a bank's questions, written down for those who own it or think of buying it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from catalog.models import BankChange, TestBank

NEWEST = 3


@transaction.atomic
def note_change(
    *, test_bank: TestBank, at: datetime, added: int = 0, changed: int = 0, words: str = ""
) -> BankChange:
    """Write a change down, and that the bank is as new as that. Atomic.

    One of `added`, `changed` (numbers of questions) and `words` must be given.
    """
    change = BankChange.objects.create(
        test_bank=test_bank, at=at, added=added, changed=changed, words=words
    )
    TestBank.objects.filter(pk=test_bank.pk).update(updated_at=at)
    test_bank.updated_at = at
    date_questions(test_bank=test_bank)
    return change


def date_questions(*, test_bank: TestBank) -> None:
    """Let the bank say when its questions last changed, by its changes. Idempotent."""
    newest = test_bank.changes.aggregate(at=Max("at"))["at"]
    TestBank.objects.filter(pk=test_bank.pk).update(questions_changed_at=newest)
    test_bank.questions_changed_at = newest


def newest_changes(test_bank: TestBank) -> list[BankChange]:
    """What a bank's page tells, one more than it shows where there is more. One statement,
    none where nothing was noted."""
    if test_bank.questions_changed_at is None:
        return []
    return list(test_bank.changes.order_by("-at", "-pk")[: NEWEST + 1])
