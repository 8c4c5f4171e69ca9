"""How the questions of a bank do: from stored figures, without anybody's name."""

from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.models import BankQuestion, TestBank
from questions.models import QuestionVersion
from questions.rendering import letter
from questions.text import plain_words
from studio.listing import excerpt_of
from studio.models import ItemStatistics
from studio.permissions import VIEW_BANK, bank_page
from studio.statistics import FEWEST

EXCERPT = 80


@dataclass(frozen=True)
class ChoiceRow:
    """A choice with its share among the weakest and the strongest learners, in percent."""

    letter: str
    text: str
    lower: int
    upper: int
    is_key: bool
    is_suspect: bool


@dataclass(frozen=True)
class Row:
    """A question with the figures of its current version. `earlier` are former versions."""

    place: BankQuestion
    excerpt: str
    now: ItemStatistics | None
    choices: list[ChoiceRow]
    earlier: list[ItemStatistics]


@bank_page(VIEW_BANK)
@require_safe
def statistics(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Show the figures; questions whose key is probably wrong come first."""
    stored: dict[int, list[ItemStatistics]] = {}
    rows = test_bank.statistics.select_related("version").defer("version__content")
    for each in rows.order_by("-version__number"):
        stored.setdefault(each.version.question_id, []).append(each)
    places = test_bank.bank_questions.select_related("question__current").order_by("position")
    shown = [_row(place, stored.get(place.question_id, [])) for place in places]
    suspects = [row for row in shown if row.now and row.now.suspect]
    suspects.sort(key=lambda row: -(cast(ItemStatistics, row.now).suspicion or 0))
    newest = max((each.computed_at for rows in stored.values() for each in rows), default=None)
    context = {
        "test_bank": test_bank,
        "tab": "statistics",
        "rows": shown,
        "suspects": suspects,
        "computed_at": newest,
        "fewest": FEWEST,
    }
    return render(request, "studio/statistics.html", context)


def _row(place: BankQuestion, figures: list[ItemStatistics]) -> Row:
    current = cast(QuestionVersion, place.question.current)
    now = next((each for each in figures if each.version_id == current.pk), None)
    return Row(
        place=place,
        excerpt=excerpt_of(current),
        now=now,
        choices=_choices(current, now) if now and now.distractors else [],
        earlier=[each for each in figures if each.version_id != current.pk],
    )


def _choices(version: QuestionVersion, now: ItemStatistics) -> list[ChoiceRow]:
    """The choices as JSON has them: a list of a thousand questions need not build items."""
    return [
        ChoiceRow(
            letter=letter(index),
            text=plain_words(choice["text"]["html"])[:EXCERPT],
            lower=now.distractors.get(choice["id"], [0, 0])[0],
            upper=now.distractors.get(choice["id"], [0, 0])[1],
            is_key=choice["weight"] > 0,
            is_suspect=choice["id"] == now.suspect,
        )
        for index, choice in enumerate(version.content.get("choices", []))
    ]
