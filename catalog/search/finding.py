"""Search for banks on sale, and for questions of the banks that a learner owns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db import connection
from django.utils.safestring import SafeString

from accounts.models import User
from catalog.indexing.words import Term, terms_of
from catalog.models import Access, BankQuestion, TestBank
from catalog.models.bank import average_stars
from catalog.money import format_price
from catalog.search import postgresql, sqlite
from catalog.search.correction import corrected
from catalog.search.highlighting import excerpt, found_spans, highlight
from questions.rendering import words_before_answering

BANKS_A_PAGE = 20
MOST_PAGES = 10
QUESTIONS_SHOWN = 10
BANK_COLUMNS = (
    "pk",
    "slug",
    "title",
    "summary",
    "description",
    "category__title",
    "price_minor",
    "currency",
    "question_count",
    "review_count",
    "review_sum",
)

Hit = TypeVar("Hit")
Rank = Callable[[Sequence[Term], bool], list[int]]


@dataclass(frozen=True)
class FoundBank:
    """A bank on sale, with the found words marked. `price` is empty if the bank is free."""

    slug: str
    title: SafeString
    excerpt: SafeString
    category: str
    price: str
    question_count: int
    review_count: int
    average_stars: Decimal | None


@dataclass(frozen=True)
class FoundQuestion:
    """A question of a bank that the learner may open, with the found words marked."""

    place: BankQuestion
    excerpt: SafeString


@dataclass(frozen=True)
class Found(Generic[Hit]):
    """Search results, best first.

    `instead` is what was searched for instead of a mistyped word. `is_partial` says that
    nothing has all the words, and these have some.
    """

    hits: list[Hit] = field(default_factory=list)
    has_more: bool = False
    instead: str = ""
    is_partial: bool = False


@dataclass(frozen=True)
class Ranked:
    """Ids in their order, and the terms that they were found by."""

    ids: list[int]
    terms: tuple[Term, ...]
    instead: str = ""
    is_partial: bool = False


def find_banks(typed: str, *, page: int = 1) -> Found[FoundBank]:
    """Find banks on sale that have the words: twenty a page, ten pages at most.

    Two statements if something has all the words. Guarantees: no draft and no withdrawn bank
    is found, whatever the index holds.
    """
    offset = (min(max(page, 1), MOST_PAGES) - 1) * BANKS_A_PAGE
    rank_banks = sqlite.rank_banks if connection.vendor == "sqlite" else postgresql.rank_banks

    def rank(terms: Sequence[Term], every: bool) -> list[int]:
        return rank_banks(terms, every=every, limit=BANKS_A_PAGE + 1, offset=offset)

    ranked = _ranked("bank", typed, rank)
    published = TestBank.objects.published().filter(pk__in=ranked.ids)
    rows = {row.pk: row for row in published.values_list(*BANK_COLUMNS, named=True)}
    shown = [rows[pk] for pk in ranked.ids[:BANKS_A_PAGE] if pk in rows]
    return Found(
        hits=[_found_bank(row, ranked.terms) for row in shown],
        has_more=len(ranked.ids) > BANKS_A_PAGE,
        instead=ranked.instead,
        is_partial=ranked.is_partial,
    )


def find_questions(typed: str, *, learner: User, at: datetime) -> Found[FoundQuestion]:
    """Find questions of the banks that the learner may open now, ten at most.

    Searches stems and choices only: no key can be found before it was answered.
    """
    owned = Access.objects.of(learner).live(at).values_list("test_bank_id", flat=True)
    bank_ids = sorted(set(owned))
    if not bank_ids:
        return Found()
    is_sqlite = connection.vendor == "sqlite"
    rank_questions = sqlite.rank_questions if is_sqlite else postgresql.rank_questions

    def rank(terms: Sequence[Term], every: bool) -> list[int]:
        return rank_questions(terms, test_bank_ids=bank_ids, every=every, limit=QUESTIONS_SHOWN + 1)

    ranked = _ranked("question", typed, rank)
    # The index narrows to these banks already; this is what decides who sees a question.
    visible = BankQuestion.objects.askable().filter(test_bank__in=bank_ids)
    places = visible.select_related("test_bank", "question__current").in_bulk(ranked.ids)
    shown = [places[pk] for pk in ranked.ids[:QUESTIONS_SHOWN] if pk in places]
    return Found(
        hits=[_found_question(place, ranked.terms) for place in shown],
        has_more=len(ranked.ids) > QUESTIONS_SHOWN,
        instead=ranked.instead,
        is_partial=ranked.is_partial,
    )


def _ranked(kind: str, typed: str, rank: Rank) -> Ranked:
    """Rank by all the words; else by all corrected words; else by any of the corrected words.

    `kind` says whose words correct a mistyped one: `bank` or `question`.
    """
    terms = terms_of(typed)
    ids = rank(terms, True) if terms else []
    if ids or not terms:
        return Ranked(ids, terms)
    better, shown = corrected(kind, terms)
    if better != terms and (ids := rank(better, True)):
        return Ranked(ids, better, instead=shown)
    ids = rank(better, False) if len(better) > 1 else []
    instead = shown if ids and better != terms else ""
    return Ranked(ids, better, instead=instead, is_partial=bool(ids))


def _found_bank(row: Any, terms: Sequence[Term]) -> FoundBank:
    """Quote the summary, or the description if only that has a word or the summary is empty."""
    text, spans = row.summary, found_spans(row.summary, terms)
    if not spans and row.description:
        others = found_spans(row.description, terms)
        if others or not text:
            text, spans = row.description, others
    return FoundBank(
        slug=row.slug,
        title=highlight(row.title, found_spans(row.title, terms)),
        excerpt=excerpt(text, spans),
        category=row.category__title,
        price=format_price(row.price_minor, row.currency) if row.price_minor else "",
        question_count=row.question_count,
        review_count=row.review_count,
        average_stars=average_stars(row.review_sum, row.review_count),
    )


def _found_question(place: BankQuestion, terms: Sequence[Term]) -> FoundQuestion:
    version = place.question.current
    words = words_before_answering(version.item) if version else ""
    text = " · ".join(words.splitlines())
    return FoundQuestion(place, excerpt(text, found_spans(text, terms)))
