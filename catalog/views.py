"""Pages of one bank, and of what is owned. Finding stands in `browse_views`, buying in `payments`."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.models import User
from accounts.staff import staff_only
from catalog.browsing import DIFFICULTIES
from catalog.changes import newest_changes
from catalog.covers import cover_svg
from catalog.kept import kept_page, rows_of
from catalog.languages import language_name
from catalog.linting import lint_bank
from catalog.models import Review, TestBank
from catalog.reviews import ON_THE_BANKS_PAGE, may_review, page_of_reviews, tally_of
from catalog.seo import structured_data
from catalog.services import live_access
from catalog.shelf import contents_of, neighbours_of, sample_version, shelves_of
from catalog.trying import tried
from catalog.window import bank_on_sale
from questions.items import ASKABLE
from questions.kinds import kind_name
from questions.linting.statistics import figures_of
from questions.models import QuestionVersion
from questions.rendering import present

A_DAY_SECONDS = 86400
# More than this nobody reads; a bank that is imported in a thousand parts stays a page.
MOST_CHANGES = 200
MOST_FINDINGS = 200


@require_safe
def test_bank_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One bank: what is in it, what it costs, and the way to it."""
    if request.user.is_anonymous:
        test_bank = bank_on_sale(slug)
    else:
        banks = TestBank.objects.visible_to(request.user).with_counts()
        test_bank = banks.select_related("category").filter(slug=slug).first()
    if test_bank is None:
        raise Http404
    return kept_page(request, rows_of([test_bank]), lambda: _detail(request, test_bank))


def _detail(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    access = None
    if isinstance(request.user, User):
        access = live_access(learner=request.user, test_bank=test_bank, at=timezone.now())
    contents = contents_of(test_bank)
    context = {
        "test_bank": test_bank,
        "access": access,
        "domains": contents.domains,
        "kinds": [(kind_name(kind.name), kind.count) for kind in contents.kinds],
        "language": language_name(test_bank.language),
        "difficulty": DIFFICULTIES.get(test_bank.difficulty, ""),
        "refund_days": settings.REFUND_DAYS,
        "samples": range(1, test_bank.sample_count + 1),
        "changes": newest_changes(test_bank),
        **_reviews(request, test_bank),
        "neighbours": neighbours_of(test_bank),
        "structured_data": structured_data(test_bank),
    }
    return render(request, "catalog/test_bank_detail.html", context)


def _reviews(request: HttpRequest, test_bank: TestBank) -> dict[str, Any]:
    """The newest reviews and how all of them fall; a learner's own, or that there may be one."""
    shown: dict[str, Any] = {}
    if test_bank.review_count:
        page = page_of_reviews(test_bank, 1, size=ON_THE_BANKS_PAGE)
        shown = {"reviews": page.reviews if page else [], "tally": tally_of(test_bank)}
    learner = request.user
    if isinstance(learner, User) and may_review(learner=learner, test_bank=test_bank):
        shown["may_review"] = True
        shown["own_review"] = Review.objects.filter(learner=learner, test_bank=test_bank).first()
    return shown


@require_safe
def changes(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that changed in a bank's questions, the newest first."""
    test_bank = get_object_or_404(TestBank.objects.visible_to(request.user), slug=slug)
    shown = test_bank.changes.order_by("-at", "-pk")[:MOST_CHANGES]
    return render(request, "catalog/changes.html", {"test_bank": test_bank, "changes": shown})


@login_required
@require_GET
def my_banks(request: HttpRequest) -> HttpResponse:
    """The banks this person owns or owned, those that can be opened first."""
    shelves = shelves_of(cast(User, request.user), at=timezone.now())
    return render(request, "catalog/my_banks.html", {"shelves": shelves})


@require_safe
@gzip_page
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
        "item": tried(request, version.item, language=test_bank.language),
    }
    return render(request, "catalog/sample_question.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A question as the learner sees it, before and after answering. Nothing is kept."""
    version = get_object_or_404(
        QuestionVersion.objects.select_related("question"),
        question__public_id=public_id,
        pk=F("question__current"),
    )
    places = version.question.bank_questions.select_related("test_bank").order_by("pk")
    asked = version.kind in ASKABLE
    context = {
        "version": version,
        "places": places,
        "item": tried(request, version.item) if asked else present(version.item),
        "is_asked": asked,
    }
    return render(request, "catalog/preview.html", context)


@staff_only
@require_safe
def editors_view(request: HttpRequest, slug: str) -> HttpResponse:
    """What an editor would say of a bank's questions, for whoever sells it."""
    test_bank = get_object_or_404(TestBank, slug=slug)
    linted = lint_bank(test_bank)
    public_ids = dict(test_bank.bank_questions.values_list("position", "question__public_id"))
    context = {
        "test_bank": test_bank,
        "rows": [
            {"finding": finding, "public_id": public_ids[finding.line]}
            for finding in linted.findings[:MOST_FINDINGS]
        ],
        "more": max(len(linted.findings) - MOST_FINDINGS, 0),
        "figures": figures_of(linted.questions),
    }
    return render(request, "catalog/editors_view.html", context)
