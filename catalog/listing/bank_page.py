"""What a bank's page shows beside its own row."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import F

from catalog.listing.facets import language_name
from catalog.listing.filters import DIFFICULTIES
from catalog.models import BankChange, BankQuestion, TestBank
from catalog.querysets import TestBankQuerySet
from questions.kinds import kind_name
from questions.models import QuestionVersion

RELATED = 3
NEWEST_CHANGES = 3


@dataclass(frozen=True)
class Part:
    """A share of a bank's questions. `name` is empty for those that do not say.

    `percent` is whole and of the questions that can be asked.
    """

    name: str
    count: int
    percent: int


@dataclass(frozen=True)
class AboutBank:
    """What a bank consists of, in words.

    `domains` come largest first and are empty if no question names one. `kinds` are pairs of
    a kind's name and its number of questions.
    """

    domains: list[Part]
    kinds: list[tuple[str, int]]
    language: str
    difficulty: str
    samples: range


def about_bank(test_bank: TestBank) -> AboutBank:
    """Describe what the bank's row says of its questions. No statement."""
    domains: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for domain, kind, count in test_bank.contents:
        domains[domain] += count
        kinds[kind] += count
    return AboutBank(
        domains=_parts(domains) if any(domains) else [],
        kinds=[(kind_name(part.name), part.count) for part in _parts(kinds)],
        language=language_name(test_bank.language),
        difficulty=str(DIFFICULTIES.get(test_bank.difficulty, "")),
        samples=range(1, test_bank.sample_count + 1),
    )


def _parts(counted: Counter[str]) -> list[Part]:
    total = counted.total()
    by_size = sorted(counted.items(), key=lambda part: (-part[1], part[0]))
    return [Part(name, count, round(100 * count / total)) for name, count in by_size]


def related_banks(test_bank: TestBank) -> list[TestBank]:
    """The three banks on sale that follow in the category by title, wrapping around at its end.

    So every bank on sale is related to another. The newest banks of other categories fill up
    a small category. One statement, and a second one near the end of a category.
    """
    category = TestBank.objects.published().filter(category=test_bank.category_id)
    others = category.exclude(pk=test_bank.pk).order_by("title", "pk")
    following = others.filter(title__gte=test_bank.title).for_cards()
    related = list(following[:RELATED])
    if len(related) < RELATED:
        related += _more_related(test_bank, others.filter(title__lt=test_bank.title))
    return related[:RELATED]


def _more_related(test_bank: TestBank, first_of_category: TestBankQuerySet) -> list[TestBank]:
    """The first banks of the category, then the newest of others. One statement."""
    published = TestBank.objects.published()
    elsewhere = published.exclude(category=test_bank.category_id).order_by("-created_at", "-pk")
    # SQLite allows LIMIT inside a UNION only in a subquery.
    firsts, newest = (
        TestBank.objects.filter(pk__in=banks.values("pk")[:RELATED]).values("pk")
        for banks in (first_of_category, elsewhere)
    )
    banks = TestBank.objects.filter(pk__in=firsts.union(newest)).for_cards()
    by_title = list(banks.order_by("title", "pk"))
    same = [bank for bank in by_title if bank.category_id == test_bank.category_id]
    others = [bank for bank in by_title if bank.category_id != test_bank.category_id]
    return same + sorted(others, key=lambda bank: (bank.created_at, bank.pk), reverse=True)


def sample_version(test_bank: TestBank, number: int) -> QuestionVersion | None:
    """The current version of the bank's sample question `number`, counted from 1."""
    samples = QuestionVersion.objects.filter(
        question__bank_questions__test_bank=test_bank,
        question__bank_questions__is_sample=True,
        question__bank_questions__is_asked=True,
        question__bank_questions__state=BankQuestion.State.PUBLISHED,
        pk=F("question__current"),
    ).order_by("question__bank_questions__position")
    return samples[number - 1 : number].first() if number > 0 else None


def newest_changes(test_bank: TestBank) -> list[BankChange]:
    """The three newest changes, and a fourth if there are more than the page shows.

    One statement; none if nothing was recorded.
    """
    if test_bank.questions_changed_at is None:
        return []
    return list(test_bank.changes.order_by("-at", "-pk")[: NEWEST_CHANGES + 1])
