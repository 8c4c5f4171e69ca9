"""The legal pages, which everybody may read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from catalog.models import LegalPage


@require_safe
def legal_page(request: HttpRequest, kind: str) -> HttpResponse:
    """A legal page, in the seller's words; not found until it is written."""
    page = get_object_or_404(LegalPage, kind=kind)
    html = mark_safe(page.html)  # noqa: S308 - sanitized when it was stored
    return render(request, "catalog/legal_page.html", {"legal_page": page, "html": html})
