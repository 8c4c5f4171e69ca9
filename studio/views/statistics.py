"""How the questions of a bank do: from stored figures, without anybody's name."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from catalog.models import BankQuestion, TestBank
from questions.models import QuestionVersion
from questions.rendering import letter
from questions.text import plain_words
from studio.listing import PER_PAGE, excerpt_of
from studio.models import ItemStatistics
from studio.permissions import VIEW_BANK, bank_page
from studio.statistics import FEWEST

EXCERPT = 80
MOST_SUSPECTS = 50
MOST_SUSPICIOUS = (F("suspicion").desc(), "position")
SORTED_BY = ("facility", "discrimination", "suspicion")
# The name in the address, the label, and the order. Questions without figures come last.
SORTS = {
    "position": (_("Position"), ("position",)),
    "hardest": (_("Hardest first"), (F("facility").asc(nulls_last=True), "position")),
    "easiest": (_("Easiest first"), (F("facility").desc(nulls_last=True), "position")),
    "discrimination": (
        _("Lowest discrimination first"),
        (F("discrimination").asc(nulls_last=True), "position"),
    ),
}


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
    """Show the figures of a page of questions; those whose key is probably wrong come first."""
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "position"
    places = _places(test_bank)
    page = Paginator(places.order_by(*SORTS[sort][1]), PER_PAGE).get_page(request.GET.get("page"))
    alarms = test_bank.statistics.exclude(suspect="").values("version")
    suspects = places.filter(question__current__in=alarms).order_by(*MOST_SUSPICIOUS)
    suspected, listed = list(suspects[:MOST_SUSPECTS]), list(page.object_list)
    stored = _stored(test_bank, {place.question_id for place in (*suspected, *listed)})
    newest = max((each.computed_at for rows in stored.values() for each in rows), default=None)
    context = {
        "test_bank": test_bank,
        "tab": "statistics",
        "page": page,
        "query": urlencode({"sort": sort}),
        "sort": sort,
        "sorts": [(name, label) for name, (label, _order) in SORTS.items()],
        "rows": [_row(place, stored.get(place.question_id, [])) for place in listed],
        "suspects": [_row(place, stored.get(place.question_id, [])) for place in suspected],
        "computed_at": newest,
        "fewest": FEWEST,
    }
    return render(request, "studio/statistics.html", context)


def _places(test_bank: TestBank) -> QuerySet[BankQuestion]:
    """Select the bank's questions with the figures of their current versions."""
    current = ItemStatistics.objects.filter(
        test_bank=OuterRef("test_bank"), version=OuterRef("question__current")
    )
    figures = {name: Subquery(current.values(name)) for name in SORTED_BY}
    return test_bank.bank_questions.select_related("question__current").annotate(**figures)


def _stored(test_bank: TestBank, question_ids: Collection[int]) -> dict[int, list[ItemStatistics]]:
    """Return the figures of all versions of these questions, the newest version first."""
    stored: dict[int, list[ItemStatistics]] = {}
    rows = test_bank.statistics.filter(version__question__in=question_ids)
    rows = rows.select_related("version").defer("version__content")
    for each in rows.order_by("-version__number"):
        stored.setdefault(each.version.question_id, []).append(each)
    return stored


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
