"""Keep what the list and search know of a bank equal to the bank."""

from collections import Counter
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Q

from catalog import page_cache
from catalog.indexing.search_text import index_bank
from catalog.models import BankKind, TestBank

DIFFICULTIES = ("easy", "middling", "hard")


@transaction.atomic
def reindex_bank(*, test_bank: TestBank, at: datetime) -> None:
    """Write what the list filters by and what search looks through, and empty the page cache.

    Idempotent. Call it after every change of a bank's words, price, status or questions.
    """
    count_questions(test_bank=test_bank)
    index_bank(test_bank=test_bank, at=at)
    page_cache.clear_on_commit()


@transaction.atomic
def count_questions(*, test_bank: TestBank) -> None:
    """Store what the bank's pages and the list's filters know of its questions. Idempotent."""
    groups = list(
        test_bank.bank_questions.askable()
        .values_list(
            "question__current__domain",
            "question__current__kind",
            "question__current__difficulty",
            "is_sample",
        )
        .annotate(count=Count("pk"))
        .order_by()
    )
    contents: Counter[tuple[str, str]] = Counter()
    difficulties: Counter[str] = Counter()
    for domain, kind, difficulty, _is_sample, count in groups:
        contents[domain or "", kind or ""] += count
        difficulties[difficulty or ""] += count
    test_bank.question_count = contents.total()
    test_bank.sample_count = sum(count for *_group, is_sample, count in groups if is_sample)
    test_bank.contents = [[*names, count] for names, count in sorted(contents.items())]
    test_bank.difficulty = _prevailing(difficulties)
    test_bank.save(update_fields=["question_count", "sample_count", "contents", "difficulty"])
    _store_kinds(test_bank, contents)


def reindex_changed_banks(*, at: datetime, most: int = 20) -> int:
    """Reindex banks on sale that changed without `reindex_bank`, and return how many."""
    changed = (
        TestBank.objects.published()
        .filter(Q(search_text=None) | Q(search_text__read_at__lt=F("updated_at")))
        .select_related("category")[:most]
    )
    for test_bank in changed:
        reindex_bank(test_bank=test_bank, at=at)
    return len(changed)


def _store_kinds(test_bank: TestBank, contents: Counter[tuple[str, str]]) -> None:
    kinds: Counter[str] = Counter()
    for (_domain, kind), count in contents.items():
        kinds[kind] += count
    test_bank.kinds.all().delete()
    BankKind.objects.bulk_create(
        BankKind(test_bank=test_bank, kind=kind, count=count)
        for kind, count in kinds.items()
        if kind
    )


def _prevailing(difficulties: Counter[str]) -> str:
    """The difficulty of most questions; the harder one of a tie. Empty if none is named."""
    named = [name for name in DIFFICULTIES if difficulties[name]]
    return max(named, key=lambda name: (difficulties[name], DIFFICULTIES.index(name)), default="")
