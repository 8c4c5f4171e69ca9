"""What search engines are asked to read: the shop's front and every bank on sale."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import Max, QuerySet
from django.urls import reverse

from catalog.listing.facets import facets
from catalog.models import TestBank


class OfThisSite(Sitemap):  # type: ignore[type-arg] # generic in the stubs only
    """Addresses of `SITE_URL`, whatever host the request came to."""

    limit = 10_000

    def get_domain(self, _site: object = None) -> str:
        """The public host, with its port where it has one."""
        return urlsplit(settings.SITE_URL).netloc

    def get_protocol(self, _protocol: str | None = None) -> str:
        """Such as https."""
        return urlsplit(settings.SITE_URL).scheme


class Front(OfThisSite):
    """The first page, the list, and each category with banks on sale."""

    def items(self) -> Sequence[str]:
        """Paths."""
        categories = [reverse("catalog:category", args=[one.slug]) for one in facets().categories]
        return [reverse("catalog:home"), reverse("catalog:list"), *categories]

    def location(self, item: str) -> str:
        """The path itself."""
        return item


class Banks(OfThisSite):
    """The page of each bank on sale, with the moment of its last change."""

    def items(self) -> QuerySet[TestBank, tuple[str, datetime]]:
        """Slugs and moments: whole banks would be read for nothing."""
        return TestBank.objects.published().order_by("pk").values_list("slug", "updated_at")

    def location(self, item: tuple[str, datetime]) -> str:
        """The bank's page."""
        return reverse("catalog:detail", args=[item[0]])

    def lastmod(self, item: tuple[str, datetime]) -> datetime:
        """When it last changed."""
        return item[1]

    def get_latest_lastmod(self) -> datetime | None:
        """The newest of all, asked for and not looked for row by row."""
        newest: datetime | None = TestBank.objects.published().aggregate(at=Max("updated_at"))["at"]
        return newest


SITEMAPS: "dict[str, type[Sitemap[Any]] | Sitemap[Any]]" = {"front": Front, "banks": Banks}
