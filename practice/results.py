"""The result of an attempt: its score, by domain too, and the questions answered wrong."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models.fields.json import KT
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from practice.answer_sheet import AnswerSheet, questions_url
from questions.models import QuestionVersion
from questions.text import plain_words

MISSED_LIMIT = 50
EXCERPT_CHARACTERS = 120
MISSED_ITEM = (
    '<li><a class="missed__row" href="{}"><span class="bubble bubble--wrong">{}</span> '
    '<span dir="auto">{}</span></a></li>'
)


@dataclass(frozen=True)
class Missed:
    """A question that did not earn all of its points; `stem` is the beginning of its text."""

    position: int
    url: str
    stem: str


@dataclass(frozen=True)
class Score:
    """Points earned out of `total`, in a whole attempt or in one of its domains."""

    title: str
    points: Decimal
    total: int

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: 99.9 is not 100."""
        return int(100 * self.points / self.total) if self.total else 0


@dataclass(frozen=True)
class Result:
    """The score of an attempt, and of each of its domains in the order of the questions."""

    whole: Score
    domains: list[Score]


def result_of(sheet: AnswerSheet) -> Result:
    """Score an attempt; unanswered questions earn no points. One statement."""
    attempt = sheet.attempt
    versions = QuestionVersion.objects.filter(pk__in=attempt.version_ids)
    domain_of = dict(versions.values_list("pk", "domain"))
    domains = [domain_of[version_id] for version_id in attempt.version_ids]
    points: defaultdict[str, Decimal] = defaultdict(Decimal)
    for position, fraction in sheet.fractions.items():
        points[domains[position - 1]] += fraction
    return Result(
        whole=Score(title="", points=sum(points.values(), Decimal(0)), total=attempt.total),
        domains=[
            Score(title=domain, points=points[domain], total=total)
            for domain, total in Counter(domains).items()
        ],
    )


def missed(sheet: AnswerSheet) -> SafeString:
    """Render the missed questions as list items; empty if there are none. See `find_missed`."""
    rows = ((one.url, one.position, one.stem) for one in find_missed(sheet))
    return format_html_join("\n", MISSED_ITEM, rows)


def find_missed(sheet: AnswerSheet) -> list[Missed]:
    """List the first questions, at most 50, whose answers earned less than all points.

    One statement, which reads the stem and no more of a question's content.
    """
    positions = [position for position, fraction in sheet.fractions.items() if fraction < 1]
    version_of = {
        position: sheet.attempt.version_ids[position - 1] for position in positions[:MISSED_LIMIT]
    }
    versions = QuestionVersion.objects.filter(pk__in=version_of.values())
    stems = dict(
        versions.annotate(stem_html=KT("content__stem__html")).values_list("pk", "stem_html")
    )
    url = questions_url(sheet.attempt.pk)
    return [
        Missed(position, f"{url}{position}/", excerpt(stems[pk]))
        for position, pk in version_of.items()
    ]


def excerpt(stem_html: str) -> str:
    """The beginning of a stem as plain text on one line."""
    words = " ".join(plain_words(stem_html).split())
    # Truncator looks at every character, also of a text that is short enough.
    return words if len(words) <= EXCERPT_CHARACTERS else Truncator(words).chars(EXCERPT_CHARACTERS)
