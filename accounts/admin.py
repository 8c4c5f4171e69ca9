"""Admin pages of users and groups, and the read-only base that all apps share."""

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
    """A changelist and detail pages without add, change and delete, for rows that are a record."""

    def has_add_permission(self, _request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Find users, make them staff, or deactivate them. Users sign up by themselves."""

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
        """False: users sign up, and `manage.py createsuperuser` creates the first superuser."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """False: a user with orders is deactivated, not deleted."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Only a superuser grants permissions, and nobody can deactivate or demote themselves."""
        readonly = list(super().get_readonly_fields(request, obj))
        if not getattr(request.user, "is_superuser", False):
            readonly += ["is_staff", "is_superuser", "groups"]
        if obj == request.user:
            readonly += ["is_active", "is_staff", "is_superuser"]
        return readonly


# Allauth's own admin pages would show the secrets of second factors.
for model in (Authenticator, EmailAddress, Group):
    admin.site.unregister(model)


@admin.register(Group)
class GroupAdmin(ModelAdmin):
    """Groups of staff and their permissions."""

    filter_horizontal = ("permissions",)
    search_fields = ("name",)
    ordering = ("name",)
