"""Pages that show what is for sale and what is owned. Buying stands in `payments`."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.models import User
from catalog.covers import cover_svg
from catalog.models import TestBank
from catalog.services import live_access
from catalog.shelf import domains_of, sample_version, shelves_of
from questions.grading import ResponseError, grade
from questions.items import Item
from questions.presenting import PresentedItem, RevealedItem, present, reveal
from questions.responding import advice, response_from

BANKS_A_PAGE = 24
A_DAY_SECONDS = 86400


@require_safe
def test_bank_list(request: HttpRequest) -> HttpResponse:
    """The banks on sale, by title."""
    test_banks = TestBank.objects.published().with_counts().select_related("category")
    page = Paginator(test_banks.order_by("title", "pk"), BANKS_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "test_banks": page.object_list}
    return render(request, "catalog/test_bank_list.html", context)


@require_safe
def test_bank_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One bank: what is in it, what it costs, and the way to it."""
    test_bank = get_object_or_404(
        TestBank.objects.visible_to(request.user).with_counts().select_related("category"),
        slug=slug,
    )
    access = None
    if isinstance(request.user, User):
        access = live_access(learner=request.user, test_bank=test_bank, at=timezone.now())
    context = {
        "test_bank": test_bank,
        "access": access,
        "domains": domains_of(test_bank),
        "samples": range(1, test_bank.sample_count + 1),
    }
    return render(request, "catalog/test_bank_detail.html", context)


@login_required
@require_GET
def my_banks(request: HttpRequest) -> HttpResponse:
    """The banks this person owns or owned, those that can be opened first."""
    shelves = shelves_of(cast(User, request.user), at=timezone.now())
    return render(request, "catalog/my_banks.html", {"shelves": shelves})


@require_safe
def cover(request: HttpRequest, slug: str) -> HttpResponse:
    """The drawn cover of a bank. Shared caches may keep it only where everybody may see it."""
    test_bank = get_object_or_404(
        TestBank.objects.visible_to(request.user).select_related("category"), slug=slug
    )
    category = test_bank.category
    drawing = cover_svg(test_bank.slug, category.hue_a, category.hue_b)
    response = HttpResponse(drawing, content_type="image/svg+xml")
    kept_by = "public" if test_bank.is_on_sale else "private"
    patch_cache_control(response, max_age=A_DAY_SECONDS, **{kept_by: True})
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def sample_question(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """A question that everybody may try. Nothing is kept of the answer."""
    test_bank = get_object_or_404(
        TestBank.objects.visible_to(request.user).with_counts(), slug=slug
    )
    # Compared first: a number in the address may be larger than any the database knows.
    version = sample_version(test_bank, number) if number <= test_bank.sample_count else None
    if version is None:
        raise Http404
    context = {
        "test_bank": test_bank,
        "number": number,
        "next_number": number + 1 if number < test_bank.sample_count else None,
        "item": _sample(request, version.item),
    }
    return render(request, "catalog/sample_question.html", context)


def _sample(request: HttpRequest, item: Item) -> PresentedItem | RevealedItem:
    """The item as it is, or with its key once it was answered."""
    if request.method != "POST":
        return present(item)
    try:
        response = response_from(request.POST)
        return reveal(item, response, grade(item, response))
    except ResponseError as error:
        messages.error(request, advice(error))
        return present(item)
