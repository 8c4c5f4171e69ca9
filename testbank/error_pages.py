"""Previews of the error pages. Routed in the demo only."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

PAGES = {
    **{"400": 400, "403": 403, "403_csrf": 403, "404": 404, "429": 429, "500": 500, "503": 503},
    "maintenance": 503,
}


@require_safe
def error_page(request: HttpRequest, name: str) -> HttpResponse:
    """Render an error page with its status."""
    if name not in PAGES:
        raise Http404
    return render(request, f"{name}.html", status=PAGES[name])
