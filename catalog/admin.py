"""Banks, their questions, categories and accesses in the admin."""

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.admin import ReadOnlyAdmin
from catalog.changes import date_questions
from catalog.models import Access, BankQuestion, Category, TestBank
from catalog.money import exponent, format_price, major, minor
from catalog.review_admin import BankChangeInline
from catalog.services import (
    NothingToAsk,
    grant_by_staff,
    put_on_sale,
    revoke_access,
    withdraw,
)
from catalog.shelving import shelve
from questions.models import QuestionVersion
from questions.rendering import excerpt

STATUS_COLOURS = {"draft": "warning", "published": "success", "withdrawn": "default"}


@admin.register(Category)
class CategoryAdmin(ModelAdmin):  # type: ignore[misc] # unfold is untyped
    """Shelves."""

    list_display = ("title", "slug", "hue_a", "hue_b")
    search_fields = ("title", "slug")
    ordering = ("title",)
    prepopulated_fields = {"slug": ("title",)}


class BankForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """A bank with its price in the currency's main unit, as people say it."""

    price = forms.DecimalField(
        label=_("Price"),
        min_value=Decimal(0),
        max_value=Decimal(999999),
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("In the currency's main unit, such as 19.99. 0 is free."),
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
            "currency",
            "access_days",
            "is_featured",
        )
        help_texts = {
            "access_days": _("How long an access lasts, in days. Empty: for good."),
            "currency": _("Three letters, such as USD."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["price"] = major(self.instance.price_minor, self.instance.currency)

    def clean_currency(self) -> str:
        """In upper case."""
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        """The price must be one that the currency can say."""
        cleaned = super().clean() or self.cleaned_data
        price, currency = cleaned.get("price"), cleaned.get("currency")
        if price is None or currency is None:
            return cleaned
        try:
            self.instance.price_minor = minor(price, currency)
        except ValueError:
            message = gettext("%(currency)s has %(digits)s decimal digits.")
            digits = {"currency": currency, "digits": exponent(currency)}
            raise ValidationError({"price": message % digits}) from None
        return cleaned


@admin.register(TestBank)
class TestBankAdmin(ModelAdmin):  # type: ignore[misc] # unfold is untyped
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
        (_("Exam"), {"fields": ("exam", "pass_percent")}),
        (_("Sale"), {"fields": ("status", "price", "currency", "access_days", "is_featured")}),
        (_("Content"), {"fields": ("questions", "created_at", "updated_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TestBank]:
        """With the number of questions."""
        test_banks = cast(Any, super().get_queryset(request))
        return cast(QuerySet[TestBank], test_banks.with_counts())

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
        """Note when it was changed, and let it be found as it is now."""
        obj.updated_at = timezone.now()
        super().save_model(request, obj, form, change)
        shelve(test_bank=obj, at=obj.updated_at)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Let the bank say when its questions last changed, by the rows beside it."""
        super().save_related(request, form, formsets, change)
        date_questions(test_bank=form.instance)

    @action(description=_("Save and put on sale"), permissions=["change"])  # type: ignore[untyped-decorator] # unfold is untyped
    def sell(self, request: HttpRequest, obj: TestBank) -> None:
        """Put it on sale; without a question that can be asked it stays as it was."""
        try:
            put_on_sale(test_bank=obj, at=timezone.now())
        except NothingToAsk:
            messages.error(
                request,
                gettext(
                    "“%(title)s” was saved, and is not on sale: it has no question that can be "
                    "practised. Import questions first: manage.py import_bank %(slug)s FILE."
                )
                % {"title": obj.title, "slug": obj.slug},
            )

    @action(description=_("Save and withdraw"), permissions=["change"])  # type: ignore[untyped-decorator] # unfold is untyped
    def stop_selling(self, _request: HttpRequest, obj: TestBank) -> None:
        """Sell it no longer."""
        withdraw(test_bank=obj, at=timezone.now())

    @action(description=_("See its page"), url_path="page", icon="open_in_new")  # type: ignore[untyped-decorator] # unfold is untyped
    def see_page(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To its page in the shop."""
        return _to(reverse("catalog:detail", args=[TestBank.objects.get(pk=object_id).slug]))

    @action(description=_("See its questions"), url_path="questions", icon="quiz")  # type: ignore[untyped-decorator] # unfold is untyped
    def see_questions(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To the list of its questions."""
        questions = reverse("admin:catalog_bankquestion_changelist")
        return _to(f"{questions}?test_bank__id__exact={object_id}")

    @action(description=_("What an editor would say"), url_path="editor", icon="spellcheck")  # type: ignore[untyped-decorator] # unfold is untyped
    def ask_editor(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To what can be said of its questions."""
        slug = TestBank.objects.get(pk=object_id).slug
        return _to(reverse("catalog:editors_view", args=[slug]))

    @display(description=_("status"), label=STATUS_COLOURS, ordering="status")  # type: ignore[untyped-decorator] # unfold is untyped
    def state(self, test_bank: TestBank) -> tuple[str, str]:
        """The status, coloured."""
        return test_bank.status, test_bank.get_status_display()

    @display(description=_("price"), ordering="price_minor")  # type: ignore[untyped-decorator] # unfold is untyped
    def price_text(self, test_bank: TestBank) -> str:
        """As people write it."""
        return format_price(test_bank.price_minor, test_bank.currency)

    @display(description=_("questions"))  # type: ignore[untyped-decorator] # unfold is untyped
    def questions(self, test_bank: TestBank) -> int:
        """How many can be practised."""
        return getattr(test_bank, "question_count", 0)


@admin.register(BankQuestion)
class BankQuestionAdmin(ReadOnlyAdmin):
    """Questions in their banks, with a preview as the learner sees each.

    Content comes by import; what may be changed here is whether it is a sample.
    """

    list_display = ("stem", "test_bank", "position", "kind", "domain", "is_sample", "is_asked")
    list_filter = (
        "test_bank",
        "is_sample",
        "is_asked",
        ("question__current__kind", admin.AllValuesFieldListFilter),
        ("question__current__difficulty", admin.AllValuesFieldListFilter),
    )
    list_select_related = ("test_bank", "question__current")
    search_fields = ("question__current__content", "question__current__domain")
    search_help_text = _("Words of the question, its choices or its explanation")
    ordering = ("test_bank__title", "position")
    list_per_page = 50
    fields = (
        "test_bank",
        "position",
        "is_sample",
        "is_asked",
        "stem",
        "kind",
        "domain",
        "difficulty",
        "version",
        "preview_link",
    )
    readonly_fields = tuple(name for name in fields if name != "is_sample")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether it is a sample may be changed, nothing else."""
        return bool(ModelAdmin.has_change_permission(self, request, obj))

    @display(description=_("question"), ordering="position")  # type: ignore[untyped-decorator] # unfold is untyped
    def stem(self, place: BankQuestion) -> str:
        """The beginning of its text."""
        return excerpt(_version(place).item)

    @display(description=_("kind"), ordering="question__current__kind")  # type: ignore[untyped-decorator] # unfold is untyped
    def kind(self, place: BankQuestion) -> str:
        """Single choice, …"""
        return _version(place).kind.replace("_", " ")

    @display(description=_("domain"), ordering="question__current__domain")  # type: ignore[untyped-decorator] # unfold is untyped
    def domain(self, place: BankQuestion) -> str:
        """Where in the subject it stands."""
        return _version(place).domain

    @display(description=_("difficulty"))  # type: ignore[untyped-decorator] # unfold is untyped
    def difficulty(self, place: BankQuestion) -> str:
        """Easy, middling, hard, or nothing."""
        return _version(place).difficulty

    @display(description=_("version"))  # type: ignore[untyped-decorator] # unfold is untyped
    def version(self, place: BankQuestion) -> int:
        """Counted from 1; answers keep the version they were given to."""
        return _version(place).number

    @display(description=_("preview"))  # type: ignore[untyped-decorator] # unfold is untyped
    def preview_link(self, place: BankQuestion) -> SafeString:
        """A link to the question as the learner sees it."""
        return format_html(
            '<a class="bo-link" href="{}">{}</a>',
            reverse("catalog:preview", args=[place.question.public_id]),
            _("Try it as the learner sees it"),
        )


def _version(place: BankQuestion) -> QuestionVersion:
    return cast(QuestionVersion, place.question.current)


class GrantForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """A grant: who, what, how long, and why."""

    access_days = forms.IntegerField(
        label=_("Days"),
        required=False,
        min_value=1,
        max_value=36500,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("How long it lasts. Empty: for good."),
    )

    class Meta:
        model = Access
        fields = ("learner", "test_bank", "reason")
        help_texts = {"reason": _("Kept with the access, for whoever asks later.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "reason" in self.fields:
            self.fields["reason"].required = True


class RevokeForm(BaseDialogForm):  # type: ignore[misc] # unfold is untyped
    """Why an access is closed."""

    reason = forms.CharField(label=_("Reason"), max_length=300, widget=UnfoldAdminTextInputWidget)


@admin.register(Access)
class AccessAdmin(ModelAdmin):  # type: ignore[misc] # unfold is untyped
    """Who may open what, and from which cause. Granted with a reason, closed with a reason."""

    form = GrantForm
    list_display = ("learner", "test_bank", "source_kind", "state", "starts_at", "expires_at")
    list_display_links = ("learner", "test_bank")
    list_filter = ("source_kind", ("revoked_at", admin.EmptyFieldListFilter), "test_bank")
    list_select_related = ("learner", "test_bank")
    search_fields = ("learner__email", "test_bank__title", "=source_id", "reason")
    ordering = ("-starts_at", "-pk")
    date_hierarchy = "starts_at"
    show_full_result_count = False
    autocomplete_fields = ("learner", "test_bank")
    actions_detail = ("revoke",)
    add_fieldsets = ((None, {"fields": ("learner", "test_bank", "access_days", "reason")}),)
    fields = (
        "learner",
        "test_bank",
        "source_kind",
        "source_id",
        "reason",
        "starts_at",
        "expires_at",
        "revoked_at",
        "revoke_reason",
        "withheld_from",
    )

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: what was granted stays as it was granted."""
        return False

    def has_close_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Whoever may change accesses may close one."""
        return bool(request.user.has_perm("catalog.change_access"))

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: it is closed instead, and stays to be seen."""
        return False

    def save_model(self, _request: HttpRequest, obj: Access, form: Any, _change: bool) -> None:
        """Grant it by the room's service."""
        granted = grant_by_staff(
            learner=obj.learner,
            test_bank=obj.test_bank,
            reason=obj.reason,
            at=timezone.now(),
            access_days=form.cleaned_data["access_days"],
        )
        obj.__dict__.update(granted.__dict__)

    @action(  # type: ignore[untyped-decorator] # unfold is untyped
        description=_("Close this access"),
        url_path="revoke",
        icon="lock",
        permissions=["close"],
        dialog={
            "title": _("Close this access"),
            "description": _("The learner can open the bank no longer. What was practised stays."),
            "form_class": RevokeForm,
            "form_submit_text": _("Close it"),
        },
    )
    def revoke(self, request: HttpRequest, form: RevokeForm, object_id: int) -> HttpResponse:
        """Close it; an access that was closed before stays as it was."""
        access = Access.objects.get(pk=object_id)
        reason = form.cleaned_data["reason"]
        if revoke_access(access=access, reason=reason, at=timezone.now()):
            self.log_change(request, access, f"closed: {reason}")
            messages.success(request, gettext("The access is closed."))
        else:
            messages.warning(request, gettext("It was closed before; nothing was changed."))
        here = reverse("admin:catalog_access_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": here})

    @display(  # type: ignore[untyped-decorator] # unfold is untyped
        description=_("state"),
        label={"live": "success", "expired": "default", "withheld": "warning", "closed": "danger"},
    )
    def state(self, access: Access) -> tuple[str, str]:
        """Live, expired, withheld for its money, or closed by a person; as of now."""
        if access.revoked_at is not None:
            return "closed", gettext("Closed")
        at = timezone.now()
        if access.is_live(at):
            return "live", gettext("Live")
        if access.withheld_from is not None and access.withheld_from <= at:
            return "withheld", gettext("Withheld")
        return "expired", gettext("Expired")


def _to(address: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": address})
