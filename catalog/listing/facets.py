"""Facets: the categories, languages and currencies that the list can be filtered by."""

from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import get_language_info

from catalog import page_cache
from catalog.models import TestBank

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

    def languages_besides(self, code: str) -> tuple[tuple[str, str], ...]:
        """The languages of banks on sale without `code`; de-at counts as de."""
        own = code.partition("-")[0]
        return tuple(pair for pair in self.languages if pair[0].partition("-")[0] != own)


def facets() -> Facets:
    """What is on sale now. Cached until a bank or a category changes."""
    return page_cache.get_or_set("facets", _read, seconds=SECONDS)


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


def language_name(code: str) -> str:
    """The language in its own words, such as “Deutsch”; the code if it is unknown."""
    try:
        return str(get_language_info(code)["name_local"])
    except KeyError:
        return code
