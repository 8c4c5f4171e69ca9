"""Reviews in the admin: answered, and hidden for a reason; never written or edited here."""

from textwrap import shorten
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from catalog.http import find_row, row_or_404
from catalog.models import Review
from catalog.models.review import MOST_STARS
from catalog.reviews import hide_review, reply_to_review, show_review


class ReplyForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """The seller's answer."""

    class Meta:
        model = Review
        fields = ("reply",)
        widgets = {"reply": UnfoldAdminTextareaWidget}
        help_texts = {
            "reply": _("Shown below the review as the seller's reply. Leave empty for no reply."),
        }


class HideForm(BaseDialogForm):
    """Why a review is hidden."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The author of the review can see this reason."),
    )


@admin.register(Review)
class ReviewAdmin(ModelAdmin):
    """Reviews: to be answered, and hidden for a reason; never written or changed here."""

    form = ReplyForm
    list_display = ("beginning", "test_bank", "rating", "state", "has_reply", "written_at")
    list_filter = (
        "stars",
        ("hidden_at", admin.EmptyFieldListFilter),
        ("replied_at", admin.EmptyFieldListFilter),
        "test_bank",
    )
    list_select_related = ("test_bank", "learner")
    search_fields = ("words", "author_name", "learner__email", "test_bank__title")
    ordering = ("-written_at", "-pk")
    date_hierarchy = "written_at"
    show_full_result_count = False
    actions_detail = ("hide", "show")
    fields = (
        "test_bank",
        "learner",
        "author_name",
        "rating",
        "words",
        "written_at",
        "edited_at",
        "hidden_at",
        "hidden_reason",
        "reply",
        "replied_at",
    )
    readonly_fields = tuple(name for name in fields if name != "reply")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Never: owners write them."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never: it is hidden instead, with a reason."""
        return False

    def has_moderate_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Whoever may answer reviews may hide them."""
        return bool(request.user.has_perm("catalog.change_review"))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Only the action that changes something: a hidden review can be shown, and vice versa."""
        review = find_row(Review.objects.all(), object_id)
        useless = "hide" if review is not None and review.is_hidden else "show"
        actions = super().get_actions_detail(request, object_id)
        return [action for action in actions if action.path != useless]

    def save_model(self, _request: HttpRequest, obj: Review, _form: Any, _change: bool) -> None:
        """Set the reply through the service."""
        reply_to_review(review=obj, reply=obj.reply.strip(), at=timezone.now())

    @action(
        description=_("Hide review"),
        url_path="hide",
        icon="visibility_off",
        permissions=["moderate"],
        dialog={
            "title": _("Hide review"),
            "description": _(
                "The review will be hidden from the test bank's page and excluded from the average "
                "rating. Its author will see the reason."
            ),
            "form_class": HideForm,
            "form_submit_text": _("Hide"),
        },
    )
    def hide(self, request: HttpRequest, form: HideForm, object_id: int) -> HttpResponse:
        """Hide it; one that was hidden before keeps its first reason."""
        review = row_or_404(Review.objects.select_related("test_bank"), object_id)
        reason = form.cleaned_data["reason"]
        if hide_review(review=review, reason=reason, at=timezone.now()):
            self.log_change(request, review, f"hidden: {reason}")
            messages.success(request, gettext("Review hidden."))
        else:
            messages.warning(request, gettext("The review was already hidden. Nothing changed."))
        return HttpResponse(headers={"HX-Redirect": _page_of(object_id)})

    @action(
        description=_("Show review"),
        url_path="show",
        icon="visibility",
        permissions=["moderate"],
        dialog={
            "title": _("Show review"),
            "description": _(
                "The review will appear on the test bank's page again and count toward the average "
                "rating."
            ),
            "form_submit_text": _("Show"),
        },
    )
    def show(self, request: HttpRequest, _form: Any, object_id: int) -> HttpResponse:
        """Put it back."""
        review = row_or_404(Review.objects.select_related("test_bank"), object_id)
        if show_review(review=review):
            self.log_change(request, review, "shown again")
            messages.success(request, gettext("The review is visible again."))
        else:
            messages.warning(request, gettext("The review was already visible. Nothing changed."))
        return HttpResponse(headers={"HX-Redirect": _page_of(object_id)})

    @display(description=_("review"), ordering="words")
    def beginning(self, review: Review) -> str:
        """Its first words."""
        return shorten(review.words, 70, placeholder="…") or "–"

    @display(description=_("rating"), ordering="stars")
    def rating(self, review: Review) -> str:
        """Such as 4 / 5."""
        return f"{review.stars} / {MOST_STARS}"

    @display(description=_("replied"), boolean=True)
    def has_reply(self, review: Review) -> bool:
        """True where the seller has answered."""
        return bool(review.reply)

    @display(description=_("status"), label={"shown": "success", "hidden": "warning"})
    def state(self, review: Review) -> tuple[str, str]:
        """Shown or hidden."""
        return ("hidden", gettext("Hidden")) if review.is_hidden else ("shown", gettext("Shown"))


def _page_of(object_id: int) -> str:
    return reverse("admin:catalog_review_change", args=[object_id])
