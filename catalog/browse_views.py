"""The shop's front: the first page, the list of banks, its categories, and search."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from catalog.browsing import (
    DIFFICULTIES,
    SORTS,
    Filters,
    count_of,
    highest_minor,
    on_sale,
    page_of,
)
from catalog.facets import Facets, facets
from catalog.kept import filled_page, filled_parts, kept_page, rows_of
from catalog.models import Access, BankQuestion, TestBank
from catalog.money import format_price
from catalog.search.finding import (
    MOST_PAGES,
    Found,
    FoundBank,
    FoundQuestion,
    find_banks,
    find_questions,
)
from catalog.trying import tried
from questions.items import ASKABLE
from questions.kinds import kind_name

FEATURED = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, some banks to begin with, the categories, and how it works."""
    banks = TestBank.objects.published().select_related("category").with_counts()
    chosen = list(banks.filter(is_featured=True).order_by("-created_at")[:FEATURED])
    newest = chosen or list(banks.order_by("-created_at", "-pk")[:FEATURED])
    choices = facets()
    context = {"test_banks": newest, "is_chosen": bool(chosen), "facets": choices}
    return kept_page(
        request,
        (choices, rows_of(newest)),
        lambda: render(request, "catalog/home.html", context),
    )


@require_safe
def test_bank_list(request: HttpRequest) -> HttpResponse:
    """The banks on sale, narrowed and ordered as the address says."""
    return _list(request, Filters.from_query(request.GET), category=None)


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """The banks of one category."""
    shown = next((one for one in facets().categories if one.slug == slug), None)
    if shown is None:
        raise Http404
    filters = replace(Filters.from_query(request.GET), category=slug)
    return _list(request, filters, category=shown)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Banks, and questions of the reader's own banks, that have the words."""
    typed = request.GET.get("q", "").strip()[:200]
    page = _page_number(request.GET.get("page", ""))
    found = find_banks(typed, page=page) if typed else None
    questions = None
    if typed and page == 1 and isinstance(request.user, User):
        questions = find_questions(typed, learner=request.user, at=timezone.now())
    if found and found.rows:
        return _found_page(request, typed, found, questions, page)
    context = {
        "typed": typed,
        "questions": questions,
        "categories": facets().categories if typed else (),
    }
    return kept_page(
        request,
        context["categories"],
        lambda: render(request, "catalog/search.html", context),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_question(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    """A question of a bank that the reader may open, to try once more. Nothing is kept."""
    place = get_object_or_404(
        BankQuestion.objects.askable().select_related("test_bank", "question__current"),
        test_bank__slug=slug,
        question__public_id=public_id,
        test_bank__in=Access.objects.of(request.user).live(timezone.now()).values("test_bank"),
    )
    version = place.question.current
    if version is None:
        raise Http404
    context = {
        "test_bank": place.test_bank,
        "item": tried(request, version.item, language=place.test_bank.language),
    }
    return render(request, "catalog/own_question.html", context)


def _found_page(
    request: HttpRequest,
    typed: str,
    found: Found[FoundBank],
    questions: Found[FoundQuestion] | None,
    page: int,
) -> HttpResponse:
    context = {
        "is_partial": found.is_partial,
        "questions": questions,
        "page": page,
        "next_page": page + 1 if found.has_more and page < MOST_PAGES else None,
    }
    texts = {
        "typed": typed,
        "typed_query": urlencode({"q": typed}),
        "instead": found.instead,
        "hits": filled_parts("catalog/_hit.html", FoundBank._fields, found.hits),
    }
    return filled_page(request, "catalog/search.html", context, texts)


def _list(request: HttpRequest, filters: Filters, *, category: Any) -> HttpResponse:
    choices = facets()
    banks = on_sale(filters, currencies=choices.currencies)
    # The address of a category's page names the category already.
    chosen = filters if category is None else filters.without("category")
    page = page_of(banks, filters, request.GET)
    is_whole = not (page.before or page.after)
    count, is_more = (len(page.banks), False) if is_whole else count_of(banks)
    context = {
        "page": page,
        "test_banks": page.banks,
        "count": count,
        "is_more": is_more,
        "filters": filters,
        "chips": _chips(chosen, choices, address=request.path),
        "facets": choices,
        "category": category,
        "sorts": [(name, label) for name, (label, _order) in SORTS.items()],
        "difficulties": DIFFICULTIES.items(),
        "kinds": [(kind, kind_name(kind)) for kind in ASKABLE],
        "action": request.path,
        "query": chosen.query,
    }
    return kept_page(
        request,
        (choices, count, is_more, rows_of(page.banks)),
        lambda: render(request, "catalog/test_bank_list.html", context),
    )


def _chips(filters: Filters, choices: Facets, *, address: str) -> list[tuple[str, str]]:
    """What narrows the list, in words, each with the address of the list without it."""
    titles = {one.slug: one.title for one in choices.categories}
    words = {
        "category": titles.get(filters.category, filters.category),
        "language": dict(choices.languages).get(filters.language, filters.language),
        "difficulty": str(DIFFICULTIES.get(filters.difficulty, "")),
        "kind": kind_name(filters.kind) if filters.kind else "",
        "free": gettext("Free") if filters.free else "",
        "up_to": _price_words(filters, choices) if filters.highest_price is not None else "",
        "currency": filters.currency if filters.highest_price is None else "",
    }
    return [
        (word, f"{address}?{filters.without(name).query}".rstrip("?"))
        for name, word in words.items()
        if word
    ]


def _price_words(filters: Filters, choices: Facets) -> str:
    price = format_price(*highest_minor(filters, choices.currencies))
    return gettext("Up to %(price)s") % {"price": price}


def _page_number(written: str) -> int:
    is_number = written.isascii() and written.isdigit() and len(written) < 5
    return min(max(int(written), 1), MOST_PAGES) if is_number else 1
