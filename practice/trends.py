"""A learner's history: every session ever taken, the trend of the scores, and each domain."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise

from django.db.models import Avg, Count, Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.listing.owned_banks import why_it_ended
from catalog.models import Access, TestBank
from practice.models import Answer, Attempt, AttemptQuerySet
from practice.results import score_percent
from questions.models import Question

MOST_POINTS = 100
WEEKS = 12
# Where the scores of the chart begin: the labels of its grid are before them.
CHART_START, CHART_END = 100, 20


@dataclass(frozen=True)
class TrendPoint:
    """The score of one finished session, in whole percent."""

    attempt_id: str
    at: datetime
    percent: int
    is_exam: bool


@dataclass(frozen=True)
class DomainTrend:
    """How a domain went: the share of points of first answers and of repeats, and by week.

    None where there was no answer of that kind.
    """

    domain: str
    answers: int
    first_percent: int | None
    repeat_percent: int | None
    weeks: tuple[tuple[datetime, int], ...]


@dataclass
class Share:
    """The points of some answers. `percent` is their mean; None without an answer."""

    points: Decimal = Decimal(0)
    answers: int = 0

    def add(self, points: Decimal, answers: int) -> None:
        self.points += points
        self.answers += answers

    @property
    def percent(self) -> int | None:
        return round(100 * self.points / self.answers) if self.answers else None


def past_sessions(learner: User, test_bank: TestBank | None) -> AttemptQuerySet:
    """Every finished session, the newest first; of one bank if there is one."""
    attempts = Attempt.objects.finished().filter(learner=learner)
    if test_bank is not None:
        attempts = attempts.filter(test_bank=test_bank)
    # What was drawn is long, and shown nowhere in a list.
    drawn = ("version_ids", "question_ids", "bank_ids", "blueprint", "left_out")
    return attempts.with_bank().defer(*drawn).order_by("-finished_at", "-pk")


def trend(learner: User, test_bank: TestBank | None) -> list[TrendPoint]:
    """The newest scores, the oldest first. Discarded sessions do not count. One statement."""
    attempts = past_sessions(learner, test_bank).exclude(ended_by=Attempt.EndedBy.DISCARD)
    rows = attempts.filter(counted__gt=0).only(
        *("finished_at", "points", "counted", "mode", "selection", "pass_percent"),
        "test_bank__pass_percent",
    )[:MOST_POINTS]
    return [
        TrendPoint(str(one.pk), one.finished_at, score_percent(one, one.test_bank), one.is_exam)
        for one in reversed(rows)
        if one.finished_at is not None
    ]


def change_of(points: Sequence[TrendPoint]) -> int | None:
    """The mean of the newer half minus that of the older one, in percentage points.

    None with fewer than four sessions.
    """
    if len(points) < 4:
        return None
    half = len(points) // 2
    older, newer = points[:half], points[-half:]
    return round((sum(one.percent for one in newer) - sum(one.percent for one in older)) / half)


def domain_trends(learner: User, test_bank: TestBank | None, *, zone: tzinfo) -> list[DomainTrend]:
    """Each domain by its name, and by each of the twelve weeks before the newest answer.

    Weeks begin on Monday in the learner's time zone. A question's domain is that of
    its current version. Three statements.
    """
    answers = Answer.objects.graded().filter(learner=learner)
    if test_bank is not None:
        answers = answers.filter(test_bank=test_bank)
    # By question first, which an index has: joining each answer takes longer than all the rest.
    grouped = answers.values_list("question", "is_first").order_by()
    figures = list(grouped.annotate(Sum("fraction"), Count("pk"), Max("answered_at")))
    if not figures:
        return []
    newest = max(last for *_figures, last in figures)
    questions = Question.objects.filter(pk__in={question for question, *_figures in figures})
    domains = dict(questions.values_list("pk", "current__domain"))
    shares: defaultdict[str, dict[bool, Share]] = defaultdict(lambda: defaultdict(Share))
    for question, is_first, points, count, _last in figures:
        shares[domains[question]][is_first].add(points, count)
    weeks = _shares_by_week(answers, newest.astimezone(zone))
    return [
        DomainTrend(
            domain=domain,
            answers=kinds[True].answers + kinds[False].answers,
            first_percent=kinds[True].percent,
            repeat_percent=kinds[False].percent,
            weeks=tuple(weeks.get(domain, ())),
        )
        for domain, kinds in sorted(shares.items())
    ]


def _shares_by_week(
    answers: QuerySet[Answer], newest: datetime
) -> dict[str, list[tuple[datetime, int]]]:
    """The share of points by domain, for each week that has answers. One statement."""
    monday = newest.date() - timedelta(days=newest.weekday())
    days = [monday - timedelta(weeks=WEEKS - number) for number in range(1, WEEKS + 2)]
    starts = [datetime.combine(day, time.min, tzinfo=newest.tzinfo) for day in days]
    # TruncWeek would call a Python function for every answer on SQLite.
    shares = {
        f"week_{number}": Avg("fraction", filter=Q(answered_at__gte=start, answered_at__lt=end))
        for number, (start, end) in enumerate(pairwise(starts))
    }
    rows = (
        answers.filter(answered_at__gte=starts[0])
        .order_by()
        .values_list("question__current__domain")
    )
    return {
        domain: [
            (start, round(100 * share))
            for start, share in zip(starts, by_week, strict=False)
            if share is not None
        ]
        for domain, *by_week in rows.annotate(**shares)
    }


def closed_banks(learner: User, bank_ids: Iterable[int], *, at: datetime) -> dict[int, str]:
    """Why the learner cannot open each of these banks now, in words. One statement."""
    accesses = Access.objects.filter(learner=learner, test_bank__in=set(bank_ids))
    by_bank: defaultdict[int, list[Access]] = defaultdict(list)
    for access in accesses:
        by_bank[access.test_bank_id].append(access)
    return {
        bank_id: _reason(some, at)
        for bank_id, some in by_bank.items()
        if not any(access.is_live(at) for access in some)
    }


def _reason(accesses: Sequence[Access], at: datetime) -> str:
    """Why none of these accesses is live: that of the one that began last."""
    last = max(accesses, key=lambda access: access.starts_at)
    return reason_in_words(why_it_ended(last, at=at))


def reason_in_words(ended: str) -> str:
    """Say why an access ended, from `OwnedBank.ended`; "" while it is live."""
    reasons = {
        "": "",
        "expired": _("Your access has expired."),
        "revoked": _("The seller ended your access."),
        "dispute": _("Your access is suspended because the payment was disputed."),
        "lost": _("Your access ended because your bank reversed the payment."),
        "refund": _("Your access ended because this purchase was refunded."),
    }
    return reasons[ended]


# The chart


@dataclass(frozen=True)
class Chart:
    """A trend as SVG, in units of the box.

    `line` and `mean` are the points of two polylines; `sessions` and `exams` are paths of dots,
    lines without length whose round ends are drawn.
    """

    width: int
    height: int
    sessions: str
    exams: str
    line: str
    mean: str


def chart_of(points: Sequence[TrendPoint], *, width: int = 720, height: int = 220) -> Chart:
    """Place the scores from left to right, with the mean of up to five sessions as a second line."""
    step = (width - CHART_START - CHART_END) / max(len(points) - 1, 1)
    places = [
        (round(CHART_START + index * step, 1), _y(point.percent, height))
        for index, point in enumerate(points)
    ]
    placed = list(zip(places, points, strict=True))
    means = [(x, _y(_mean(points, index), height)) for index, (x, _unused) in enumerate(places)]
    return Chart(
        width=width,
        height=height,
        sessions=_dots(place for place, point in placed if not point.is_exam),
        exams=_dots(place for place, point in placed if point.is_exam),
        line=" ".join(f"{x},{y}" for x, y in places),
        mean=" ".join(f"{x},{y}" for x, y in means),
    )


def _dots(places: Iterable[tuple[float, float]]) -> str:
    return "".join(f"M{x} {y}h0" for x, y in places)


def _mean(points: Sequence[TrendPoint], index: int) -> float:
    window = points[max(index - 4, 0) : index + 1]
    return sum(point.percent for point in window) / len(window)


def _y(percent: float, height: int) -> float:
    return round(10 + (100 - percent) * (height - 20) / 100, 1)


def sparkline(weeks: Sequence[tuple[datetime, int]], *, width: int = 120, height: int = 28) -> str:
    """The points of a polyline through the shares of some weeks."""
    step = width / max(len(weeks) - 1, 1)
    return " ".join(
        f"{round(index * step, 1)},{round(2 + (100 - percent) * (height - 4) / 100, 1)}"
        for index, (_week, percent) in enumerate(weeks)
    )
