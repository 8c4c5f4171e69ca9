"""Choose the questions of a session: the pool of a learner's questions, and its filters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from accounts.models import User
from catalog.models import Access, BankQuestion, TestBank
from practice.models import Answer, SeenQuestion

# An answer that took longer than this is slow; exams give a minute or so to a question.
SLOW_SECONDS = 90
STATES = ("new", "wrong", "unsure", "flagged", "slow")


@dataclass(frozen=True)
class Candidate:
    """A question of a bank that the learner can open, and what they did with it so far.

    `fraction` is what the last answer earned, None without one.
    """

    question_id: int
    version_id: int
    bank_id: int
    domain: str
    kind: str
    difficulty: str
    fraction: float | None
    is_unsure: bool
    is_slow: bool
    is_flagged: bool

    @property
    def is_new(self) -> bool:
        """Whether the learner has not answered it since the last reset."""
        return self.fraction is None

    @property
    def is_wrong(self) -> bool:
        """Whether the last answer earned less than all points."""
        return self.fraction is not None and self.fraction < 1

    @property
    def is_mastered(self) -> bool:
        """Whether the last answer earned all points, and was not a guess."""
        return self.fraction == 1 and not self.is_unsure

    def is_in(self, state: str) -> bool:
        """Whether it is in one of `STATES`."""
        return {
            "new": self.is_new,
            "wrong": self.is_wrong,
            "unsure": self.is_unsure,
            "flagged": self.is_flagged,
            "slow": self.is_slow,
        }[state]


@dataclass(frozen=True)
class Criteria:
    """What an own session is drawn from. Empty means everything; states are joined by "or"."""

    bank_ids: frozenset[int] = frozenset()
    domains: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    difficulties: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()

    def fits(self, one: Candidate) -> bool:
        """Whether a question is part of what was asked for."""
        return (
            (not self.bank_ids or one.bank_id in self.bank_ids)
            and (not self.domains or one.domain in self.domains)
            and (not self.kinds or one.kind in self.kinds)
            and (not self.difficulties or one.difficulty in self.difficulties)
            and (not self.states or any(one.is_in(state) for state in self.states))
        )


@dataclass(frozen=True)
class LastAnswer:
    """The newest answer of a learner to a question."""

    fraction: float
    is_unsure: bool
    is_slow: bool


def open_banks(learner: User, *, at: datetime) -> list[TestBank]:
    """The banks that the learner can practice, by title. One statement."""
    live = Access.objects.of(learner).live(at).values("test_bank")
    return list(TestBank.objects.filter(pk__in=live).order_by("title", "pk"))


def candidates(learner: User, *, bank_ids: Collection[int]) -> list[Candidate]:
    """Every question of these banks that can be asked, each once, in the order of the banks.

    Three statements. The caller has checked the access to the banks.
    """
    last, flagged = last_answers(learner), flagged_questions(learner)
    rows = (
        BankQuestion.objects.askable()
        .filter(test_bank__in=bank_ids)
        .order_by("test_bank", "position")
        .values_list(
            *("question_id", "question__current", "test_bank_id"),
            *("question__current__domain", "question__current__kind"),
            "question__current__difficulty",
        )
    )
    found: dict[int, Candidate] = {}
    for row in rows:
        answer = last.get(row[0])
        found.setdefault(
            row[0],
            Candidate(
                question_id=row[0],
                version_id=row[1],
                bank_id=row[2],
                domain=row[3],
                kind=row[4],
                difficulty=row[5],
                fraction=answer.fraction if answer else None,
                is_unsure=bool(answer and answer.is_unsure),
                is_slow=bool(answer and answer.is_slow),
                is_flagged=row[0] in flagged,
            ),
        )
    return list(found.values())


def last_answers(learner: User) -> dict[int, LastAnswer]:
    """The learner's newest answer to each question since the last reset. One statement.

    Answers of an exam that runs have no grade yet, so they are not among them.
    """
    mine = Answer.objects.in_progress().filter(learner=learner)
    newest = mine.values("question").annotate(newest=Max("pk")).values("newest")
    rows = Answer.objects.filter(pk__in=newest).values_list(
        "question_id", "fraction", "is_unsure", "seconds"
    )
    return {
        question: LastAnswer(float(fraction or 0), is_unsure, (seconds or 0) > SLOW_SECONDS)
        for question, fraction, is_unsure, seconds in rows
    }


def flagged_questions(learner: User) -> set[int]:
    """The questions that the learner flagged. One statement."""
    flagged = SeenQuestion.objects.filter(learner=learner, is_flagged=True)
    return set(flagged.values_list("question_id", flat=True))


def matching(pool: Sequence[Candidate], criteria: Criteria) -> list[Candidate]:
    """The questions of a pool that fit."""
    return [one for one in pool if criteria.fits(one)]
