"""Search for banks on sale, and for questions of the visitor's own banks."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.models import User
from catalog.listing.facets import facets
from catalog.search.finding import MOST_PAGES, find_banks, find_questions

LONGEST_QUERY = 200


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Banks, and questions of the visitor's own banks, that have the typed words."""
    typed = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    page = _page_number(request.GET.get("page", ""))
    context = {"typed": typed, "page": page}
    if typed:
        found = find_banks(typed, page=page)
        context |= {
            "found": found,
            "next_page": page + 1 if found.has_more and page < MOST_PAGES else None,
            "query": urlencode({"q": typed}),
        }
        if not found.hits:
            on_sale = facets()
            context["categories"] = on_sale.categories
            context["other_languages"] = on_sale.languages_besides(get_language() or "")
    if typed and page == 1 and isinstance(request.user, User):
        at = timezone.now()
        context["questions"] = find_questions(typed, learner=request.user, at=at)
    return render(request, "catalog/search.html", context)


def _page_number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 5
    return min(max(int(text), 1), MOST_PAGES) if is_number else 1
