"""What the list can be narrowed by: the categories, languages and currencies on sale."""

from dataclasses import dataclass

from django.core.cache import caches
from django.db.models import Count

from catalog.languages import language_name
from catalog.models import TestBank

KEY = "catalog:facets"
# How long another process may go on showing what was on sale before.
SECONDS = 60


@dataclass(frozen=True)
class CategoryOnSale:
    """A category with banks on sale."""

    slug: str
    title: str
    description: str
    count: int


@dataclass(frozen=True)
class Facets:
    """Categories by title; languages as pairs of code and name; currencies by code."""

    categories: tuple[CategoryOnSale, ...]
    languages: tuple[tuple[str, str], ...]
    currencies: tuple[str, ...]


def facets() -> Facets:
    """What is on sale, at most a minute old. No statement, or one."""
    kept = caches["process"].get(KEY)
    if kept is None:
        kept = _read()
        caches["process"].set(KEY, kept, SECONDS)
    return kept  # type: ignore[no-any-return] # the cache is untyped


def forget_facets() -> None:
    """Read them anew the next time, in this process."""
    caches["process"].delete(KEY)


def _read() -> Facets:
    rows = list(
        TestBank.objects.published()
        .order_by()
        .values_list(
            "category__slug", "category__title", "category__description", "language", "currency"
        )
        .annotate(count=Count("pk"))
    )
    counts: dict[tuple[str, str, str], int] = {}
    for slug, title, description, _language, _currency, count in rows:
        counts[slug, title, description] = counts.get((slug, title, description), 0) + count
    categories = [CategoryOnSale(*named, count) for named, count in counts.items()]
    languages = sorted({row[3] for row in rows})
    return Facets(
        categories=tuple(sorted(categories, key=lambda category: category.title)),
        languages=tuple((code, language_name(code)) for code in languages),
        currencies=tuple(sorted({row[4] for row in rows})),
    )
