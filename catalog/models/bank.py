"""What is for sale: categories, banks, their questions, and what changed in them."""

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.money import format_price
from catalog.price_rules import price_problem
from catalog.querysets import BankQuestionQuerySet, TestBankQuerySet
from catalog.validators import known_language, name_without_link
from questions.models import Question


class Category(models.Model):
    """A category of the shop. Its two hues color the covers of its banks."""

    slug = models.SlugField(_("slug"), unique=True)
    title = models.CharField(_("title"), max_length=100)
    description = models.CharField(max_length=300, blank=True)
    hue_a = models.PositiveSmallIntegerField(
        _("first color"), default=250, help_text=_("Hue in degrees, from 0 to 359 (OKLCH).")
    )
    hue_b = models.PositiveSmallIntegerField(
        _("second color"), default=90, help_text=_("Hue in degrees, from 0 to 359 (OKLCH).")
    )

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hue_a__lt=360, hue_b__lt=360), name="catalog_category_hue_range"
            )
        ]

    def __str__(self) -> str:
        return self.title


def average_stars(stars: int, reviews: int) -> Decimal | None:
    """Return the mean of so many reviews, to one decimal place; None without any."""
    if not reviews:
        return None
    return (Decimal(stars) / reviews).quantize(Decimal("0.1"), ROUND_HALF_UP)


class TestBank(models.Model):
    """A bank of exam questions that is sold as one thing.

    `price_minor` is in the smallest unit of `currency` (Stripe's units); 0 is free.
    `access_days` is the length of an access from its grant; empty is without end.

    Some columns repeat what other rows say, so that a page costs the same for a bank of
    any size. `catalog.indexing.banks` counts the questions that can be asked: `question_count`,
    `sample_count`, `contents` (lists of domain, kind and count), `difficulty` (that of most
    questions) and the rows of `BankKind`. `catalog.services.changes` writes
    `questions_changed_at`, the time of the newest `BankChange`. `catalog.reviews` counts the
    reviews that are shown: `review_count`, `review_sum` (of their stars), `review_tally` (how many
    have 1, 2, 3, 4 and 5 stars) and `rating` (their mean in hundredths; 0 without any).
    `catalog.indexing.popularity` counts the learners that a bank ever had: `learner_count`.
    """

    __test__ = False  # pytest would take the name for a class of tests

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("No longer sold")

    slug = models.SlugField(_("page address"), max_length=100, unique=True)
    title = models.CharField(_("title"), max_length=200)
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True)
    category = models.ForeignKey(
        Category, verbose_name=_("category"), on_delete=models.PROTECT, related_name="test_banks"
    )
    price_minor = models.PositiveIntegerField()
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    access_days = models.PositiveIntegerField(
        _("length of access"),
        null=True,
        blank=True,
        help_text=_("In days. Leave empty for lifetime access."),
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        default="en",
        validators=[known_language],
        help_text=_("Language code for the questions, such as en or de."),
    )
    difficulty = models.CharField(max_length=20, blank=True, editable=False)
    question_count = models.PositiveIntegerField(default=0, editable=False)
    sample_count = models.PositiveIntegerField(default=0, editable=False)
    contents = models.JSONField(default=list, editable=False)
    exam = models.CharField(
        _("exam"),
        max_length=200,
        blank=True,
        validators=[name_without_link],
        help_text=_("Name of the exam that this test bank prepares learners for."),
    )
    pass_percent = models.PositiveSmallIntegerField(
        _("pass mark"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Percentage of points needed to pass the exam."),
    )
    exam_minutes = models.PositiveSmallIntegerField(
        _("time limit"),
        null=True,
        blank=True,
        help_text=_("In minutes. Leave empty for no time limit."),
    )
    blueprint = models.JSONField(
        _("questions in each exam"),
        default=list,
        blank=True,
        help_text=_("Number of questions that the exam draws from each domain or group."),
    )
    keeps_question_order = models.BooleanField(
        _("keep the order of the questions"),
        default=False,
        help_text=_("Show questions in the test bank's order instead of shuffling them."),
    )
    keeps_choice_order = models.BooleanField(
        _("keep the order of the choices"),
        default=False,
        help_text=_("Show choices in the author's order instead of shuffling them."),
    )
    has_calculator = models.BooleanField(
        _("offer a calculator"),
        default=False,
        help_text=_("Learners can use a calculator, as in the exam."),
    )
    cover_seed = models.CharField(
        max_length=100,
        blank=True,
        editable=False,
        help_text=_("Seed for the generated cover. If empty, the slug is used."),
    )
    is_featured = models.BooleanField(_("show on the home page"), default=False)
    status = models.CharField(
        _("status"), max_length=20, choices=Status.choices, default=Status.DRAFT
    )
    created_at = models.DateTimeField(_("created on"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated on"), default=timezone.now)
    questions_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    review_count = models.PositiveIntegerField(default=0, editable=False)
    review_sum = models.PositiveIntegerField(default=0, editable=False)
    review_tally = models.JSONField(default=list, editable=False)
    rating = models.PositiveSmallIntegerField(default=0, editable=False)
    learner_count = models.PositiveIntegerField(default=0, editable=False)

    objects = TestBankQuerySet.as_manager()

    class Meta:
        verbose_name = _("test bank")
        verbose_name_plural = _("test banks")
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
                condition=models.Q(exam_minutes__isnull=True) | models.Q(exam_minutes__gt=0),
                name="catalog_test_bank_exam_minutes_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(review_sum__gte=models.F("review_count"))
                & models.Q(review_sum__lte=5 * models.F("review_count")),
                name="catalog_test_bank_reviews_add_up",
            ),
        ]
        # One for each order of the list, for keyset pagination.
        indexes = [
            models.Index(fields=["status", "title", "id"], name="catalog_bank_by_title"),
            models.Index(fields=["status", "-created_at", "-id"], name="catalog_bank_by_age"),
            models.Index(
                fields=["status", "-rating", "-review_count", "-id"], name="catalog_bank_by_rating"
            ),
            models.Index(
                fields=["status", "-learner_count", "-id"], name="catalog_bank_by_popularity"
            ),
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

    def clean(self) -> None:
        """Refuse a price that Stripe would refuse. Raises: ValidationError."""
        if problem := price_problem(self.price_minor, self.currency):
            raise ValidationError(problem)

    @property
    def drawn_from(self) -> str:
        """The attributes that the cover is drawn from."""
        return self.cover_seed or self.slug

    @property
    def is_free(self) -> bool:
        """True if nothing is charged."""
        return self.price_minor == 0

    @property
    def is_on_sale(self) -> bool:
        """True if it can be bought or claimed."""
        return self.status == self.Status.PUBLISHED

    @property
    def average_stars(self) -> Decimal | None:
        """The mean of the shown reviews, to one decimal place; None without any."""
        return average_stars(self.review_sum, self.review_count)

    @property
    def star_bubbles(self) -> list[str]:
        """The mean of the shown reviews in five bubbles: filled, half or empty."""
        # To the nearest half; 4.7 is not drawn as five.
        halves = int(((self.average_stars or Decimal(0)) * 2).to_integral_value(ROUND_HALF_DOWN))
        return (["filled"] * (halves // 2) + ["half"] * (halves % 2) + ["empty"] * 5)[:5]

    @property
    def price(self) -> str:
        """The price as the active language writes it."""
        return format_price(self.price_minor, self.currency)


class FormerSlug(models.Model):
    """A slug that a bank had. Its addresses redirect to the bank's present ones."""

    slug = models.SlugField(max_length=100, unique=True)
    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="former_slugs")

    def __str__(self) -> str:
        return self.slug


class BankKind(models.Model):
    """How many questions of one kind a bank can ask. The list filters by it."""

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

    `is_asked` repeats whether the question's kind can be asked today; set it when placing a
    question, and call `reindex_bank` afterwards. Only published questions are asked: drafts
    and those in review not yet, retired ones no longer, while past sessions keep them.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        REVIEW = "review", _("In review")
        PUBLISHED = "published", _("Published")
        RETIRED = "retired", _("Retired")

    test_bank = models.ForeignKey(
        TestBank,
        verbose_name=_("test bank"),
        on_delete=models.CASCADE,
        related_name="bank_questions",
    )
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="bank_questions")
    position = models.PositiveIntegerField(_("position"))
    is_sample = models.BooleanField(
        _("sample question"),
        default=False,
        help_text=_("Anyone can try this question without an account."),
    )
    is_asked = models.BooleanField(
        _("can be practiced"),
        default=True,
        help_text=_("Off for question types that are not available for practice yet."),
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PUBLISHED
    )

    objects = BankQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        constraints = [
            models.UniqueConstraint(
                fields=["test_bank", "question"], name="catalog_bank_question_once"
            ),
            models.UniqueConstraint(
                fields=["test_bank", "position"], name="catalog_bank_question_position_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "review", "published", "retired"]),
                name="catalog_bank_question_state_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["test_bank", "is_asked", "is_sample"], name="catalog_bank_question_counts"
            )
        ]

    def __str__(self) -> str:
        return f"{self.test_bank}, {self.position}"


class BankChange(models.Model):
    """A change of a bank's questions, as buyers read it.

    `words` are the seller's; `added` and `changed` count questions. One of the three is set.
    """

    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(_("date"), default=timezone.now)
    words = models.CharField(
        _("description"), max_length=300, blank=True, help_text=_("Shown to buyers.")
    )
    added = models.PositiveIntegerField(_("questions added"), default=0)
    changed = models.PositiveIntegerField(_("questions updated"), default=0)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(words="", added=0, changed=0),
                name="catalog_bank_change_says_something",
                violation_error_message=_(
                    "Describe the change, or enter the number of questions added or updated."
                ),
            )
        ]
        indexes = [models.Index(fields=["test_bank", "-at", "-id"], name="catalog_bank_change_new")]

    def __str__(self) -> str:
        return f"{self.test_bank}: {self.words or self.added + self.changed}"
