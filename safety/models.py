"""What the site remembers in order to defend itself. Nothing here is evicted early."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class RateLimitCounterQuerySet(models.QuerySet["RateLimitCounter"]):
    def expired(self, at: datetime) -> "RateLimitCounterQuerySet":
        """Counters of windows that are over."""
        return self.filter(expires_at__lte=at)


class RateLimitCounter(models.Model):
    """How often somebody did something in one window of a rate limit."""

    key = models.CharField(max_length=100, unique=True)
    count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects = RateLimitCounterQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key


class CacheEntry(models.Model):
    """A row of the cache `default`, whose table `operations` creates.

    The cache evicts nothing by itself (`MAX_ENTRIES`), so the worker deletes what has expired.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        managed = False
        db_table = "testbank_cache"

    def __str__(self) -> str:
        return self.cache_key


class SecurityEvent(models.Model):
    """One line of the security log: who, from where, what."""

    class Kind(models.TextChoices):
        SIGN_IN = "sign-in", _("Signed in")
        SIGN_IN_FAILED = "sign-in-failed", _("Sign-in failed")
        SIGN_OUT = "sign-out", _("Signed out")
        SIGN_UP = "sign-up", _("Signed up")
        FACTOR_ADDED = "factor-added", _("Second factor added")
        FACTOR_REMOVED = "factor-removed", _("Second factor removed")
        FACTOR_FAILED = "factor-failed", _("Second factor rejected")
        RECOVERY_CODES = "recovery-codes", _("Recovery codes generated")
        EMAIL_ADDED = "email-added", _("Email address added")
        EMAIL_CHANGED = "email-changed", _("Primary email address changed")
        EMAIL_REMOVED = "email-removed", _("Email address removed")
        PASSWORD_CHANGED = "password-changed", _("Password changed")
        PASSWORD_RESET = "password-reset", _("Password reset")
        PERMISSIONS = "permissions", _("Permissions changed")
        FROZEN = "frozen", _("Account frozen")
        STAFF_REFUSED = "staff-refused", _("Access to staff pages denied")
        ERASED = "erased", _("Account erased")

    kind = models.CharField(_("event"), max_length=20, choices=Kind.choices)
    at = models.DateTimeField(_("time"), db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    # The client address; empty for commands.
    address = models.GenericIPAddressField(_("from"), null=True, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("security log entry")
        verbose_name_plural = _("security log entries")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "sign-in",
                        "sign-in-failed",
                        "sign-out",
                        "sign-up",
                        "factor-added",
                        "factor-removed",
                        "factor-failed",
                        "recovery-codes",
                        "email-added",
                        "email-changed",
                        "email-removed",
                        "password-changed",
                        "password-reset",
                        "permissions",
                        "frozen",
                        "staff-refused",
                        "erased",
                    ]
                ),
                name="safety_securityevent_kind_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
