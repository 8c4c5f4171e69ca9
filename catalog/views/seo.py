"""Pages for search engines and link previews: sitemaps, robots.txt, and the card of a bank."""

from django.contrib.sitemaps import views as sitemap_views
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.models import TestBank
from catalog.seo.sitemaps import SITEMAPS
from catalog.seo.structured_data import absolute
from catalog.views.former_slugs import follow_former_slug

AN_HOUR_SECONDS = 3600
A_DAY_SECONDS = 86400
# What belongs to one person, or has no end. Practice is not named: nothing public leads
# there, and whoever asks for it without signing in sees the sign-in page.
NOT_FOR_ROBOTS = (
    "/accounts/",
    "/language/",
    "/my-banks/",
    "/payments/",
    "/search/",
    "/staff/",
    "/banks/*/review/",
)


@require_safe
@cache_control(public=True, max_age=AN_HOUR_SECONDS)
def sitemap_index(request: HttpRequest) -> HttpResponse:
    """Which sitemaps there are."""
    return sitemap_views.index(request, SITEMAPS, sitemap_url_name="catalog:sitemap")


@require_safe
@cache_control(public=True, max_age=AN_HOUR_SECONDS)
def sitemap(request: HttpRequest, section: str) -> HttpResponse:
    """One sitemap, ten thousand addresses a page."""
    return sitemap_views.sitemap(request, SITEMAPS, section=section)


@require_safe
@cache_control(public=True, max_age=A_DAY_SECONDS)
def robots(_request: HttpRequest) -> HttpResponse:
    """Serve robots.txt: the pages that crawlers skip, and the address of the sitemap. Source: RFC 9309."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS),
        f"Sitemap: {absolute(reverse('catalog:sitemaps'))}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
@follow_former_slug
def card(request: HttpRequest, slug: str) -> HttpResponse:
    """The picture that other sites show with a link to a bank. Drawn once a day."""
    # Pillow takes 6 MB in each process, for pictures that are drawn once a day.
    from catalog.covers.png import card_png  # noqa: PLC0415

    test_bank = get_object_or_404(
        TestBank.objects.visible_to(request.user).select_related("category"), slug=slug
    )
    category = test_bank.category
    drawing = caches["pages"].get_or_set(
        f"card:{test_bank.drawn_from}:{category.hue_a}:{category.hue_b}",
        lambda: card_png(test_bank.drawn_from, category.hue_a, category.hue_b),
        A_DAY_SECONDS,
    )
    response = HttpResponse(drawing, content_type="image/png")
    scope = "public" if test_bank.is_on_sale else "private"
    patch_cache_control(response, max_age=A_DAY_SECONDS, **{scope: True})
    return response
