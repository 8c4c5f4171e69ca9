"""The user, who signs in by email. `catalog.Access` has the banks that users may open."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Creates users. Emails are stored in lower case, so that one person is one row."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user. Raises: IntegrityError if the email is taken, in any case."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user with every permission."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A learner, or with `is_staff` a seller or operator."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(_("joined on"), default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_unique")]

    def __str__(self) -> str:
        return self.email


class UsedTimeStep(models.Model):
    """The latest time step of the authenticator app whose code a user entered."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    step = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.step)


class AccountFreezeQuerySet(models.QuerySet["AccountFreeze"]):
    def in_force(self, at: datetime) -> "AccountFreezeQuerySet":
        """Freezes that block sign-in now."""
        return self.filter(until__gt=at, lifted_at=None)

    def voiding(self, issued_at: datetime) -> "AccountFreezeQuerySet":
        """Freezes that made a link of that time void.

        A link is void if an older link was used after it was sent: whoever took the account over
        later holds only later links. It is also void if staff restored the account since.
        """
        return self.filter(
            models.Q(link_issued_at__lt=issued_at, frozen_at__gt=issued_at)
            | models.Q(restored_at__gt=issued_at)
        )


class AccountFreeze(models.Model):
    """An account whose owner said that somebody else changed it. Blocks sign-in until `until`.

    A password reset at the address that the link was sent to lifts it. The password stays
    disabled until then.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    link_issued_at = models.DateTimeField()
    frozen_at = models.DateTimeField()
    until = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    # When staff gave an address to the account, which freezing had left without one.
    restored_at = models.DateTimeField(null=True, blank=True)

    objects = AccountFreezeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("frozen_at")),
                name="accounts_freeze_ends_after_it_begins",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} until {self.until:%Y-%m-%d}"


def display_name(user: User) -> str:
    """Return the name that pages and mails show."""
    return user.name or user.email
