"""Pages of one bank: what is left to do before it sells, its settings, its people."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.covers.drawing import cover_svg
from catalog.errors import NothingToAsk, PriceNotPossible, SlugTaken
from catalog.http import SeeOther
from catalog.importing.linting import exam_warnings
from catalog.models import TestBank
from catalog.services.blueprint import exam_size
from studio.errors import NothingLeft
from studio.forms.banks import BankForm, NewBankForm, RoleForm
from studio.forms.exams import BlueprintFormSet, blueprint_form
from studio.models import BankRole
from studio.permissions import (
    ADD_BANK,
    CHANGE_BANK,
    VIEW_BANK,
    bank_page,
    desk_page,
    may,
    user_of,
)
from studio.services.banks import (
    change_bank,
    create_bank,
    publish_bank,
    remove_role,
    set_role,
    withdraw_bank,
)

UNPROCESSABLE = 422
NOTHING_LEFT = gettext_lazy(
    "Nothing was changed. A published test bank needs at least one published question. If the test "
    "bank is not free, at least one published question must not be a sample. To make this change, "
    "unpublish the test bank first."
)


@dataclass(frozen=True)
class Step:
    """Something to do before a bank sells. `address` is the page where it is done."""

    title: str
    note: str
    is_done: bool
    address: str


@desk_page(ADD_BANK)
@require_http_methods(["GET", "HEAD", "POST"])
def new_bank(request: HttpRequest) -> HttpResponse:
    """Create a bank: a title and a category are enough."""
    form = NewBankForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, "studio/new_bank.html", {"form": form})
    test_bank = create_bank(test_bank=form.made(), actor=user_of(request), at=timezone.now())
    messages.success(request, _("Test bank created. It is a draft until you publish it."))
    return SeeOther(reverse("studio:bank", args=[test_bank.slug]))


@bank_page(VIEW_BANK)
@require_safe
def bank(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Show what a bank has and what it needs."""
    may_change = may(user_of(request), CHANGE_BANK, test_bank)
    steps = _steps(test_bank)
    context = {
        "test_bank": test_bank,
        "tab": "overview",
        "steps": steps,
        "is_ready": all(step.is_done for step in steps[1:3]),
        "may_change": may_change,
        "roles": test_bank.roles.select_related("user").order_by("user__email"),
        "role_form": RoleForm() if may_change else None,
        "entries": test_bank.audit_entries.select_related("actor").order_by("-at", "-pk")[:8],
    }
    return render(request, "studio/bank.html", context)


def _steps(test_bank: TestBank) -> list[Step]:
    settings, questions = (
        reverse(f"studio:{name}", args=[test_bank.slug]) for name in ("settings", "questions")
    )
    count, samples = test_bank.question_count, test_bank.sample_count
    has_words = bool(test_bank.summary and test_bank.description)
    exam = [_exam_step(test_bank, f"{settings}#exam")] if test_bank.blueprint else []
    return [
        Step(
            _("Write a description"),
            _("Buyers see the summary on cards and the description on the test bank's page."),
            has_words,
            settings,
        ),
        Step(
            _("Set the price"),
            _("Free of charge") if test_bank.is_free else test_bank.price,
            not test_bank.is_free or test_bank.is_on_sale,
            f"{settings}#price",
        ),
        Step(
            _("Write or import questions"),
            ngettext("%(count)s question", "%(count)s questions", count) % {"count": count},
            count > 0,
            questions,
        ),
        Step(
            _("Choose sample questions"),
            ngettext(
                "%(count)s sample that anyone can try",
                "%(count)s samples that anyone can try",
                samples,
            )
            % {"count": samples}
            if samples
            else _("Anyone can try sample questions for free."),
            0 < samples < count,
            questions,
        ),
        *exam,
    ]


def _exam_step(test_bank: TestBank, address: str) -> Step:
    """Whether learners can take the exam, or what it lacks."""
    warnings = exam_warnings(test_bank)
    size = 0 if warnings else exam_size(test_bank)
    words = ngettext(
        "%(count)s question in each exam", "%(count)s questions in each exam", size
    ) % {"count": size}
    return Step(_("Set up the exam"), " ".join(warnings) or words, not warnings, address)


@bank_page(CHANGE_BANK)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Change what buyers read, the address, the exam and the price."""
    slug = test_bank.slug
    form = BankForm(request.POST or None, instance=test_bank)
    blueprint = blueprint_form(request.POST or None, test_bank)
    context = {
        "form": form,
        "blueprint": blueprint,
        "exam_warnings": exam_warnings(test_bank),
        "test_bank": test_bank,
        "slug": slug,
        "tab": "settings",
    }
    if request.method != "POST" or not (form.is_valid() and blueprint.is_valid()):
        test_bank.slug = slug
        return _form_page(request, "studio/settings.html", context)
    wanted, test_bank.slug = test_bank.slug, slug
    try:
        change_bank(
            test_bank=test_bank,
            changed=[*form.changed_fields(), *_new_blueprint(test_bank, blueprint)],
            slug=wanted,
            actor=user_of(request),
            at=timezone.now(),
        )
    except SlugTaken:
        form.add_error("slug", _("Another test bank already uses this address."))
        return _form_page(request, "studio/settings.html", context)
    messages.success(request, _("Changes saved."))
    return SeeOther(reverse("studio:settings", args=[test_bank.slug]))


def _new_blueprint(test_bank: TestBank, form: BlueprintFormSet) -> list[str]:
    """Give the bank the blueprint of the form, and return the field if that changed it."""
    if form.blueprint == test_bank.blueprint:
        return []
    test_bank.blueprint = form.blueprint
    return ["blueprint"]


@bank_page(VIEW_BANK)
@require_safe
def cover(_request: HttpRequest, test_bank: TestBank, number: int) -> HttpResponse:
    """One of the covers that the bank can have, by its number in the form."""
    seeds = BankForm(instance=test_bank).covers
    category = test_bank.category
    drawing = cover_svg(seeds[number % len(seeds)], category.hue_a, category.hue_b)
    return HttpResponse(drawing, content_type="image/svg+xml")


@bank_page(CHANGE_BANK)
@require_POST
def publish(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Put the bank on sale."""
    try:
        publish_bank(test_bank=test_bank, actor=user_of(request), at=timezone.now())
    except NothingToAsk:
        messages.error(
            request,
            _(
                "The test bank was not published because it has no published questions that learners "
                "can practice. Publish at least one question first."
            ),
        )
    except NothingLeft:
        words = _(
            "The test bank was not published because all its questions are samples. Add a question "
            "that is not a sample, or remove a question from the samples."
        )
        messages.error(request, words)
    except PriceNotPossible as refusal:
        words = _("The test bank was not published. %(problem)s")
        messages.error(request, words % {"problem": refusal.problem})
    else:
        messages.success(request, _("Test bank published."))
    return SeeOther(reverse("studio:bank", args=[test_bank.slug]))


@bank_page(CHANGE_BANK)
@require_POST
def unpublish(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Take the bank off sale."""
    withdraw_bank(test_bank=test_bank, actor=user_of(request), at=timezone.now())
    messages.success(request, _("Test bank unpublished. Owners keep access."))
    return SeeOther(reverse("studio:bank", args=[test_bank.slug]))


@bank_page(CHANGE_BANK)
@require_POST
def add_role(request: HttpRequest, test_bank: TestBank) -> HttpResponse:
    """Give a member of staff a role in the bank."""
    form = RoleForm(request.POST)
    if form.is_valid():
        set_role(
            test_bank=test_bank,
            **form.cleaned_data,
            actor=user_of(request),
            at=timezone.now(),
        )
        messages.success(request, _("Role saved."))
    else:
        messages.error(request, _("Select a person and a role."))
    return SeeOther(reverse("studio:bank", args=[test_bank.slug]))


@bank_page(CHANGE_BANK)
@require_POST
def delete_role(request: HttpRequest, test_bank: TestBank, role_id: int) -> HttpResponse:
    """Take a role away."""
    roles = BankRole.objects.select_related("user", "test_bank")
    role = get_object_or_404(roles, test_bank=test_bank, pk=role_id)
    remove_role(role=role, actor=user_of(request), at=timezone.now())
    messages.success(request, _("Role removed."))
    return SeeOther(reverse("studio:bank", args=[test_bank.slug]))


def _form_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, template, context, status=status)
