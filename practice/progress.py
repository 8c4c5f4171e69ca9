"""How far a learner is in each of their banks, and which sessions are open."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum

from accounts.models import User
from catalog.listing.owned_banks import owned_banks
from catalog.models import BankChange, BankQuestion, TestBank
from practice.clock import seconds_left
from practice.models import Attempt
from practice.results import rounded_percent, score_percent
from practice.services.selection import LastAnswer, last_answers
from practice.trends import reason_in_words

# A session across banks has none, and one discarded says nothing about a bank.
COUNTED = Q(mode="practice", selection="all") | Q(mode="exam")


@dataclass(frozen=True)
class Coverage:
    """How much of a bank a learner has seen and mastered, in questions.

    Mastered: the last answer earned all points and was not marked "not sure".
    """

    total: int = 0
    seen: int = 0
    mastered: int = 0
    mistakes: int = 0

    @property
    def seen_percent(self) -> int:
        return rounded_percent(Decimal(self.seen), self.total)

    @property
    def mastered_percent(self) -> int:
        return rounded_percent(Decimal(self.mastered), self.total)


@dataclass(frozen=True)
class News:
    """How many questions of a bank were added and changed since the learner's last session."""

    added: int = 0
    changed: int = 0


@dataclass(frozen=True)
class Progress:
    """One bank of a learner. `is_live` says whether it can be practiced now.

    `closed_reason` says in words why it cannot; "" if it can. `answered` of `total` questions are
    those of the open session over all questions, both 0 without one. `last` is the newest finished
    exam or session over all questions, and `last_percent` its score.
    """

    test_bank: TestBank
    is_live: bool
    closed_reason: str
    days_left: int | None
    open_session: Attempt | None
    last: Attempt | None
    coverage: Coverage
    news: News
    has_open_exam: bool

    @property
    def answered(self) -> int:
        return getattr(self.open_session, "given", 0)

    @property
    def total(self) -> int:
        return self.open_session.total if self.open_session else 0

    @property
    def is_open(self) -> bool:
        """Whether there is an open session over all questions."""
        return self.total > 0

    @property
    def percent(self) -> int:
        """How much of the open session is answered, in whole percent, rounded."""
        return rounded_percent(Decimal(self.answered), self.total)

    @property
    def last_percent(self) -> int:
        return score_percent(self.last, self.test_bank) if self.last else 0

    @property
    def has_exam(self) -> bool:
        return bool(self.test_bank.blueprint)


@dataclass(frozen=True)
class OpenSession:
    """A session to continue or discard. `seconds_left` is None without a clock."""

    attempt: Attempt
    answered: int
    seconds_left: int | None


def progress_of(learner: User, *, at: datetime) -> list[Progress]:
    """List a learner's banks, those they can practice first, then by title. Six statements."""
    owned = owned_banks(learner, at=at)
    bank_ids = [one.test_bank.pk for one in owned]
    unfinished, last = _unfinished(learner, bank_ids), _last_finished(learner)
    coverage = coverage_of(bank_ids, last_answers(learner))
    news = _news(learner, bank_ids)
    return [
        Progress(
            test_bank=one.test_bank,
            is_live=one.is_live,
            closed_reason=reason_in_words(one.ended),
            days_left=one.days_left,
            open_session=unfinished.get((one.test_bank.pk, Attempt.Selection.ALL)),
            last=last.get(one.test_bank.pk),
            coverage=coverage.get(one.test_bank.pk, Coverage()),
            news=news.get(one.test_bank.pk, News()),
            has_open_exam=(one.test_bank.pk, Attempt.Selection.BLUEPRINT) in unfinished,
        )
        for one in owned
    ]


def open_sessions(learner: User, *, at: datetime) -> list[OpenSession]:
    """List the sessions that can be continued, the newest first. One statement."""
    attempts = (
        Attempt.objects.unfinished()
        .filter(learner=learner)
        .exclude(pk__in=Attempt.objects.overdue(at).values("pk"))
        .select_related("test_bank")
        .annotate(given=Count("answers", filter=Q(answers__response__isnull=False)))
        .order_by("-started_at", "pk")
    )
    return [OpenSession(one, getattr(one, "given", 0), seconds_left(one, at)) for one in attempts]


def coverage_of(bank_ids: Iterable[int], answers: dict[int, LastAnswer]) -> dict[int, Coverage]:
    """The coverage of each bank. One statement."""
    places = BankQuestion.objects.askable().filter(test_bank__in=list(bank_ids))
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for bank_id, question_id in places.values_list("test_bank_id", "question_id"):
        count, answer = counts[bank_id], answers.get(question_id)
        count["total"] += 1
        if answer is not None:
            is_right = answer.fraction == 1
            count["seen"] += 1
            count["mastered"] += is_right and not answer.is_unsure
            count["mistakes"] += not is_right
    return {bank_id: Coverage(**count) for bank_id, count in counts.items()}


def _unfinished(learner: User, bank_ids: Iterable[int]) -> dict[tuple[int | None, str], Attempt]:
    """By bank and selection, with the count `given`."""
    attempts = Attempt.objects.unfinished().filter(
        learner=learner, test_bank__in=list(bank_ids), selection__in=["all", "blueprint"]
    )
    given = Count("answers", filter=Q(answers__response__isnull=False))
    return {
        (one.test_bank_id, one.selection): one
        for one in attempts.annotate(given=given).order_by("started_at")
    }


def _last_finished(learner: User) -> dict[int | None, Attempt]:
    attempts = Attempt.objects.finished().filter(COUNTED, learner=learner)
    counted = attempts.exclude(ended_by=Attempt.EndedBy.DISCARD)
    newest = counted.filter(test_bank=OuterRef("test_bank")).order_by("-finished_at", "-pk")
    last = counted.filter(pk=Subquery(newest.values("pk")[:1]))
    return {one.test_bank_id: one for one in last}


def _news(learner: User, bank_ids: Iterable[int]) -> dict[int, News]:
    started = (
        Attempt.objects.filter(learner=learner, test_bank=OuterRef("test_bank"))
        .values("test_bank")
        .annotate(newest=Max("started_at"))
        .values("newest")
    )
    changes = (
        BankChange.objects.filter(test_bank__in=list(bank_ids))
        .annotate(started=Subquery(started))
        .filter(at__gt=F("started"))
        .values("test_bank")
        .annotate(sum_added=Sum("added"), sum_changed=Sum("changed"))
    )
    return {
        row["test_bank"]: News(row["sum_added"], row["sum_changed"])
        for row in changes.values("test_bank", "sum_added", "sum_changed")
    }
