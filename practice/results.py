"""The result of an attempt: its score, by domain too, and the questions answered wrong."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from catalog.models import TestBank
from practice.answer_sheet import AnswerSheet, questions_url
from practice.models import Attempt
from questions.models import QuestionVersion
from questions.rendering import keep_words_of_code
from questions.text import plain_words, tidy_ellipsis

MISSED_LIMIT = 50
EXCERPT_CHARACTERS = 120
# The link covers the row; the text is not inside of it, since a stem can hold code and formulas.
MISSED_ITEM = (
    '<li class="missed__row"><a class="bubble bubble--{state}" href="{url}">{position}'
    '<span class="visually-hidden"> {opens}</span></a> '
    '<div class="missed__stem prose" dir="auto">{stem}</div>'
    ' <a class="missed__report small" href="{report_url}">{reports}'
    '<span class="visually-hidden"> {position}</span></a></li>'
)
FIRST_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
LONGEST_PARAGRAPH = 2000
LAST_DIGIT = Decimal("1e-9")


def rounded_percent(points: Decimal, total: int, *, pass_percent: int = 0) -> int:
    """The share in whole percent, rounded half up; 100 only for all points and 0 only for none.

    A share that misses the pass mark is never rounded up to it.
    """
    if not total:
        return 0
    percent = int((100 * points / total).to_integral_value(ROUND_HALF_UP))
    if 0 < points < total:
        percent = min(max(percent, 1), 99)
    if pass_percent and not is_pass(points, total, pass_percent):
        return min(percent, pass_percent - 1)
    return percent


def is_pass(points: Decimal, total: int, pass_percent: int) -> bool:
    """Whether the share reaches the pass mark: what is rounded for reading never decides.

    Points are stored to nine digits, so that three thirds are 0.999999999.
    """
    return total > 0 and 100 * (points + total * LAST_DIGIT) >= pass_percent * total


def pass_mark(attempt: Attempt, test_bank: TestBank | None) -> int:
    """The pass mark that an attempt at this bank is compared with; 0 for none.

    An exam keeps the one of its start.
    """
    if attempt.is_exam:
        return attempt.pass_percent or 0
    if attempt.selection != Attempt.Selection.ALL or test_bank is None:
        return 0
    return test_bank.pass_percent or 0


def score_percent(attempt: Attempt, test_bank: TestBank | None) -> int:
    """The score of a finished attempt at this bank in whole percent."""
    mark = pass_mark(attempt, test_bank)
    return rounded_percent(attempt.points or Decimal(0), attempt.counted, pass_percent=mark)


@dataclass(frozen=True)
class Missed:
    """A question that did not earn all of its points; `stem` is its first paragraph as HTML."""

    position: int
    url: str
    stem: SafeString


@dataclass(frozen=True)
class Score:
    """Points earned out of `total`, in a whole attempt or in one of its domains.

    `pass_percent` is the pass mark that pages show beside it, 0 for none.
    """

    title: str
    points: Decimal
    total: int
    pass_percent: int = 0

    @property
    def percent(self) -> int:
        """Whole percent, rounded as `rounded_percent` says."""
        return rounded_percent(self.points, self.total, pass_percent=self.pass_percent)

    @property
    def is_pass(self) -> bool:
        """Whether it reaches the pass mark. False without one."""
        return bool(self.pass_percent) and is_pass(self.points, self.total, self.pass_percent)


@dataclass(frozen=True)
class Result:
    """The score of an attempt, and of each of its domains in the order of the questions."""

    whole: Score
    domains: list[Score]


def result_of(sheet: AnswerSheet, *, pass_percent: int = 0) -> Result:
    """Score an attempt, beside a pass mark if there is one. One statement.

    Before the end only the answered questions count; then all of them, and unanswered ones earn
    nothing. Questions that could no longer be answered never count.
    """
    attempt = sheet.attempt
    versions = QuestionVersion.objects.filter(pk__in=attempt.version_ids)
    domain_of = dict(versions.values_list("pk", "domain"))
    domains = [domain_of[version_id] for version_id in attempt.version_ids]
    counted = counted_positions(sheet)
    points: defaultdict[str, Decimal] = defaultdict(Decimal)
    for position, fraction in sheet.fractions.items():
        points[domains[position - 1]] += fraction
    totals = Counter(domains[position - 1] for position in counted)
    earned = sum(points.values(), Decimal(0))
    return Result(
        whole=Score("", earned, len(counted), pass_percent),
        domains=[
            Score(domain, points[domain], totals[domain], pass_percent)
            for domain in dict.fromkeys(domains)
            if totals[domain]
        ],
    )


def counted_positions(sheet: AnswerSheet) -> list[int]:
    """The positions that count for the score now, in order."""
    attempt = sheet.attempt
    if not attempt.is_finished:
        return sorted(sheet.fractions)
    left_out = set(attempt.left_out)
    return [each for each in range(1, attempt.total + 1) if each not in left_out]


def missed(sheet: AnswerSheet) -> SafeString:
    """Render the missed questions as list items; empty if there are none. See `find_missed`."""
    opens, reports = conditional_escape(_("Open question")), conditional_escape(_("Report"))
    # The address belongs to a higher app, so it is named and not imported.
    reports_url = reverse("reports:report", args=[sheet.attempt.pk, 1]).removesuffix("1/")
    items = (
        MISSED_ITEM.format(
            url=one.url,
            position=one.position,
            state="partial" if sheet.fractions[one.position] else "wrong",
            opens=opens,
            stem=one.stem,
            report_url=f"{reports_url}{one.position}/",
            reports=reports,
        )
        for one in find_missed(sheet)
    )
    return mark_safe("\n".join(items))  # noqa: S308 - constants, numbers, and escaped texts


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
        Missed(position, f"{url}{position}/", first_paragraph(stems[pk]))
        for position, pk in version_of.items()
    ]


def excerpt(stem_html: str) -> str:
    """The beginning of a stem as plain text on one line."""
    words = " ".join(plain_words(stem_html).split())
    # Truncator looks at every character, also of a text that is short enough.
    if len(words) <= EXCERPT_CHARACTERS:
        return words
    return tidy_ellipsis(Truncator(words).chars(EXCERPT_CHARACTERS))


def first_paragraph(stem_html: str) -> SafeString:
    """The first paragraph of a stem with its formulas and code, for lists.

    As plain text where it holds a link, a picture, or far too much.
    """
    found = FIRST_PARAGRAPH.match(stem_html)
    inner = found[1] if found else ""
    if not inner or len(inner) > LONGEST_PARAGRAPH or "<a " in inner or "<img" in inner:
        return conditional_escape(excerpt(stem_html))
    return mark_safe(keep_words_of_code(inner))  # noqa: S308 - cleaned by `text.safe_html` when it was stored
