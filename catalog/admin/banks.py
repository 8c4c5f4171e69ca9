"""Banks and categories in the admin."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from catalog import page_cache
from catalog.errors import NothingToAsk, PriceNotPossible
from catalog.http import SeeOther, row_or_404
from catalog.importing.linting import exam_warnings
from catalog.indexing.banks import reindex_bank
from catalog.models import BankChange, Category, TestBank
from catalog.money import exponent, format_price, major, minor
from catalog.price_rules import MAXIMUM_MINOR, price_problem
from catalog.services.blueprint import (
    MOST_SECTIONS,
    BlueprintError,
    TooManySections,
    read_blueprint,
)
from catalog.services.changes import update_questions_changed_at
from catalog.services.publishing import put_on_sale, withdraw

STATUS_COLORS = {"draft": "warning", "published": "success", "withdrawn": "default"}
CHANGES_SHOWN = 20
EXAM_FIELDS = (
    *("exam", "pass_percent", "exam_minutes", "blueprint"),
    *("keeps_question_order", "keeps_choice_order", "has_calculator"),
)
# Marks a request that saved a bank and could not publish it.
NOT_PUBLISHED = "testbank.not_published"


def _blueprint_problem(error: BlueprintError) -> str:
    """Return a sentence that names the section and field to correct in a blueprint."""
    details = {"number": error.section, "field": error.field, "most": MOST_SECTIONS}
    if isinstance(error, TooManySections):
        return gettext("Enter at most %(most)s sections.") % details
    if error.field:
        return gettext("Section %(number)s: “%(field)s” is missing or not valid.") % details
    if error.section:
        return gettext('Section %(number)s is not written as {"count": 5}.') % details
    return gettext("Enter a list of sections, each with a count.")


class BankChangeInline(TabularInline):
    """Changes as buyers read them. Imports record theirs themselves."""

    model = BankChange
    fields = ("at", "words", "added", "changed")
    extra = 0
    can_delete = False
    tab = True
    ordering = ("-at", "-pk")
    per_page = CHANGES_SHOWN

    def get_queryset(self, request: HttpRequest) -> QuerySet[BankChange]:
        """Select the bank too: it names each row."""
        changes: QuerySet[BankChange] = super().get_queryset(request)
        return changes.select_related("test_bank")


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    """Categories."""

    list_display = ("title", "slug", "hue_a", "hue_b")
    search_fields = ("title", "slug")
    ordering = ("title",)
    prepopulated_fields = {"slug": ("title",)}

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        """Show the category's new words on the catalog's pages."""
        super().save_model(request, obj, form, change)
        page_cache.clear_on_commit()


class BankForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """A bank with its price in the currency's main unit, as people say it."""

    price = forms.DecimalField(
        label=_("Price"),
        min_value=Decimal(0),
        max_value=Decimal(MAXIMUM_MINOR),
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("In the main currency unit, such as 19.99. Enter 0 for a free test bank."),
    )

    class Meta:
        model = TestBank
        fields = (
            "title",
            "slug",
            "category",
            "language",
            "summary",
            "description",
            "exam",
            "pass_percent",
            "exam_minutes",
            "blueprint",
            "keeps_question_order",
            "keeps_choice_order",
            "has_calculator",
            "currency",
            "access_days",
            "is_featured",
        )
        help_texts = {
            "access_days": _("How long access lasts, in days. Leave empty for lifetime access."),
            "currency": _("Three letters, such as USD."),
            "blueprint": _(
                'What an exam draws, as a list: [{"domain": "Joins", "count": 5}]. A section can '
                'name a "domain", a "group", or neither, and take "per_group": true.'
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["price"] = major(self.instance.price_minor, self.instance.currency)

    def clean_currency(self) -> str:
        """In upper case."""
        return str(self.cleaned_data["currency"]).upper()

    def clean_blueprint(self) -> list[dict[str, Any]]:
        """Refuse what is no list of sections; an empty one means that there is no exam."""
        try:
            sections = read_blueprint(self.cleaned_data["blueprint"] or [])
        except BlueprintError as error:
            raise ValidationError(_blueprint_problem(error)) from error
        return [section.model_dump(exclude_defaults=True) for section in sections]

    def clean(self) -> dict[str, Any]:
        """The price must be one that the currency can say."""
        cleaned = super().clean() or self.cleaned_data
        price, currency = cleaned.get("price"), cleaned.get("currency")
        if price is None or currency is None:
            return cleaned
        try:
            price_minor = minor(price, currency)
        except ValueError:
            message = gettext("%(currency)s has %(digits)s decimal places.")
            digits = {"currency": currency, "digits": exponent(currency)}
            raise ValidationError({"price": message % digits}) from None
        if problem := price_problem(price_minor, currency):
            raise ValidationError({"price": problem})
        self.instance.price_minor = price_minor
        return cleaned


@admin.register(TestBank)
class TestBankAdmin(ModelAdmin):
    """Banks: described, priced, put on sale and withdrawn."""

    form = BankForm
    list_display = ("title", "state", "category", "questions", "price_text", "updated_at")
    list_filter = ("status", "category", "currency")
    list_select_related = ("category",)
    search_fields = ("title", "slug", "summary")
    ordering = ("title", "pk")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = ("status", "questions", "created_at", "updated_at")
    inlines = (BankChangeInline,)
    actions_submit_line = ("sell", "stop_selling")
    actions_detail = ("see_page", "see_questions", "ask_editor")
    fieldsets = (
        (None, {"fields": ("title", "slug", "category", "language", "summary", "description")}),
        (_("Exam"), {"fields": EXAM_FIELDS}),
        (_("Sale"), {"fields": ("status", "price", "currency", "access_days", "is_featured")}),
        (_("Content"), {"fields": ("questions", "created_at", "updated_at")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The address of a bank that was on sale stays, since others link to it."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        sold = isinstance(obj, TestBank) and obj.status != TestBank.Status.DRAFT
        return (*fixed, "slug") if sold else fixed

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """None where the address is fixed."""
        fixed = "slug" in self.get_readonly_fields(request, obj)
        return {} if fixed else super().get_prepopulated_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only what was never on sale may go."""
        was_on_sale = isinstance(obj, TestBank) and obj.status != TestBank.Status.DRAFT
        return not was_on_sale and bool(super().has_delete_permission(request, obj))

    def get_actions(self, request: HttpRequest) -> Any:
        """Banks are removed one by one, so that each is looked at."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: TestBank, form: Any, change: bool) -> None:
        """Date the change, and reindex the bank."""
        obj.updated_at = timezone.now()
        super().save_model(request, obj, form, change)
        reindex_bank(test_bank=obj, at=obj.updated_at)
        for warning in exam_warnings(obj):
            messages.warning(request, warning)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Date the bank's questions by its changes, which are saved by now."""
        super().save_related(request, form, formsets, change)
        update_questions_changed_at(test_bank=form.instance)

    @action(description=_("Save and publish"), permissions=["change"])
    def sell(self, request: HttpRequest, obj: TestBank) -> None:
        """Put it on sale; without a question that can be asked it stays as it was."""
        try:
            put_on_sale(test_bank=obj, at=timezone.now())
        except NothingToAsk:
            words = gettext(
                "“%(title)s” was saved but not published because it has no questions to practice. "
                "Write or import questions in the studio first."
            )
            self._refuse_to_publish(request, words % {"title": obj.title})
        except PriceNotPossible as refusal:
            words = gettext("“%(title)s” was saved but not published. %(problem)s")
            details = {"title": obj.title, "problem": refusal.problem}
            self._refuse_to_publish(request, words % details)

    def _refuse_to_publish(self, request: HttpRequest, words: str) -> None:
        messages.error(request, words)
        request.META[NOT_PUBLISHED] = True

    def message_user(
        self, request: HttpRequest, message: Any, level: Any = messages.INFO, *args: Any, **kw: Any
    ) -> None:
        """Leave out the success of saving where an error has said that it was saved."""
        if not (level == messages.SUCCESS and request.META.get(NOT_PUBLISHED)):
            super().message_user(request, message, level, *args, **kw)

    @action(description=_("Save and unpublish"), permissions=["change"])
    def stop_selling(self, _request: HttpRequest, obj: TestBank) -> None:
        """Sell it no longer."""
        withdraw(test_bank=obj, at=timezone.now())

    @action(description=_("View page"), url_path="page", icon="open_in_new")
    def see_page(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To its page in the shop."""
        return SeeOther(
            reverse("catalog:detail", args=[row_or_404(TestBank.objects.all(), object_id).slug])
        )

    @action(description=_("View questions"), url_path="questions", icon="quiz")
    def see_questions(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To the list of its questions."""
        questions = reverse("admin:catalog_bankquestion_changelist")
        return SeeOther(f"{questions}?test_bank__id__exact={object_id}")

    @action(description=_("Quality check"), url_path="editor", icon="spellcheck")
    def ask_editor(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To what can be said of its questions."""
        slug = row_or_404(TestBank.objects.all(), object_id).slug
        return SeeOther(reverse("catalog:editors_view", args=[slug]))

    @display(description=_("status"), label=STATUS_COLORS, ordering="status")
    def state(self, test_bank: TestBank) -> tuple[str, str]:
        """The status, colored."""
        return test_bank.status, test_bank.get_status_display()

    @display(description=_("price"), ordering="price_minor")
    def price_text(self, test_bank: TestBank) -> str:
        """Return the price as the active language writes it."""
        return format_price(test_bank.price_minor, test_bank.currency)

    @display(description=_("questions"))
    def questions(self, test_bank: TestBank) -> int:
        """How many can be asked."""
        return test_bank.question_count
