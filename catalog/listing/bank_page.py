"""What a bank's page shows beside its own row."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import BooleanField, Case, F, Q, When

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
    """The three banks on sale for the same exam, else those that follow in the category by title.

    Wraps around at the category's end, so that each of its banks is related to another. Banks of
    other categories are related only by their exam. One statement, and a second one near the end
    of a category.
    """
    exam = Q(exam=test_bank.exam) if test_bank.exam else Q(pk=None)
    others = _exam_first(test_bank, exam)
    related = list(others.filter(exam | Q(title__gte=test_bank.title))[:RELATED])
    if len(related) < RELATED:
        wrapped = others.filter(title__lt=test_bank.title).exclude(exam)
        related += wrapped[: RELATED - len(related)]
    return related


def _exam_first(test_bank: TestBank, exam: Q) -> TestBankQuerySet:
    """The other banks of the exam, then those of the category, each by title."""
    others = TestBank.objects.published().exclude(pk=test_bank.pk).for_cards()
    if not test_bank.exam:
        # This order is an index's.
        return others.filter(category=test_bank.category_id).order_by("title", "pk")
    related = others.filter(exam | Q(category=test_bank.category_id))
    is_other_exam = Case(When(exam, then=False), default=True, output_field=BooleanField())
    return related.order_by(is_other_exam, "title", "pk")


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
