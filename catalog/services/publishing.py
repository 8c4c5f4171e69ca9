"""Put banks on sale and withdraw them."""

from datetime import datetime

from django.db import transaction

from catalog.errors import NothingToAsk, PriceNotPossible
from catalog.indexing.banks import reindex_bank
from catalog.models import TestBank
from catalog.price_rules import price_problem


def put_on_sale(*, test_bank: TestBank, at: datetime) -> None:
    """Sell the bank. Idempotent. Raises: NothingToAsk, PriceNotPossible."""
    if not test_bank.bank_questions.askable().exists():
        raise NothingToAsk(test_bank)
    if problem := price_problem(test_bank.price_minor, test_bank.currency):
        raise PriceNotPossible(test_bank, problem)
    _set_status(test_bank, TestBank.Status.PUBLISHED, at)


def withdraw(*, test_bank: TestBank, at: datetime) -> None:
    """Stop selling the bank; its owners keep it. Idempotent."""
    _set_status(test_bank, TestBank.Status.WITHDRAWN, at)


@transaction.atomic
def _set_status(test_bank: TestBank, status: TestBank.Status, at: datetime) -> None:
    test_bank.status, test_bank.updated_at = status, at
    test_bank.save(update_fields=["status", "updated_at"])
    reindex_bank(test_bank=test_bank, at=at)
