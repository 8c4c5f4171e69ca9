"""Admin pages of users and groups, and the read-only base that all apps share."""

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.models import User
from accounts.templatetags.accounts_tags import breakable
from safety.models import SecurityEvent
from safety.security_log import Kind, record_request


def email_column(path: str, description: Any) -> Callable[[Any], str]:
    """Return a column of a list: the email address at `path`, such as "user__email", or "-".

    On a phone, the address breaks where `breakable` allows, not in the middle of a word.
    The path must be joined by `list_select_related`.
    """

    @display(description=description, ordering=path)
    def email(row: Any) -> str:
        for name in path.split("__"):
            row = getattr(row, name, None)
        # One element: the cell is a flexbox on a phone, which would set the parts apart.
        return format_html("<bdi>{}</bdi>", breakable(row)) if row else "-"

    return email


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

    list_display = (
        email_column("email", _("email address")),
        "name",
        "is_staff",
        "is_active",
        "joined_at",
    )
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("email", "name")
    ordering = ("-joined_at", "-pk")
    date_hierarchy = "joined_at"
    readonly_fields = ("email", "joined_at", "last_login")
    fields = (
        "email",
        "name",
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

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """False for a person who may do more than the one who asks."""
        may_change = super().has_change_permission(request, obj)
        return may_change and (not isinstance(obj, User) or _may_do_no_more(obj, request.user))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save groups, and add a line to the security log: who changed what of whom."""
        super().save_related(request, form, formsets, change)
        if form.changed_data:
            record_request(
                request,
                kind=Kind.PERMISSIONS,
                user_id=form.instance.pk,
                at=timezone.now(),
                detail=f"{', '.join(form.changed_data)} by user {request.user.pk}",
            )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Only a superuser grants permissions, and nobody can deactivate or demote themselves."""
        readonly = list(super().get_readonly_fields(request, obj))
        if not getattr(request.user, "is_superuser", False):
            readonly += ["is_staff", "is_superuser", "groups"]
        if obj == request.user:
            readonly += ["is_active", "is_staff", "is_superuser"]
        return readonly


def _may_do_no_more(person: User, actor: Any) -> bool:
    if person.is_superuser and not actor.is_superuser:
        return False
    return set(person.get_all_permissions()) <= set(actor.get_all_permissions())


# Allauth's own admin pages would show the secrets of second factors.
for model in (Authenticator, EmailAddress, Group, UserSession):
    admin.site.unregister(model)


@admin.register(Group)
class GroupAdmin(ModelAdmin):
    """Groups of staff and their permissions."""

    filter_horizontal = ("permissions",)
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnlyAdmin):
    """The security log, for superusers."""

    list_display = ("at", "kind", email_column("user__email", _("person")), "address", "detail")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__email", "address")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """True for superusers: the log says where people sign in from."""
        return bool(getattr(request.user, "is_superuser", False))

    has_module_permission = has_view_permission
