"""Record what changed in a bank's questions, for those who own it or think of buying it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from catalog import page_cache
from catalog.models import BankChange, TestBank


@transaction.atomic
def record_change(
    *, test_bank: TestBank, at: datetime, added: int = 0, changed: int = 0, words: str = ""
) -> BankChange:
    """Record a change, and date the bank by it.

    One of `added`, `changed` (numbers of questions) and `words` must be given.
    """
    change = BankChange.objects.create(
        test_bank=test_bank, at=at, added=added, changed=changed, words=words
    )
    test_bank.updated_at = at
    test_bank.save(update_fields=["updated_at"])
    update_questions_changed_at(test_bank=test_bank)
    return change


def update_questions_changed_at(*, test_bank: TestBank) -> None:
    """Set when the bank's questions last changed to its newest change. Idempotent."""
    test_bank.questions_changed_at = test_bank.changes.aggregate(at=Max("at"))["at"]
    test_bank.save(update_fields=["questions_changed_at"])
    page_cache.clear_on_commit()
