"""What pages ask of search: banks on sale, and questions of the banks that somebody owns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.models import User
from catalog.models import Access
from catalog.money import format_price
from catalog.search import engines
from catalog.search.highlighting import OPEN, Sought, excerpt, pointed, shown
from catalog.search.spelling import corrected
from catalog.search.words import Term, terms_of
from delivery.reading import Row
from questions.items import ITEM, Item
from questions.rendering import words_before_answering

BANKS_A_PAGE = 20
MOST_PAGES = 10
QUESTIONS_SHOWN = 10

Hit = TypeVar("Hit")
Ask = Callable[[Sequence[Term], bool], list[Row]]
Show = Callable[[Sequence[Row], Sought], list[Hit]]


class FoundBank(NamedTuple):
    """A bank on sale. Its texts have the found words marked; `price` is empty where free."""

    slug: str
    title: SafeString
    excerpt: SafeString
    category: str
    price: str


@dataclass(frozen=True)
class FoundQuestion:
    """A question of a bank that the learner may open."""

    public_id: UUID
    slug: str
    bank_title: str
    excerpt: SafeString


@dataclass(frozen=True)
class Found(Generic[Hit]):
    """What was found. `instead` is what was looked for instead of a mistyped word.

    `is_partial` says that nothing has all the words, and these have some.
    """

    rows: tuple[Row, ...] = ()
    terms: tuple[Term, ...] = ()
    show: Show[Hit] | None = None
    has_more: bool = False
    instead: str = ""
    is_partial: bool = False

    @cached_property
    def hits(self) -> list[Hit]:
        """What pages show, the best first; written when it is asked for."""
        return self.show(self.rows, Sought.of(self.terms)) if self.show and self.rows else []


def find_banks(typed: str, *, page: int = 1) -> Found[FoundBank]:
    """Banks on sale that have the words, the best first, twenty a page, ten pages at most.

    One statement where something has all the words. Guarantees: no draft and no withdrawn
    bank is found, whatever the index holds.
    """
    offset = (min(max(page, 1), MOST_PAGES) - 1) * BANKS_A_PAGE

    def ask(terms: Sequence[Term], every: bool) -> list[Row]:
        return engines.banks(terms, every=every, limit=BANKS_A_PAGE + 1, offset=offset)

    show = partial(_banks, language=get_language())
    return _find("bank", typed, ask, show, BANKS_A_PAGE)


def find_questions(typed: str, *, learner: User, at: datetime) -> Found[FoundQuestion]:
    """Questions of the banks that the learner may open now, the best ten.

    Looks at stems and choices only, so that no key can be found before it was answered.
    """
    owned = Access.objects.live(at).filter(learner=learner).values_list("test_bank_id", flat=True)
    test_bank_ids = sorted(set(owned))
    if not test_bank_ids:
        return Found()

    def ask(terms: Sequence[Term], every: bool) -> list[Row]:
        return engines.questions(
            terms, test_bank_ids=test_bank_ids, every=every, limit=QUESTIONS_SHOWN + 1
        )

    return _find("question", typed, ask, _questions, QUESTIONS_SHOWN)


def _find(text: str, typed: str, ask: Ask, show: Show[Hit], most: int) -> Found[Hit]:
    """All the words; else those that were meant; else any of them."""
    terms, instead, is_partial = terms_of(typed), "", False
    rows = ask(terms, True) if terms else []
    if terms and not rows:
        better, shown = corrected(text, terms)
        if better != terms:
            terms, instead = better, shown
            rows = ask(terms, True)
        if not rows and len(terms) > 1:
            rows, is_partial = ask(terms, False), True
    return Found(
        rows=tuple(rows[:most]),
        terms=terms,
        show=show,
        has_more=len(rows) > most,
        instead=instead if rows else "",
        is_partial=is_partial and bool(rows),
    )


def _banks(rows: Sequence[Row], sought: Sought, *, language: str | None) -> list[FoundBank]:
    slugs, titles, summaries, descriptions, prices, currencies, categories = zip(*rows, strict=True)
    texts = pointed((*titles, *summaries), sought)
    excerpts = [excerpt(text) for text in texts[len(rows) :]]
    _look_further(excerpts, descriptions, sought)
    safe = shown((*texts[: len(rows)], *excerpts))
    written = [
        format_price(price, currency, language) if price else ""
        for price, currency in zip(prices, currencies, strict=True)
    ]
    return list(map(FoundBank, slugs, safe[: len(rows)], safe[len(rows) :], categories, written))


def _look_further(excerpts: list[str], descriptions: Sequence[str], sought: Sought) -> None:
    """Where a summary says nothing, or only the description has a word that was looked for."""
    silent = [
        place for place, text in enumerate(excerpts) if descriptions[place] and OPEN not in text
    ]
    if not silent:
        return
    others = pointed([descriptions[place] for place in silent], sought)
    for place, text in zip(silent, others, strict=True):
        if OPEN in text or not excerpts[place]:
            excerpts[place] = excerpt(text)


def _questions(rows: Sequence[Row], sought: Sought) -> list[FoundQuestion]:
    stems = [
        " · ".join(words_before_answering(_item(content)).splitlines())
        for _slug, _title, _public_id, content in rows
    ]
    excerpts = shown([excerpt(text) for text in pointed(stems, sought)])
    return [
        FoundQuestion(public_id=UUID(str(public_id)), slug=slug, bank_title=title, excerpt=text)
        for (slug, title, public_id, _content), text in zip(rows, excerpts, strict=True)
    ]


def _item(content: str | dict[str, object]) -> Item:
    """As SQLite keeps it, or as PostgreSQL does."""
    return (
        ITEM.validate_json(content) if isinstance(content, str) else ITEM.validate_python(content)
    )
