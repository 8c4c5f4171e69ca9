"""What pages show of banks: the shelf of a learner, the contents and neighbours of a bank.

Read models only; nothing here writes.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F

from accounts.models import User
from catalog.models import Access, TestBank
from questions.models import QuestionVersion

A_DAY = timedelta(days=1)
SOON = 14 * A_DAY


@dataclass(frozen=True)
class Shelf:
    """One bank of a learner, with the best access they have or had to it.

    `days_left` is told in the last two weeks of a live access; a day that has begun counts.
    """

    test_bank: TestBank
    is_live: bool
    expires_at: datetime | None
    days_left: int | None


def shelves_of(learner: User, *, at: datetime) -> list[Shelf]:
    """A learner's banks, each once: those that can be opened first, then by title."""
    accesses = Access.objects.filter(learner=learner).select_related("test_bank__category")
    best: dict[int, Access] = {}
    for access in accesses:
        former = best.get(access.test_bank_id)
        if former is None or _rank(access, at) > _rank(former, at):
            best[access.test_bank_id] = access
    shelves = [_shelf(access, at) for access in best.values()]
    return sorted(shelves, key=lambda shelf: (not shelf.is_live, shelf.test_bank.title))


def _shelf(access: Access, at: datetime) -> Shelf:
    is_live = access.is_live(at)
    left = access.expires_at - at if is_live and access.expires_at else None
    return Shelf(
        test_bank=access.test_bank,
        is_live=is_live,
        expires_at=access.expires_at,
        days_left=-(-left // A_DAY) if left is not None and left <= SOON else None,
    )


def _rank(access: Access, at: datetime) -> tuple[bool, bool, datetime]:
    """Live before ended, for good before timed, later before earlier."""
    return access.is_live(at), access.expires_at is None, access.expires_at or at


@dataclass(frozen=True)
class Part:
    """A share of a bank's questions. `name` is empty for those that do not say.

    `percent` is whole and of the questions that can be asked.
    """

    name: str
    count: int
    percent: int


@dataclass(frozen=True)
class Contents:
    """What a bank consists of, the largest part first.

    `domains` is empty where no question names one. `kinds` are those of `questions.kinds`.
    """

    domains: list[Part]
    kinds: list[Part]


def contents_of(test_bank: TestBank) -> Contents:
    """The domains and kinds of the questions that can be asked. One statement."""
    rows = (
        test_bank.bank_questions.askable()
        .values_list("question__current__domain", "question__current__kind")
        .annotate(count=Count("pk"))
        .order_by()
    )
    domains: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for domain, kind, count in rows:
        domains[domain or ""] += count
        kinds[kind or ""] += count
    return Contents(domains=_parts(domains) if any(domains) else [], kinds=_parts(kinds))


def _parts(counted: Counter[str]) -> list[Part]:
    total = counted.total()
    by_size = sorted(counted.items(), key=lambda part: (-part[1], part[0]))
    return [Part(name, count, round(100 * count / total)) for name, count in by_size]


NEIGHBOURS = 3


def neighbours_of(test_bank: TestBank) -> list[TestBank]:
    """The banks on sale that stand after this one in its category, round from the end.

    By title, so that every bank of the shop is some other's neighbour. The newest of other
    categories stand in where a category is smaller. One statement for most banks, a second
    near the end of a category, a third in a small one; none reads more than its rows.
    """
    banks = TestBank.objects.published().select_related("category").with_counts()
    others = (
        banks.filter(category=test_bank.category_id)
        .exclude(pk=test_bank.pk)
        .order_by("title", "pk")
    )
    after = list(others.filter(title__gte=test_bank.title)[:NEIGHBOURS])
    if len(after) < NEIGHBOURS:
        after += others.filter(title__lt=test_bank.title)[: NEIGHBOURS - len(after)]
    if len(after) < NEIGHBOURS:
        elsewhere = banks.exclude(category=test_bank.category_id).order_by("-created_at", "-pk")
        after += elsewhere[: NEIGHBOURS - len(after)]
    return after


def sample_version(test_bank: TestBank, number: int) -> QuestionVersion | None:
    """The current version of the bank's sample question `number`, counted from 1."""
    samples = QuestionVersion.objects.filter(
        question__bank_questions__test_bank=test_bank,
        question__bank_questions__is_sample=True,
        question__bank_questions__is_asked=True,
        pk=F("question__current"),
    ).order_by("question__bank_questions__position")
    return samples[number - 1 : number].first() if number > 0 else None
