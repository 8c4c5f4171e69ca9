"""Store the legal pages, and say which of them exist."""

from datetime import datetime

from django.core.cache import caches
from django.db import transaction

from catalog.models import LegalPage

# The footer of every page links them, so each process remembers which exist.
CACHE_KEY = "catalog:legal-pages"
CACHE_SECONDS = 300


def store_legal_page(page: LegalPage, *, at: datetime) -> None:
    """Render, sanitize and save a page. The footers of all processes link it within minutes."""
    page.html = _safe_html(page.text)
    page.updated_at = at
    page.save()
    transaction.on_commit(forget_legal_pages)


def _safe_html(markdown: str) -> str:
    """Render Markdown without HTML in it. The page has a heading of its own above these."""
    import nh3  # noqa: PLC0415 - only who stores texts needs it
    from markdown_it import MarkdownIt  # noqa: PLC0415 - as above

    html = MarkdownIt("commonmark", {"html": False}).render(markdown)
    return nh3.clean(html.replace("<h1>", "<h2>").replace("</h1>", "</h2>"))


def legal_page_kinds() -> list[str]:
    """Return the kinds of the pages that exist, in their order. Usually no statement."""
    cache = caches["pages"]
    kinds: list[str] | None = cache.get(CACHE_KEY)
    if kinds is None:
        stored = set(LegalPage.objects.values_list("kind", flat=True))
        kinds = [kind for kind in LegalPage.Kind.values if kind in stored]
        cache.set(CACHE_KEY, kinds, CACHE_SECONDS)
    return kinds


def forget_legal_pages() -> None:
    """Look up again in this process which pages exist."""
    caches["pages"].delete(CACHE_KEY)
