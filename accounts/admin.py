"""People in the admin, and what admin pages of all rooms share."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from accounts.models import User


class ReadOnlyAdmin(ModelAdmin):
    """Rows that are shown and never written here: what happened cannot be edited."""

    def has_add_permission(self, _request: HttpRequest, *_args: Any) -> bool:
        """Never."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never."""
        return False


@admin.register(User)
class UserAdmin(ModelAdmin):
    """People. They sign up by themselves; here they are found, made staff, or shut out."""

    list_display = ("email", "name", "is_staff", "is_active", "joined_at")
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("email", "name")
    ordering = ("-joined_at", "-pk")
    date_hierarchy = "joined_at"
    readonly_fields = ("public_id", "email", "joined_at", "last_login")
    fields = (
        "email",
        "name",
        "public_id",
        "joined_at",
        "last_login",
        "is_active",
        "is_staff",
        "is_superuser",
        "groups",
    )
    filter_horizontal = ("groups",)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """People sign up; the first of staff is made by `manage.py createsuperuser`."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """A person with orders is shut out, not removed."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Only who may do everything makes others powerful, and nobody shuts out themselves."""
        fixed = list(super().get_readonly_fields(request, obj))
        if not getattr(request.user, "is_superuser", False):
            fixed += ["is_staff", "is_superuser", "groups"]
        if obj == request.user:
            fixed += ["is_active", "is_staff", "is_superuser"]
        return fixed


# Allauth's own pages would show, to whoever may see them, the secrets of second factors.
for model in (Authenticator, EmailAddress, Group):
    admin.site.unregister(model)


@admin.register(Group)
class GroupAdmin(ModelAdmin):
    """What colleagues may do, by their work."""

    filter_horizontal = ("permissions",)
    search_fields = ("name",)
    ordering = ("name",)
