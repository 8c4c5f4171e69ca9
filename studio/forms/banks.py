"""Forms of a bank: a new one, its settings, and who works on it."""

import re
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Category, FormerSlug, TestBank
from catalog.money import major, minor
from catalog.price_rules import MAXIMUM_MINOR, price_problem, rule_of_decimal_places
from catalog.services.access import MOST_ACCESS_DAYS
from studio.models import BankRole

COVERS = 6
CURRENCY_CODE = re.compile(r"[A-Z]{3}")
# The largest number that the column takes on PostgreSQL.
MOST_EXAM_MINUTES = 32_767


class NewBankForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """Title and category; everything else can wait."""

    category = forms.ModelChoiceField(
        label=_("Category"),
        queryset=Category.objects.order_by("title"),
        required=False,
        empty_label=_("Choose a category"),
    )
    new_category = forms.CharField(
        label=_("Or enter a new category"),
        max_length=100,
        required=False,
        help_text=_("Leave empty to use the category above."),
    )

    class Meta:
        model = TestBank
        fields = ("title", "category")
        labels = {"title": _("Title")}
        help_texts = {"title": _("Buyers see this title. You can change it later.")}

    def clean(self) -> dict[str, Any]:
        """One category is needed, and a slug that is free."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("category") and not cleaned.get("new_category"):
            raise ValidationError({"category": gettext("Select a category, or enter a new one.")})
        return cleaned

    def made(self) -> TestBank:
        """The bank, not yet stored; a new category is."""
        test_bank: TestBank = self.save(commit=False)
        test_bank.category = self.cleaned_data["category"] or _category(
            self.cleaned_data["new_category"]
        )
        test_bank.slug = free_slug(test_bank.title)
        test_bank.price_minor, test_bank.currency = 0, settings.CURRENCY
        return test_bank


def _category(title: str) -> Category:
    slug = slugify(title, allow_unicode=False)[:50] or "category"
    category, _is_new = Category.objects.get_or_create(slug=slug, defaults={"title": title})
    return category


def free_slug(title: str) -> str:
    """A slug from the title that no bank has or had."""
    base = slugify(title)[:90] or "test-bank"
    banks = TestBank.objects.filter(slug__startswith=base).values_list("slug", flat=True)
    formers = FormerSlug.objects.filter(slug__startswith=base).values_list("slug", flat=True)
    taken = {*banks, *formers}
    number = 2
    slug = base
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


class BankForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """Everything that buyers read about a bank, and what it costs."""

    price = forms.DecimalField(
        label=_("Price"),
        min_value=Decimal(0),
        max_value=Decimal(MAXIMUM_MINOR),
        help_text=_("For example, 19.99. Enter 0 for a free test bank."),
    )
    access_days = forms.IntegerField(
        label=_("Length of access"),
        required=False,
        min_value=1,
        max_value=MOST_ACCESS_DAYS,
        help_text=_("In days. Leave empty for lifetime access."),
    )
    exam_minutes = forms.IntegerField(
        label=_("Time limit"),
        required=False,
        min_value=1,
        max_value=MOST_EXAM_MINUTES,
        help_text=_("In minutes. Leave empty for no time limit."),
    )
    cover_seed = forms.ChoiceField(label=_("Cover"), widget=forms.RadioSelect, required=False)

    class Meta:
        model = TestBank
        fields = (
            "title",
            "summary",
            "description",
            "category",
            "language",
            "slug",
            "exam",
            "pass_percent",
            "exam_minutes",
            "keeps_question_order",
            "keeps_choice_order",
            "has_calculator",
            "currency",
            "access_days",
            "is_featured",
        )
        labels = {"exam": _("Exam name")}
        error_messages = {"slug": {"unique": _("Another test bank already uses this address.")}}
        help_texts = {
            "summary": _("One sentence for cards and search results."),
            "description": _(
                "Describe what the test bank covers and who it is for. Leave a blank line between "
                "paragraphs."
            ),
            "slug": _(
                "The last part of the page's address. Previous addresses redirect to the current "
                "address."
            ),
            "exam": _("Name of the exam that this test bank prepares learners for."),
            "pass_percent": _("Optional. The percentage of points needed to pass the exam."),
            "keeps_question_order": "",
            "keeps_choice_order": _(
                "If this is off, choices are shuffled. Choices that are pinned in an imported file "
                "keep their place."
            ),
            "has_calculator": "",
            "currency": _("The three-letter currency code, such as USD."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bank = self.instance
        self.before = {name: getattr(bank, name) for name in (*self.Meta.fields, "price_minor")}
        self.initial["price"] = major(bank.price_minor, bank.currency)
        seeds = [bank.drawn_from, *(f"{bank.slug}-{n}" for n in range(1, COVERS))]
        self.covers = list(dict.fromkeys(seeds))
        cast(forms.ChoiceField, self.fields["cover_seed"]).choices = [
            (seed, gettext("Cover %(number)s") % {"number": number})
            for number, seed in enumerate(self.covers, start=1)
        ]
        self.initial["cover_seed"] = bank.drawn_from
        for name in ("title", "summary", "description", "exam"):
            self.fields[name].widget.attrs["dir"] = "auto"
        # Sent along, so that a page that was open for long does not undo the changes of others.
        for name in (*self.Meta.fields, "price"):
            self.fields[name].show_hidden_initial = True

    def clean_currency(self) -> str:
        """Three letters, in upper case."""
        currency = str(self.cleaned_data["currency"]).upper()
        if not CURRENCY_CODE.fullmatch(currency):
            raise ValidationError(_("Enter a three-letter currency code, such as USD."))
        return currency

    def clean_slug(self) -> str:
        """One that no other bank had."""
        slug = str(self.cleaned_data["slug"])
        if FormerSlug.objects.exclude(test_bank=self.instance).filter(slug=slug).exists():
            raise ValidationError(
                _("This address still redirects to another test bank. Enter a different address.")
            )
        return slug

    def clean(self) -> dict[str, Any]:
        """The price must be one that the currency can say and Stripe takes."""
        cleaned = super().clean() or self.cleaned_data
        self._keep_what_others_changed(cleaned)
        price, currency = cleaned.get("price"), cleaned.get("currency")
        if price is not None and currency is not None:
            self._set_price(price, currency)
        if "price" in self.errors:
            # With it, the bank's own check would look at the old price in the new currency.
            cleaned.pop("currency", None)
        return cleaned

    def _set_price(self, price: Decimal, currency: str) -> None:
        """Give the bank its price, or the field an error."""
        try:
            price_minor = minor(price, currency)
        except ValueError:
            self.add_error("price", rule_of_decimal_places(currency))
            return
        if problem := price_problem(price_minor, currency):
            self.add_error("price", problem)
        else:
            self.instance.price_minor = price_minor

    def _keep_what_others_changed(self, cleaned: dict[str, Any]) -> None:
        """Take what stayed as the page had it from the bank, where it may have changed since."""
        now = {**self.before, "price": self.initial["price"], "category": self.instance.category}
        for name in cleaned.keys() - set(self.changed_data):
            if name in now and self.add_initial_prefix(name) in self.data:
                cleaned[name] = now[name]

    def changed_fields(self) -> list[str]:
        """The columns of the bank that the form changed, the address apart."""
        columns = [*(name for name in self.Meta.fields if name != "slug"), "price_minor"]
        changed = [name for name in columns if getattr(self.instance, name) != self.before[name]]
        seed = self.cleaned_data["cover_seed"]
        if seed and seed != self.initial["cover_seed"]:
            self.instance.cover_seed = seed
            changed.append("cover_seed")
        return changed


class RoleForm(forms.Form):
    """Give a member of staff a role in the bank."""

    user = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), empty_label=_("Choose a person")
    )
    role = forms.ChoiceField(label=_("Role"), choices=BankRole.Role.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[User]", self.fields["user"]).queryset = _staff()


def _staff() -> QuerySet[User]:
    return User.objects.filter(is_staff=True, is_active=True).order_by("email")
