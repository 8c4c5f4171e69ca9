"""Accesses in the admin: granted with a reason, closed with a reason."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from catalog.http import row_or_404
from catalog.models import Access
from catalog.services.access import grant_by_staff, revoke_access


class GrantForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """A grant: who, what, how long, and why."""

    access_days = forms.IntegerField(
        label=_("Length in days"),
        required=False,
        min_value=1,
        max_value=36500,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("How long access lasts. Leave empty for lifetime access."),
    )

    class Meta:
        model = Access
        fields = ("learner", "test_bank", "reason")
        help_texts = {"reason": _("Saved with the access record for later reference.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "reason" in self.fields:
            self.fields["reason"].required = True


class RevokeForm(BaseDialogForm):
    """Why an access is closed."""

    reason = forms.CharField(label=_("Reason"), max_length=300, widget=UnfoldAdminTextInputWidget)


@admin.register(Access)
class AccessAdmin(ModelAdmin):
    """Grant access to a bank, and revoke it, each with a reason."""

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
        """Grant it through the service."""
        granted = grant_by_staff(
            learner=obj.learner,
            test_bank=obj.test_bank,
            reason=obj.reason,
            at=timezone.now(),
            access_days=form.cleaned_data["access_days"],
        )
        obj.__dict__.update(granted.__dict__)

    @action(
        description=_("Close access"),
        url_path="revoke",
        icon="lock",
        permissions=["close"],
        dialog={
            "title": _("Close access"),
            "description": _(
                "The learner will no longer be able to open this test bank. Their practice history "
                "is saved."
            ),
            "form_class": RevokeForm,
            "form_submit_text": _("Close access"),
        },
    )
    def revoke(self, request: HttpRequest, form: RevokeForm, object_id: int) -> HttpResponse:
        """Close it; an access that was closed before stays as it was."""
        access = row_or_404(Access.objects.all(), object_id)
        reason = form.cleaned_data["reason"]
        if revoke_access(access=access, reason=reason, at=timezone.now()):
            self.log_change(request, access, f"closed: {reason}")
            messages.success(request, gettext("Access closed."))
        else:
            messages.warning(request, gettext("Access was already closed. Nothing changed."))
        here = reverse("admin:catalog_access_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": here})

    @display(
        description=_("status"),
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
            return "withheld", gettext("Suspended")
        return "expired", gettext("Expired")
