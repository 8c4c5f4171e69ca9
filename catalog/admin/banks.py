"""Banks and categories in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from catalog import page_cache
from catalog.http import SeeOther, row_or_404
from catalog.models import BankChange, Category, TestBank
from catalog.money import format_price
from catalog.services.changes import update_questions_changed_at

STATUS_COLORS = {"draft": "warning", "published": "success", "withdrawn": "default"}
CHANGES_SHOWN = 20
WORDS = ("title", "slug", "category", "language", "summary", "description")
SALE = ("status", "price_text", "access_days", "is_featured")
CONTENT = ("questions", "created_at", "updated_at")
EXAM_FIELDS = (
    *("exam", "pass_percent", "exam_minutes", "blueprint"),
    *("keeps_question_order", "keeps_choice_order", "has_calculator"),
)


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


@admin.register(TestBank)
class TestBankAdmin(ModelAdmin):
    """Banks, to be looked up. They are written, priced and published in the studio.

    Changes that buyers read are written here, and a bank that was never published is deleted here.
    """

    list_display = ("title", "state", "category", "questions", "price_text", "updated_at")
    list_filter = ("status", "category", "currency")
    list_select_related = ("category",)
    search_fields = ("title", "slug", "summary")
    ordering = ("title", "pk")
    inlines = (BankChangeInline,)
    actions_list = ("make_new",)
    actions_detail = ("edit", "see_page", "see_questions", "ask_editor")
    fieldsets = (
        (None, {"fields": WORDS}),
        (_("Exam"), {"fields": EXAM_FIELDS}),
        (_("Sale"), {"fields": SALE}),
        (_("Content"), {"fields": CONTENT}),
    )
    readonly_fields = (*WORDS, *EXAM_FIELDS, *SALE, *CONTENT)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Never: the studio makes them."""
        return False

    def has_make_permission(self, request: HttpRequest) -> bool:
        """Whoever may add banks sees the way to the studio."""
        return bool(request.user.has_perm("catalog.add_testbank"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a bank that was never published may be deleted."""
        was_on_sale = isinstance(obj, TestBank) and obj.status != TestBank.Status.DRAFT
        return not was_on_sale and bool(super().has_delete_permission(request, obj))

    def get_actions(self, request: HttpRequest) -> Any:
        """Banks are removed one by one, so that each is looked at."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Date the bank's questions by its changes, which are saved by now."""
        super().save_related(request, form, formsets, change)
        update_questions_changed_at(test_bank=form.instance)

    @action(description=_("New test bank"), url_path="new", icon="add", permissions=["make"])
    def make_new(self, _request: HttpRequest) -> HttpResponse:
        """To the studio."""
        return SeeOther(reverse("studio:new_bank"))

    @action(
        description=_("Edit in the studio"), url_path="studio", icon="edit", permissions=["view"]
    )
    def edit(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To the bank in the studio."""
        return SeeOther(reverse("studio:bank", args=[_slug_of(object_id)]))

    @action(description=_("View page"), url_path="page", icon="open_in_new")
    def see_page(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To its page in the shop."""
        return SeeOther(reverse("catalog:detail", args=[_slug_of(object_id)]))

    @action(description=_("View questions"), url_path="questions", icon="quiz")
    def see_questions(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To the list of its questions in the studio."""
        return SeeOther(reverse("studio:questions", args=[_slug_of(object_id)]))

    @action(description=_("Quality check"), url_path="editor", icon="spellcheck")
    def ask_editor(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To its quality check in the studio."""
        return SeeOther(reverse("studio:quality", args=[_slug_of(object_id)]))

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


def _slug_of(object_id: int) -> str:
    return row_or_404(TestBank.objects.all(), object_id).slug
