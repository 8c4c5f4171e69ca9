"""Read the reviews of a bank; write or remove one's own."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from catalog.errors import NotAnOwner
from catalog.models import Review, TestBank
from catalog.page_cache import cache_anonymous_page
from catalog.reviews import may_review, remove_review, write_review
from catalog.reviews.forms import ReviewForm
from catalog.reviews.pages import review_page, tally_of
from catalog.views.former_slugs import follow_former_slug
from safety.rate_limits import REVIEW, rate_limited


@require_safe
@cache_anonymous_page
@follow_former_slug
def reviews(request: HttpRequest, slug: str) -> HttpResponse:
    """List the reviews of a bank, newest first."""
    test_bank = _bank(request, slug)
    number = request.GET.get("page", "1")
    is_number = number.isascii() and number.isdigit() and len(number) < 5
    page = review_page(test_bank, int(number)) if is_number else None
    if page is None:
        raise Http404
    context = {
        "test_bank": test_bank,
        "page": page,
        "tally": tally_of(test_bank),
        "address": request.path if page.number == 1 else f"{request.path}?page={page.number}",
    }
    return render(request, "catalog/reviews.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited(REVIEW)
def review(request: HttpRequest, slug: str) -> HttpResponse:
    """Write one's own review, or change it."""
    test_bank, learner = _bank(request, slug), cast(User, request.user)
    if not may_review(learner=learner, test_bank=test_bank):
        return _not_an_owner(request, test_bank)
    own = Review.objects.filter(learner=learner, test_bank=test_bank).first()
    form = ReviewForm(request.POST or None, initial=_initial(own, learner))
    if form.is_valid():
        return _written(request, test_bank, form)
    context = {"test_bank": test_bank, "form": form, "own_review": own}
    return render(request, "catalog/review.html", context)


@require_POST
@login_required
def remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Remove one's own review."""
    test_bank = _bank(request, slug)
    if remove_review(learner=cast(User, request.user), test_bank=test_bank):
        messages.success(request, _("Your review was deleted."))
    return redirect("catalog:detail", slug)


def _bank(request: HttpRequest, slug: str) -> TestBank:
    banks = TestBank.objects.visible_to(request.user).select_related("category")
    return get_object_or_404(banks, slug=slug)


def _initial(own: Review | None, learner: User) -> dict[str, object]:
    if own is None:
        return {"author_name": learner.name[:60]}
    return {"stars": own.stars, "words": own.words, "author_name": own.author_name}


def _written(request: HttpRequest, test_bank: TestBank, form: ReviewForm) -> HttpResponse:
    learner = cast(User, request.user)
    try:
        written = write_review(
            learner=learner, test_bank=test_bank, at=timezone.now(), **form.cleaned_data
        )
    except NotAnOwner:
        return _not_an_owner(request, test_bank)
    if written.is_hidden:
        messages.info(request, _("Your review was saved. It stays hidden until we approve it."))
    else:
        messages.success(request, _("Thank you. Your review is now on the test bank's page."))
    return redirect("catalog:detail", test_bank.slug)


def _not_an_owner(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    messages.info(request, _("Only current and former owners can review this test bank."))
    return redirect("catalog:detail", test_bank.slug)
