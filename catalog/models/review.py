"""What learners say of banks that they own or owned."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.bank import TestBank
from catalog.querysets import ReviewQuerySet
from catalog.validators import name_without_link

MOST_STARS = 5


class Review(models.Model):
    """A review of a bank by someone who owns or owned it: 1 to 5 stars, and words.

    One for each learner and bank. `author_name` is public and may be empty. A hidden review
    stays, with the reason, and is shown to its author only.
    """

    test_bank = models.ForeignKey(
        TestBank, verbose_name=_("test bank"), on_delete=models.CASCADE, related_name="reviews"
    )
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("learner"),
        on_delete=models.CASCADE,
        related_name="reviews",
    )
    stars = models.PositiveSmallIntegerField(_("stars"))
    words = models.TextField(_("review"), max_length=3000, blank=True)
    author_name = models.CharField(
        _("display name"), max_length=60, blank=True, validators=[name_without_link]
    )
    written_at = models.DateTimeField(_("written on"))
    edited_at = models.DateTimeField(_("edited on"), null=True, blank=True)
    reply = models.TextField(
        _("reply"),
        max_length=3000,
        blank=True,
        help_text=_("Reply from the seller, shown below the review."),
    )
    replied_at = models.DateTimeField(_("replied on"), null=True, blank=True)
    hidden_at = models.DateTimeField(_("hidden on"), null=True, blank=True)
    hidden_reason = models.CharField(_("reason for hiding"), max_length=300, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(
                fields=["test_bank", "learner"], name="catalog_review_once_a_learner"
            ),
            models.CheckConstraint(
                condition=models.Q(stars__gte=1, stars__lte=5), name="catalog_review_stars_range"
            ),
            models.CheckConstraint(
                condition=models.Q(hidden_at=None, hidden_reason="")
                | models.Q(hidden_at__isnull=False) & ~models.Q(hidden_reason=""),
                name="catalog_review_hidden_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(replied_at=None, reply="")
                | models.Q(replied_at__isnull=False) & ~models.Q(reply=""),
                name="catalog_review_reply_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["test_bank", "-written_at", "-id"],
                condition=models.Q(hidden_at=None),
                name="catalog_review_shown_new",
            )
        ]

    def __str__(self) -> str:
        return f"{self.test_bank}: {self.stars} / 5"

    @property
    def is_hidden(self) -> bool:
        """True if staff hid it."""
        return self.hidden_at is not None
