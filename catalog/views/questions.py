"""Try a single question. No answer given here is stored."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.staff import staff_with
from catalog.listing.bank_page import sample_version
from catalog.models import Access, BankQuestion, TestBank
from catalog.views.former_slugs import follow_former_slug
from catalog.views.visits import count_sample_answer
from questions.grading import ResponseError, grade
from questions.items import ASKABLE, Item
from questions.models import QuestionVersion
from questions.rendering import PresentedItem, RevealedItem, present, reveal
from questions.response_parsing import draft_of, help_for, parse_response


def try_item(
    request: HttpRequest, item: Item, *, language: str = ""
) -> PresentedItem | RevealedItem:
    """Present the item, or reveal it with its key once the form was sent.

    `language` is that of the bank. What cannot be graded stays in the form.
    """
    if request.method != "POST":
        return present(item)
    try:
        response = parse_response(request.POST)
        result = grade(item, response, language=language)
        return reveal(item, response, result, language=language)
    except ResponseError as error:
        return present(item, draft=draft_of(request.POST, problem=help_for(error)))


@require_http_methods(["GET", "HEAD", "POST"])
@follow_former_slug
def sample_question(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """A sample question, which everybody may try."""
    test_bank = get_object_or_404(TestBank.objects.visible_to(request.user), slug=slug)
    # Compare first: a number in an address can exceed what the database can store.
    version = sample_version(test_bank, number) if number <= test_bank.sample_count else None
    if version is None:
        raise Http404
    item = try_item(request, version.item, language=test_bank.language)
    if item.is_answered:
        count_sample_answer(request, slug=test_bank.slug)
    context = {
        "test_bank": test_bank,
        "number": number,
        "next_number": number + 1 if number < test_bank.sample_count else None,
        "item": item,
        "is_owner": Access.objects.of(request.user)
        .live(timezone.now())
        .filter(test_bank=test_bank)
        .exists(),
    }
    return render(request, "catalog/sample_question.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@follow_former_slug
def own_question(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    """A question of a bank that the learner may open, found by search."""
    place = get_object_or_404(
        BankQuestion.objects.askable().select_related("test_bank", "question__current"),
        test_bank__slug=slug,
        question__public_id=public_id,
        test_bank__in=Access.objects.of(request.user).live(timezone.now()).values("test_bank"),
    )
    version = place.question.current
    if version is None:
        raise Http404
    test_bank = place.test_bank
    item = try_item(request, version.item, language=test_bank.language)
    context = {"test_bank": test_bank, "item": item}
    return render(request, "catalog/own_question.html", context)


@staff_with("catalog.view_bankquestion")
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A question as learners see it, for staff."""
    version = get_object_or_404(
        QuestionVersion.objects.select_related("question"),
        question__public_id=public_id,
        pk=F("question__current"),
    )
    places = version.question.bank_questions.select_related("test_bank").order_by("pk")
    is_asked = version.kind in ASKABLE
    context = {
        "version": version,
        "places": places,
        "item": try_item(request, version.item) if is_asked else present(version.item),
        "is_asked": is_asked,
    }
    return render(request, "catalog/preview.html", context)
