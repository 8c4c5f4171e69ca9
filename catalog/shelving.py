"""What is written down about a bank whenever its questions or its words change.

The list filters by it and search looks through it; whoever places questions or puts a bank
on sale calls `shelve`.
"""

from collections import Counter
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Q

from catalog.facets import forget_facets
from catalog.models import BankKind, TestBank
from catalog.search.index import index_bank


@transaction.atomic
def shelve(*, test_bank: TestBank, at: datetime) -> None:
    """Count the bank's kinds, name its difficulty, and let search find it. Idempotent."""
    _count_kinds(test_bank)
    difficulty = _difficulty(test_bank)
    TestBank.objects.filter(pk=test_bank.pk).update(difficulty=difficulty)
    test_bank.difficulty = difficulty
    index_bank(test_bank=test_bank, at=at)
    forget_facets()


def shelve_left_over(*, at: datetime, most: int = 20) -> int:
    """Shelve banks on sale that changed without it, and return how many. A sweep calls it."""
    left_over = (
        TestBank.objects.published()
        .filter(Q(search_text=None) | Q(search_text__read_at__lt=F("updated_at")))
        .select_related("category")[:most]
    )
    for test_bank in left_over:
        shelve(test_bank=test_bank, at=at)
    return len(left_over)


def _count_kinds(test_bank: TestBank) -> None:
    counted = (
        test_bank.bank_questions.askable()
        .values_list("question__current__kind")
        .annotate(count=Count("pk"))
    )
    test_bank.kinds.all().delete()
    BankKind.objects.bulk_create(
        BankKind(test_bank=test_bank, kind=kind, count=count) for kind, count in counted if kind
    )


def _difficulty(test_bank: TestBank) -> str:
    """The one that most questions have; of two as frequent the harder. Empty without any."""
    named = Counter(
        test_bank.bank_questions.askable()
        .exclude(question__current__difficulty="")
        .values_list("question__current__difficulty", flat=True)
    )
    by_hardness = ("easy", "middling", "hard")
    return max(named, key=lambda name: (named[name], by_hardness.index(name)), default="")
