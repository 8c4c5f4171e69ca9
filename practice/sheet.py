"""What pages show of an attempt: the answer sheet, the score by domain, what was missed."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.text import Truncator

from practice.models import Answer, Attempt
from questions.models import QuestionVersion
from questions.text import plain_words

BUBBLES_AT_ONCE = 100
MOST_MISSED = 50
EXCERPT_CHARACTERS = 120


@dataclass(frozen=True)
class Bubble:
    """One position of the answer sheet. `is_right` is None while it is not answered."""

    position: int
    is_right: bool | None
    is_current: bool


@dataclass(frozen=True)
class Window:
    """The part of a large answer sheet that a page shows, and where its neighbours begin."""

    bubbles: list[Bubble]
    earlier: int | None
    later: int | None


@dataclass(frozen=True)
class Missed:
    """A question that did not get all of its points; `stem` is the beginning of its words."""

    position: int
    domain: str
    stem: str


@dataclass(frozen=True)
class Score:
    """Points had and to be had, of an attempt or of one domain in it."""

    title: str
    points: Decimal
    total: int

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down: 99.9 is not yet everything."""
        return int(100 * self.points / self.total) if self.total else 0


def bubbles(attempt: Attempt, *, current: int | None = None) -> list[Bubble]:
    """The answer sheet. One statement."""
    fractions = dict(attempt.answers.values_list("position", "fraction"))
    return [
        Bubble(
            position=position,
            is_right=fractions[position] == 1 if position in fractions else None,
            is_current=position == current,
        )
        for position in range(1, attempt.total + 1)
    ]


def first_open(sheet: list[Bubble], *, after: int = 0) -> int | None:
    """The next position without an answer, from `after` on and round; None without one."""
    turned = sheet[after:] + sheet[:after]
    return next((bubble.position for bubble in turned if bubble.is_right is None), None)


def window(sheet: list[Bubble], *, around: int) -> Window:
    """The hundred bubbles among which position `around` is: a page does not grow with its bank."""
    start = (around - 1) // BUBBLES_AT_ONCE * BUBBLES_AT_ONCE
    end = start + BUBBLES_AT_ONCE
    return Window(
        bubbles=sheet[start:end],
        earlier=start - BUBBLES_AT_ONCE + 1 if start else None,
        later=end + 1 if end < len(sheet) else None,
    )


def missed(attempt: Attempt) -> list[Missed]:
    """The first questions, at most 50, that were answered without getting all points.

    One statement.
    """
    answers = attempt.answers.filter(fraction__lt=1).select_related("version")
    return [
        Missed(
            position=answer.position,
            domain=answer.version.domain,
            stem=excerpt(answer.version),
        )
        for answer in answers.order_by("position")[:MOST_MISSED]
    ]


def excerpt(version: QuestionVersion) -> str:
    """The beginning of a stem as plain words."""
    words = plain_words(version.item.stem.html)
    return Truncator(" ".join(words.split())).chars(EXCERPT_CHARACTERS)


def scores(attempt: Attempt) -> tuple[Score, list[Score]]:
    """The score of the whole attempt, and by domain in the order of the questions.

    What was not answered counts as nothing. Two statements.
    """
    domain_of = dict(
        QuestionVersion.objects.filter(pk__in=attempt.version_ids).values_list("pk", "domain")
    )
    points: dict[str, Decimal] = {}
    totals: dict[str, int] = {}
    for pk in attempt.version_ids:
        totals[domain_of[pk]] = totals.get(domain_of[pk], 0) + 1
    for answer in Answer.objects.filter(attempt=attempt).only("version_id", "fraction"):
        domain = domain_of[answer.version_id]
        points[domain] = points.get(domain, Decimal(0)) + answer.fraction
    by_domain = [
        Score(title=domain, points=points.get(domain, Decimal(0)), total=total)
        for domain, total in totals.items()
    ]
    whole = Score(title="", points=sum(points.values(), Decimal(0)), total=attempt.total)
    return whole, by_domain
