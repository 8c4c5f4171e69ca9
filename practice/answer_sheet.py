"""The answer sheet of an attempt: which questions are answered, and ways to them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from practice.models import Answer, Attempt, SeenQuestion

CELLS_PER_PAGE = 100
LINK = '<li><a href="{url}{position}/" class="{css_class}"{step}>{position}{label}</a></li>'
# In an exam the way to another question saves the answer on the page.
BUTTON = (
    '<li><button form="answer" name="go" value="{position}" formnovalidate class="{css_class}"'
    "{step}>{position}{label}</button></li>"
)
TEXT = '<li><span class="{css_class}"{step}>{position}{label}</span></li>'
LABEL = '<span class="visually-hidden"> {}</span>'
CURRENT_STEP = ' aria-current="step"'


@dataclass(frozen=True)
class AnswerSheet:
    """An attempt, and what each of its graded positions earned, from 0 to 1.

    `answered` are the positions with an answer, graded or, in an exam that runs, not yet.
    `regraded` are the positions that earn more than when they were answered.
    """

    attempt: Attempt
    fractions: dict[int, Decimal]
    answered: frozenset[int]
    regraded: tuple[int, ...] = ()

    @property
    def unanswered_count(self) -> int:
        """How many questions that count are not answered."""
        left_out = set(self.attempt.left_out) - self.answered
        return self.attempt.total - len(self.answered) - len(left_out)

    def next_unanswered(self, *, after: int = 0) -> int | None:
        """The first unanswered position after `after`, wrapping around at the end."""
        positions = (*range(after + 1, self.attempt.total + 1), *range(1, after + 1))
        return next((each for each in positions if each not in self.answered), None)


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
    given = Answer.objects.given().filter(attempt=attempt).order_by("position")
    rows = list(given.values_list("position", "fraction", "regraded_at"))
    return AnswerSheet(
        attempt,
        fractions={position: fraction for position, fraction, _at in rows if fraction is not None},
        answered=frozenset(position for position, _fraction, _at in rows),
        regraded=tuple(position for position, _fraction, regraded_at in rows if regraded_at),
    )


def flagged_positions(attempt: Attempt) -> frozenset[int]:
    """The positions whose questions the learner flagged. One statement."""
    mine = SeenQuestion.objects.filter(learner=attempt.learner_id, is_flagged=True)
    flagged = set(mine.values_list("question_id", flat=True))
    return frozenset(
        position
        for position, question_id in enumerate(attempt.question_ids, start=1)
        if question_id in flagged
    )


def page_of(sheet: AnswerSheet, position: int) -> range:
    """The positions of the page of the sheet that holds this one, at most a hundred."""
    start = (position - 1) // CELLS_PER_PAGE * CELLS_PER_PAGE + 1
    return range(start, min(start + CELLS_PER_PAGE, sheet.attempt.total + 1))


def open_navigation(sheet: AnswerSheet, position: int) -> Navigation:
    """Where to go in an attempt whose questions can all be opened."""
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
    following = min((each for each in sheet.answered if each > position), default=None)
    return Navigation(
        previous=max((each for each in sheet.answered if each < position), default=None),
        following=following,
        onward=following,
        earlier=None,
        later=None,
    )


def cells(
    sheet: AnswerSheet,
    positions: Iterable[int],
    *,
    is_closed: bool,
    current: int | None = None,
    flagged: Collection[int] = (),
    saves_answer: bool = False,
) -> SafeString:
    """Render a list item for each of these positions. A closed attempt links only answered ones.

    With `saves_answer` the items are buttons of the form `answer`. In Python, from parts that are
    escaped once: a hundred rounds of a template loop take longer than the rest of the page.
    """
    looks = _looks()
    url = questions_url(sheet.attempt.pk)
    markup = BUTTON if saves_answer else LINK
    items = []
    for position in positions:
        is_flagged = position in flagged
        css_class, label = looks[_state(sheet, position), is_flagged]
        shape = TEXT if is_closed and position not in sheet.answered else markup
        step = CURRENT_STEP if position == current else ""
        items.append(
            shape.format(url=url, position=position, step=step, css_class=css_class, label=label)
        )
    return mark_safe("\n".join(items))  # noqa: S308 - constants, numbers, and escaped texts


def _state(sheet: AnswerSheet, position: int) -> str:
    if position not in sheet.answered:
        return "unanswered"
    fraction = sheet.fractions.get(position)
    if fraction is None:
        return "answered"
    if fraction == 1:
        return "right"
    return "partial" if fraction else "wrong"


def _looks() -> dict[tuple[str, bool], tuple[str, str]]:
    """The class and the label of each state, flagged or not."""
    states = {
        "unanswered": ("bubble", _("not answered")),
        "answered": ("bubble bubble--filled", _("answered")),
        "right": ("bubble bubble--right", _("correct")),
        "partial": ("bubble bubble--partial", _("partially correct")),
        "wrong": ("bubble bubble--wrong", _("incorrect")),
    }
    flagged = _("flagged")
    looks = {}
    for state, (css_class, words) in states.items():
        looks[state, False] = (css_class, LABEL.format(conditional_escape(words)))
        both = conditional_escape(f"{words}, {flagged}")
        looks[state, True] = (f"{css_class} bubble--flagged", LABEL.format(both))
    return looks


def questions_url(attempt_id: UUID) -> SafeString:
    """What the URLs of an attempt's questions begin with; a position and "/" complete one.

    For pages with many of them: a hundred calls of reverse() take a millisecond.
    """
    first = reverse("practice:question", args=[attempt_id, 1])
    return conditional_escape(first.removesuffix("1/"))
