"""The shop: the first page, the list of banks, and its categories."""

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from catalog.listing.facets import CategoryOnSale, Facets, facets
from catalog.listing.filters import (
    DIFFICULTIES,
    SORTS,
    Filters,
    banks_on_sale,
    highest_minor,
)
from catalog.listing.pagination import Cursor, count_up_to_limit, paginate
from catalog.models import TestBank
from catalog.money import format_price
from catalog.page_cache import cache_anonymous_page, fragment_key
from questions.items import ASKABLE
from questions.kinds import kind_name

FEATURED = 6


@require_safe
@cache_anonymous_page
def home(request: HttpRequest) -> HttpResponse:
    """What the site is, some banks to start with, the categories, and how it works."""
    banks = TestBank.objects.published().for_cards()
    featured = list(banks.filter(is_featured=True).order_by("-created_at")[:FEATURED])
    shown = featured or list(banks.order_by("-created_at", "-pk")[:FEATURED])
    context = {"test_banks": shown, "is_featured": bool(featured), "facets": facets()}
    return render(request, "catalog/home.html", context)


@require_safe
@cache_anonymous_page
def test_bank_list(request: HttpRequest) -> HttpResponse:
    """The banks on sale, filtered and ordered as the address says."""
    return _list(request, Filters.from_query(request.GET), category=None)


@require_safe
@cache_anonymous_page
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """The banks of one category."""
    shown = next((one for one in facets().categories if one.slug == slug), None)
    if shown is None:
        raise Http404
    filters = replace(Filters.from_query(request.GET), category=slug)
    return _list(request, filters, category=shown)


def _list(
    request: HttpRequest, filters: Filters, *, category: CategoryOnSale | None
) -> HttpResponse:
    choices = facets()
    banks = banks_on_sale(filters, currencies=choices.currencies)
    order = SORTS[filters.sort or "newest"][1]
    cursor = Cursor.from_query(request.GET, order)
    page = paginate(banks, order, cursor)
    is_whole = not (cursor.values or page.after)
    count, is_more = (len(page.banks), False) if is_whole else count_up_to_limit(banks)
    # The address of a category's page names the category already.
    chosen = filters if category is None else filters.without("category")
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
        "cache_key": fragment_key(request),
    }
    return render(request, "catalog/test_bank_list.html", context)


def _chips(filters: Filters, choices: Facets, *, address: str) -> list[tuple[str, str]]:
    """Each filter in words, with the address of the list without it."""
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
