"""Pages of one bank, and of the banks that a learner owns."""

from functools import partial
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_safe

from accounts.models import User
from catalog.covers.drawing import cover_svg
from catalog.listing.bank_page import about_bank, newest_changes, related_banks
from catalog.listing.owned_banks import best_access, days_left, owned_banks
from catalog.models import Access, Review, TestBank
from catalog.page_cache import cache_anonymous_page, fragment_key
from catalog.reviews.pages import review_page, tally_of
from catalog.seo.structured_data import structured_data
from catalog.views.former_slugs import follow_former_slug
from catalog.views.visits import counts_page_views

A_DAY_SECONDS = 86400
# An upper bound: a bank that was imported in a thousand parts still has a page.
MOST_CHANGES = 200
REVIEWS_ON_THE_PAGE = 3


@require_safe
@counts_page_views
@cache_anonymous_page
@follow_former_slug
def test_bank_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One bank: what is in it, what it costs, and how to get it."""
    banks = TestBank.objects.visible_to(request.user).select_related("category")
    test_bank = get_object_or_404(banks, slug=slug)
    accesses = list(Access.objects.of(request.user).filter(test_bank=test_bank))
    at = timezone.now()
    access = best_access(accesses, at=at) if accesses else None
    context = {
        "test_bank": test_bank,
        "access": access if access and access.is_live(at) else None,
        "days_left": days_left(access, at=at) if access else None,
        "refund_days": settings.REFUND_DAYS if settings.SUPPORT_EMAIL else 0,
        # Called by the template only where its fragment is not cached.
        "about": partial(about_bank, test_bank),
        "changes": partial(newest_changes, test_bank),
        "related_banks": partial(related_banks, test_bank),
        "structured_data": partial(structured_data, test_bank),
        **_reviews(request, test_bank, is_owner=bool(accesses)),
        "cache_key": fragment_key(request),
    }
    return render(request, "catalog/test_bank_detail.html", context)


def _reviews(request: HttpRequest, test_bank: TestBank, *, is_owner: bool) -> dict[str, Any]:
    """The newest reviews with their tally; for owners their own review too."""
    shown: dict[str, Any] = {}
    if test_bank.review_count:
        page = review_page(test_bank, 1, size=REVIEWS_ON_THE_PAGE)
        shown = {"reviews": page.reviews if page else [], "tally": tally_of(test_bank)}
    if is_owner and not request.user.is_staff:
        own_reviews = Review.objects.filter(learner=request.user.pk, test_bank=test_bank)
        shown |= {"may_review": True, "own_review": own_reviews.first()}
    return shown


@require_safe
@follow_former_slug
def changes(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that changed in a bank's questions, the newest first."""
    test_bank = get_object_or_404(TestBank.objects.visible_to(request.user), slug=slug)
    shown = test_bank.changes.order_by("-at", "-pk")[:MOST_CHANGES]
    return render(request, "catalog/changes.html", {"test_bank": test_bank, "changes": shown})


@require_safe
@gzip_page
@follow_former_slug
def cover(request: HttpRequest, slug: str) -> HttpResponse:
    """The drawn cover of a bank. Only covers that everybody may see are for shared caches."""
    test_bank = get_object_or_404(
        TestBank.objects.visible_to(request.user).select_related("category"), slug=slug
    )
    category = test_bank.category
    drawing = cover_svg(test_bank.drawn_from, category.hue_a, category.hue_b)
    response = HttpResponse(drawing, content_type="image/svg+xml")
    scope = "public" if test_bank.is_on_sale else "private"
    patch_cache_control(response, max_age=A_DAY_SECONDS, **{scope: True})
    return response


@login_required
@require_GET
def my_banks(request: HttpRequest) -> HttpResponse:
    """The banks that this person owns or owned, those that can be opened first."""
    owned = owned_banks(cast(User, request.user), at=timezone.now())
    context = {
        "owned_banks": owned,
        "banks_url": reverse("catalog:list"),
        "progress_url": reverse("practice:progress"),
        # Without its slug: reverse() for each of many banks takes longer than the rest of the page.
        "start_url": reverse("practice:start", args=["-"]).removesuffix("-/"),
    }
    return render(request, "catalog/my_banks.html", context)
