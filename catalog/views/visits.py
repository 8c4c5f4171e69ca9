"""Count what visitors look at and try, without cookies and without knowing who they are."""

import re
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from catalog.services.visits import Visit, count_visit

View = Callable[..., HttpResponse]

# Programs name themselves. Those that do not are counted: the figures are a rough measure.
PROGRAM = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|monitor|headless|lighthouse|facebookexternalhit"
    r"|curl|wget|python|httpx|java/|go-http|okhttp|libwww|scrapy",
    re.IGNORECASE,
)


def counts_page_views(view: View) -> View:
    """Decorate the page of a bank: count who gets it, also from the page cache."""

    @wraps(view)
    def counted(request: HttpRequest, slug: str) -> HttpResponse:
        response = view(request, slug)
        if request.method == "GET" and response.status_code == 200 and _is_visitor(request):
            count_visit(slug=slug, visit=Visit.PAGE_VIEW, at=timezone.now())
        return response

    return counted


def count_sample_answer(request: HttpRequest, *, slug: str) -> None:
    """Count an answer to a sample of a bank."""
    if _is_visitor(request):
        count_visit(slug=slug, visit=Visit.SAMPLE_ANSWER, at=timezone.now())


def _is_visitor(request: HttpRequest) -> bool:
    """Return False for programs, for pages that a browser only prefetches, and for staff."""
    agent = request.headers.get("User-Agent", "")
    if not agent or PROGRAM.search(agent) or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return False
    # A visitor without a session is not staff; to ask would mark the page as personal.
    is_known = settings.SESSION_COOKIE_NAME in request.COOKIES
    return not (is_known and request.user.is_staff)
