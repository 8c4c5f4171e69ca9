"""Access: which learner can open which bank, and why. Money and learning meet only here."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models.bank import TestBank
from catalog.querysets import AccessQuerySet


class Access(models.Model):
    """The entitlement of a learner to a bank (an enrollment), and its source.

    `source_kind` and `source_id` name the source (an order's line, a free bank, a grant by
    staff) without a foreign key to a higher app. The database keeps one row a source.

    An access ends in two independent ways. `revoked_at` is a person's decision and final.
    `withheld_from` follows its source (a refund or a dispute, as `withheld_reason` says), may lie
    in the future, and is cleared when the source is good again.
    """

    class State(models.TextChoices):
        """What `state` returns: one word for each state, the same on every page."""

        LIVE = "live", pgettext_lazy("access", "Live")
        SUSPENDED = "suspended", _("Suspended")
        EXPIRED = "expired", _("Expired")
        ENDED = "ended", pgettext_lazy("access", "Ended")

    class Withheld(models.TextChoices):
        REFUND = "refund", _("Refunded")
        DISPUTE = "dispute", _("Disputed")
        LOST = "lost", _("Payment reversed")

    class Source(models.TextChoices):
        ORDER = "order", _("Order")
        FREE = "free", _("Free bank")
        GRANT = "grant", _("Granted by staff")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The unique constraint's index begins with the learner.
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("learner"),
        on_delete=models.CASCADE,
        related_name="accesses",
        db_index=False,
    )
    test_bank = models.ForeignKey(
        TestBank, verbose_name=_("test bank"), on_delete=models.PROTECT, related_name="accesses"
    )
    source_kind = models.CharField(_("source"), max_length=10, choices=Source.choices)
    source_id = models.CharField(_("source ID"), max_length=100)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    starts_at = models.DateTimeField(_("starts on"))
    expires_at = models.DateTimeField(_("expires on"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("ended on"), null=True, blank=True)
    revoke_reason = models.CharField(_("reason for ending access"), max_length=300, blank=True)
    withheld_from = models.DateTimeField(_("access withheld as of"), null=True, blank=True)
    withheld_reason = models.CharField(
        _("reason for withholding access"), max_length=10, choices=Withheld.choices, blank=True
    )

    objects = AccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("access record")
        verbose_name_plural = _("access records")
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "test_bank", "source_kind", "source_id"],
                name="catalog_access_once_a_cause",
            ),
            models.CheckConstraint(
                condition=models.Q(source_kind__in=["order", "free", "grant"]),
                name="catalog_access_source_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(source_kind="grant") | ~models.Q(reason=""),
                name="catalog_access_grant_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(withheld_reason__in=["", "refund", "dispute", "lost"]),
                name="catalog_access_withheld_reason_known",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__isnull=True)
                | models.Q(expires_at__gt=models.F("starts_at")),
                name="catalog_access_expires_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner} → {self.test_bank}"

    def is_live(self, at: datetime) -> bool:
        """True if it opens the bank at `at`. `AccessQuerySet.live` is the same in SQL."""
        ends = (self.expires_at, self.withheld_from)
        return self.revoked_at is None and all(end is None or end > at for end in ends)

    def state(self, at: datetime) -> State:
        """Return the state at `at`.

        An open dispute suspends it; a person, a refund, or a lost dispute ends it.
        """
        if self.is_live(at):
            return self.State.LIVE
        if self.revoked_at is not None:
            return self.State.ENDED
        if self.withheld_from is not None and self.withheld_from <= at:
            is_disputed = self.withheld_reason == self.Withheld.DISPUTE
            return self.State.SUSPENDED if is_disputed else self.State.ENDED
        return self.State.EXPIRED
