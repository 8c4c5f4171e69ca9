"""What pages show of banks: the shelf of a learner, the domains of a bank.

Read models only; nothing here writes.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F

from accounts.models import User
from catalog.models import Access, TestBank
from questions.items import ASKABLE
from questions.models import QuestionVersion


@dataclass(frozen=True)
class Shelf:
    """One bank of a learner, with the best access they have or had to it."""

    test_bank: TestBank
    is_live: bool
    expires_at: datetime | None


def shelves_of(learner: User, *, at: datetime) -> list[Shelf]:
    """A learner's banks, each once: those that can be opened first, then by title."""
    accesses = Access.objects.filter(learner=learner).select_related("test_bank__category")
    best: dict[int, Access] = {}
    for access in accesses:
        former = best.get(access.test_bank_id)
        if former is None or _rank(access, at) > _rank(former, at):
            best[access.test_bank_id] = access
    shelves = [
        Shelf(test_bank=access.test_bank, is_live=access.is_live(at), expires_at=access.expires_at)
        for access in best.values()
    ]
    return sorted(shelves, key=lambda shelf: (not shelf.is_live, shelf.test_bank.title))


def _rank(access: Access, at: datetime) -> tuple[bool, bool, datetime]:
    """Live before ended, for good before timed, later before earlier."""
    return access.is_live(at), access.expires_at is None, access.expires_at or at


@dataclass(frozen=True)
class Domain:
    """A part of a bank's subject. `title` is empty for questions without one."""

    title: str
    count: int
    percent: int


def domains_of(test_bank: TestBank) -> list[Domain]:
    """The domains of a bank, the largest first; empty where no question names one.

    One statement. Percents are whole and of the questions that can be asked.
    """
    rows = list(
        test_bank.bank_questions.askable()
        .values_list("question__current__domain")
        .annotate(count=Count("pk"))
        .order_by("-count", "question__current__domain")
    )
    if not any(title for title, _count in rows):
        return []
    total = sum(count for _title, count in rows)
    return [Domain(title, count, round(100 * count / total)) for title, count in rows]


def sample_version(test_bank: TestBank, number: int) -> QuestionVersion | None:
    """The current version of the bank's sample question `number`, counted from 1."""
    samples = QuestionVersion.objects.filter(
        question__bank_questions__test_bank=test_bank,
        question__bank_questions__is_sample=True,
        pk=F("question__current"),
        kind__in=ASKABLE,
    ).order_by("question__bank_questions__position")
    return samples[number - 1 : number].first() if number > 0 else None
