"""What is for sale and who may open it.

Money and learning meet only in `Access`; what a question is stands in `questions`.
"""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.money import format_price
from catalog.querysets import AccessQuerySet, BankQuestionQuerySet, TestBankQuerySet
from questions.models import Question


class Category(models.Model):
    """A shelf of the shop; its two hues colour the covers of its banks."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=100)
    hue_a = models.PositiveSmallIntegerField(default=250, help_text="Degrees, 0 to 359 (OKLCH).")
    hue_b = models.PositiveSmallIntegerField(default=90, help_text="Degrees, 0 to 359 (OKLCH).")

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hue_a__lt=360, hue_b__lt=360), name="catalog_category_hue_range"
            )
        ]

    def __str__(self) -> str:
        return self.title


class TestBank(models.Model):
    """A bank of exam questions that is sold as one thing.

    `price_minor` is in the smallest unit of `currency` (Stripe's units); 0 is free.
    `access_days` is the length of an access from its grant; empty is for good.
    """

    __test__ = False  # pytest would take the name for a class of tests

    # Filled in by `with_counts`.
    question_count: int
    sample_count: int

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("No longer sold")

    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    summary = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="test_banks")
    price_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    access_days = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = TestBankQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "published", "withdrawn"]),
                name="catalog_test_bank_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(price_minor__gte=0),
                name="catalog_test_bank_price_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex="^[A-Z]{3}$"),
                name="catalog_test_bank_currency_code",
            ),
            models.CheckConstraint(
                condition=models.Q(access_days__isnull=True) | models.Q(access_days__gt=0),
                name="catalog_test_bank_access_days_positive",
            ),
        ]
        indexes = [models.Index(fields=["status", "title"], name="catalog_bank_status_title")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_free(self) -> bool:
        """True where nothing is charged."""
        return self.price_minor == 0

    @property
    def is_on_sale(self) -> bool:
        """True where it may be bought or claimed."""
        return self.status == self.Status.PUBLISHED

    @property
    def price(self) -> str:
        """The price as the active language writes it."""
        return format_price(self.price_minor, self.currency)


class BankQuestion(models.Model):
    """The place of a question in a bank."""

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="bank_questions")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="bank_questions")
    position = models.PositiveIntegerField()
    is_sample = models.BooleanField(
        default=False, help_text="May be tried by everybody, without an account."
    )

    objects = BankQuestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["test_bank", "question"], name="catalog_bank_question_once"
            ),
            models.UniqueConstraint(
                fields=["test_bank", "position"], name="catalog_bank_question_position_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.test_bank_id}/{self.position}"


class Access(models.Model):
    """The right of a learner to open a bank, and where it comes from.

    `source_kind` and `source_id` name the cause (an order's line, a free bank, a grant by
    staff) without a key that points up the house. The database keeps one row a cause.
    """

    class Source(models.TextChoices):
        ORDER = "order", _("Order")
        FREE = "free", _("Free bank")
        GRANT = "grant", _("Granted by staff")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="accesses"
    )
    test_bank = models.ForeignKey(TestBank, on_delete=models.PROTECT, related_name="accesses")
    source_kind = models.CharField(max_length=10, choices=Source.choices)
    source_id = models.CharField(max_length=100)
    reason = models.CharField(max_length=300, blank=True)
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = AccessQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "accesses"
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
                condition=models.Q(expires_at__isnull=True)
                | models.Q(expires_at__gt=models.F("starts_at")),
                name="catalog_access_expires_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} → {self.test_bank_id} ({self.source_kind} {self.source_id})"

    def is_live(self, at: datetime) -> bool:
        """True where the bank may be opened at `at`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)
