"""The answer sheet of an attempt: which questions are answered, and links to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from practice.models import Attempt

CELLS_PER_PAGE = 100
LINK = '<li><a href="{url}{position}/" class="{css_class}"{step}>{position}{label}</a></li>'
TEXT = '<li><span class="{css_class}"{step}>{position}{label}</span></li>'
LABEL = '<span class="visually-hidden"> {}</span>'
CURRENT_STEP = ' aria-current="step"'


@dataclass(frozen=True)
class AnswerSheet:
    """An attempt, and what each of its answered positions earned, from 0 to 1.

    `regraded` are the positions that earn more than when they were answered.
    """

    attempt: Attempt
    fractions: dict[int, Decimal]
    regraded: tuple[int, ...] = ()

    @property
    def unanswered_count(self) -> int:
        return self.attempt.total - len(self.fractions)

    def next_unanswered(self, *, after: int = 0) -> int | None:
        """The first unanswered position after `after`, wrapping around at the end."""
        positions = (*range(after + 1, self.attempt.total + 1), *range(1, after + 1))
        return next((each for each in positions if each not in self.fractions), None)


@dataclass(frozen=True)
class Navigation:
    """Where a learner can go from a question, as positions; None where there is none.

    `onward` is where to go once the question is answered. `earlier` and `later` are the
    first positions of the neighboring pages of the answer sheet.
    """

    previous: int | None
    following: int | None
    onward: int | None
    earlier: int | None
    later: int | None


def answer_sheet(attempt: Attempt) -> AnswerSheet:
    """Read the answer sheet of an attempt. One statement."""
    answers = attempt.answers.order_by("position")
    rows = list(answers.values_list("position", "fraction", "regraded_at"))
    return AnswerSheet(
        attempt,
        fractions={position: fraction for position, fraction, _regraded_at in rows},
        regraded=tuple(position for position, _fraction, regraded_at in rows if regraded_at),
    )


def page_of(sheet: AnswerSheet, position: int) -> range:
    """The positions of the page of the sheet that holds this one, at most a hundred."""
    start = (position - 1) // CELLS_PER_PAGE * CELLS_PER_PAGE + 1
    return range(start, min(start + CELLS_PER_PAGE, sheet.attempt.total + 1))


def open_navigation(sheet: AnswerSheet, position: int) -> Navigation:
    """Where to go in an attempt that takes answers: to any question."""
    total, page = sheet.attempt.total, page_of(sheet, position)
    return Navigation(
        previous=position - 1 if position > 1 else None,
        following=position + 1 if position < total else None,
        onward=sheet.next_unanswered(after=position),
        earlier=page.start - CELLS_PER_PAGE if page.start > 1 else None,
        later=page.stop if page.stop <= total else None,
    )


def closed_navigation(sheet: AnswerSheet, position: int) -> Navigation:
    """Where to go in an attempt that takes no more answers: along its answered questions."""
    following = min((each for each in sheet.fractions if each > position), default=None)
    return Navigation(
        previous=max((each for each in sheet.fractions if each < position), default=None),
        following=following,
        onward=following,
        earlier=None,
        later=None,
    )


def cells(
    sheet: AnswerSheet, positions: Iterable[int], *, is_closed: bool, current: int | None = None
) -> SafeString:
    """Render a list item for each of these positions. A closed attempt links only answered ones.

    In Python, from parts that are escaped once: a hundred rounds of a template loop take
    longer than the rest of the page.
    """
    correct = {"css_class": "bubble bubble--right", "label": format_html(LABEL, _("correct"))}
    incorrect = {"css_class": "bubble bubble--wrong", "label": format_html(LABEL, _("incorrect"))}
    unanswered = {"css_class": "bubble", "label": format_html(LABEL, _("not answered"))}
    url = questions_url(sheet.attempt.pk)
    items = []
    for position in positions:
        fraction = sheet.fractions.get(position)
        look = unanswered if fraction is None else correct if fraction == 1 else incorrect
        markup = TEXT if fraction is None and is_closed else LINK
        step = CURRENT_STEP if position == current else ""
        items.append(markup.format(url=url, position=position, step=step, **look))
    return mark_safe("\n".join(items))  # noqa: S308 - constants, numbers, and escaped texts


def questions_url(attempt_id: UUID) -> SafeString:
    """What the URLs of an attempt's questions begin with; a position and "/" complete one.

    For pages with many of them: a hundred calls of reverse() take a millisecond.
    """
    first = reverse("practice:question", args=[attempt_id, 1])
    return conditional_escape(first.removesuffix("1/"))
