"""Accesses in the admin: who can open what, and why."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.admin import ReadOnlyAdmin, email_column
from catalog.http import SeeOther, row_or_404
from catalog.models import Access

LEARNER = email_column("learner__email", _("learner"))


@admin.register(Access)
class AccessAdmin(ReadOnlyAdmin):
    """Accesses, to be looked up. They are granted, extended and ended in the studio."""

    list_display = (LEARNER, "test_bank", "source_kind", "state", "starts_on", "expires_on")
    list_display_links = (LEARNER, "test_bank")
    list_filter = ("source_kind", ("revoked_at", admin.EmptyFieldListFilter), "test_bank")
    list_select_related = ("learner", "test_bank")
    search_fields = ("learner__email", "test_bank__title", "=source_id", "reason")
    ordering = ("-starts_at", "-pk")
    date_hierarchy = "starts_at"
    show_full_result_count = False
    actions_list = ("grant",)
    actions_detail = ("revoke",)
    fields = (
        "learner",
        "test_bank",
        "state_name",
        "source_kind",
        "source_id",
        "reason",
        "starts_at",
        "expires_at",
        "revoked_at",
        "revoke_reason",
        "withheld_from",
        "withheld_reason",
    )

    def has_grant_permission(self, request: HttpRequest) -> bool:
        """Whoever may add accesses sees the way to the studio."""
        return bool(request.user.has_perm("catalog.add_access"))

    def has_close_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Whoever may change accesses may end one."""
        return bool(request.user.has_perm("catalog.change_access"))

    @action(description=_("Grant access"), url_path="grant", icon="add", permissions=["grant"])
    def grant(self, _request: HttpRequest) -> HttpResponse:
        """To the studio."""
        return SeeOther(reverse("studio:grant"))

    @action(
        description=_("Extend or end access in the studio"),
        url_path="revoke",
        icon="lock",
        permissions=["close"],
    )
    def revoke(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """To the access in the studio."""
        access = row_or_404(Access.objects.all(), object_id)
        return SeeOther(reverse("studio:access", args=[access.public_id]))

    @display(
        description=_("status"),
        label={"live": "success", "suspended": "warning", "expired": "default", "ended": "danger"},
    )
    def state(self, access: Access) -> tuple[str, str]:
        """Its state as of now."""
        state = access.state(timezone.now())
        return state.value, str(state.label)

    @display(description=_("starts on"), ordering="starts_at")
    def starts_on(self, access: Access) -> str:
        """The day; the access's page has the time, too."""
        return date_format(timezone.localtime(access.starts_at))

    @display(description=_("expires on"), ordering="expires_at")
    def expires_on(self, access: Access) -> str | None:
        """The day, or nothing for an access without end."""
        if access.expires_at is None:
            return None
        return date_format(timezone.localtime(access.expires_at))

    @display(description=_("status"))
    def state_name(self, access: Access) -> str:
        """Its state in words."""
        return str(access.state(timezone.now()).label)
