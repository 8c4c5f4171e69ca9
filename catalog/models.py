"""What is for sale and who may open it.

Money and learning meet only in `Access`; what a question is stands in `questions`.
"""

import uuid
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.languages import known_language
from catalog.money import format_price
from catalog.names import name_without_link
from catalog.querysets import (
    AccessQuerySet,
    BankQuestionQuerySet,
    ReviewQuerySet,
    TestBankQuerySet,
)
from catalog.search_models import BankText, QuestionText, SearchTrigram, SearchWord
from questions.models import Question

__all__ = [
    "Access",
    "BankChange",
    "BankKind",
    "BankQuestion",
    "BankText",
    "Category",
    "QuestionText",
    "Review",
    "SearchTrigram",
    "SearchWord",
    "TestBank",
]


class Category(models.Model):
    """A shelf of the shop; its two hues colour the covers of its banks."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
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
    `difficulty` is that of most of its questions, empty where none names one; it is written
    by `catalog.shelving`, like the rows of `BankKind`. `questions_changed_at` is the moment of
    its newest `BankChange`, written by `catalog.changes`. `review_count` and `review_sum` are
    the number and the stars of the reviews that are shown, written by `catalog.reviews`.
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
    language = models.CharField(
        max_length=10,
        default="en",
        validators=[known_language],
        help_text="Of the questions: a code such as en or de.",
    )
    difficulty = models.CharField(max_length=20, blank=True, editable=False)
    exam = models.CharField(
        max_length=200,
        blank=True,
        validators=[name_without_link],
        help_text="The exam that it prepares for, by its name.",
    )
    pass_percent = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="The share of the points that passes that exam, in per cent.",
    )
    is_featured = models.BooleanField(default=False, help_text="Shown on the first page.")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    questions_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    review_count = models.PositiveIntegerField(default=0, editable=False)
    review_sum = models.PositiveIntegerField(default=0, editable=False)

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
            models.CheckConstraint(
                condition=models.Q(pass_percent__isnull=True)
                | models.Q(pass_percent__gte=1, pass_percent__lte=100),
                name="catalog_test_bank_pass_percent_range",
            ),
            models.CheckConstraint(
                condition=models.Q(review_sum__gte=models.F("review_count"))
                & models.Q(review_sum__lte=5 * models.F("review_count")),
                name="catalog_test_bank_reviews_add_up",
            ),
        ]
        # One for each order of the list: a page is read from its place on, not counted up to.
        indexes = [
            models.Index(fields=["status", "title", "id"], name="catalog_bank_by_title"),
            models.Index(fields=["status", "-created_at", "-id"], name="catalog_bank_by_age"),
            models.Index(
                fields=["status", "currency", "price_minor", "id"], name="catalog_bank_by_price"
            ),
            models.Index(
                fields=["status", "category", "title", "id"], name="catalog_bank_in_category"
            ),
            models.Index(
                fields=["status", "-created_at"],
                condition=models.Q(is_featured=True),
                name="catalog_bank_featured",
            ),
        ]

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
    def average_stars(self) -> Decimal | None:
        """The mean of the reviews that are shown, with one digit; None without any."""
        if not self.review_count:
            return None
        mean = Decimal(self.review_sum) / self.review_count
        return mean.quantize(Decimal("0.1"), ROUND_HALF_UP)

    @property
    def whole_stars(self) -> int:
        """The average in whole bubbles; 0 without any review."""
        return int((self.average_stars or Decimal(0)).to_integral_value(ROUND_HALF_UP))

    @property
    def price(self) -> str:
        """The price as the active language writes it."""
        return format_price(self.price_minor, self.currency)


class BankKind(models.Model):
    """How many questions of one kind a bank can ask: what the list filters by."""

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="kinds")
    kind = models.CharField(max_length=30)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "test_bank"], name="catalog_bank_kind_once")
        ]

    def __str__(self) -> str:
        return f"{self.test_bank}: {self.count} {self.kind}"


class BankQuestion(models.Model):
    """The place of a question in a bank.

    `is_asked` repeats whether its kind can be asked today, so that pages count a bank's
    questions without reading them; whoever places a question sets it.
    """

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="bank_questions")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="bank_questions")
    position = models.PositiveIntegerField()
    is_sample = models.BooleanField(
        default=False, help_text="May be tried by everybody, without an account."
    )
    is_asked = models.BooleanField(
        default=True, help_text="False for a kind that is kept and cannot be asked yet."
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
        indexes = [
            models.Index(
                fields=["test_bank", "is_asked", "is_sample"], name="catalog_bank_question_counts"
            )
        ]

    def __str__(self) -> str:
        return f"{self.test_bank}, {self.position}"


class Access(models.Model):
    """The right of a learner to open a bank, and where it comes from.

    `source_kind` and `source_id` name the cause (an order's line, a free bank, a grant by
    staff) without a key that points up the house. The database keeps one row a cause.

    Closed in two ways that know nothing of each other: `revoked_at` is a person's word and
    final; `withheld_from` follows from the cause (money given back or disputed), may lie in
    the future, and is taken back with it.
    """

    class Source(models.TextChoices):
        ORDER = "order", _("Order")
        FREE = "free", _("Free bank")
        GRANT = "grant", _("Granted by staff")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Found by the index that keeps one a cause.
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="accesses", db_index=False
    )
    test_bank = models.ForeignKey(TestBank, on_delete=models.PROTECT, related_name="accesses")
    source_kind = models.CharField(max_length=10, choices=Source.choices)
    source_id = models.CharField(max_length=100)
    reason = models.CharField(max_length=300, blank=True)
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=300, blank=True)
    withheld_from = models.DateTimeField(null=True, blank=True)

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
        return f"{self.learner} → {self.test_bank}"

    def is_live(self, at: datetime) -> bool:
        """True where the bank may be opened at `at`."""
        ends = (self.expires_at, self.withheld_from)
        return self.revoked_at is None and all(end is None or end > at for end in ends)


class BankChange(models.Model):
    """Something that became different in a bank's questions, as buyers read it.

    `words` are the seller's, `added` and `changed` count questions; one of the three is there.
    """

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    words = models.CharField(max_length=300, blank=True, help_text="As buyers should read it.")
    added = models.PositiveIntegerField(default=0, help_text="How many questions were added.")
    changed = models.PositiveIntegerField(default=0, help_text="How many were changed.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(words="", added=0, changed=0),
                name="catalog_bank_change_says_something",
                violation_error_message=_("Say what changed, in words or numbers."),
            )
        ]
        indexes = [models.Index(fields=["test_bank", "-at", "-id"], name="catalog_bank_change_new")]

    def __str__(self) -> str:
        return f"{self.test_bank}: {self.words or self.added + self.changed}"


class Review(models.Model):
    """What somebody who owns or owned a bank thinks of it: 1 to 5 stars, and words.

    One for each learner and bank. `author_name` is what its author wants to be called, and
    may be empty. A review that staff hid is kept, with the reason, and shown to its author.
    """

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="reviews")
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reviews"
    )
    stars = models.PositiveSmallIntegerField()
    words = models.TextField(max_length=3000, blank=True)
    author_name = models.CharField(max_length=60, blank=True, validators=[name_without_link])
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    reply = models.TextField(max_length=3000, blank=True, help_text="Shown below the review.")
    replied_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_reason = models.CharField(max_length=300, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
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
        """True where staff took it from the page."""
        return self.hidden_at is not None
