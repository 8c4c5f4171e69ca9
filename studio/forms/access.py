"""Forms of access by hand."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import TestBank
from catalog.services.access import MOST_ACCESS_DAYS
from studio.services.access import MOST_EMAILS, emails_in


class GrantForm(forms.Form):
    """Who gets which bank, for how long, and why."""

    people = forms.CharField(
        label=gettext_lazy("Email addresses"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=50_000,
        help_text=gettext_lazy("Separate multiple addresses with spaces, commas, or line breaks."),
    )
    test_bank = forms.ModelChoiceField(
        label=gettext_lazy("Test bank"),
        queryset=TestBank.objects.order_by("title"),
        empty_label=gettext_lazy("Choose a test bank"),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Length of access"),
        required=False,
        min_value=1,
        max_value=MOST_ACCESS_DAYS,
        help_text=gettext_lazy("In days. Leave empty for lifetime access."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("Saved with the access record for later reference."),
    )

    def clean_people(self) -> list[str]:
        """The addresses."""
        emails = emails_in(self.cleaned_data["people"])
        if not emails:
            raise ValidationError(_("Enter an email address."))
        if len(emails) > MOST_EMAILS:
            raise ValidationError(
                _("Enter at most %(most)s addresses."), params={"most": MOST_EMAILS}
            )
        return emails


class ChangeForm(forms.Form):
    """Extend an access by days, or end it; both for a reason."""

    days = forms.IntegerField(
        label=gettext_lazy("Days to add"),
        required=False,
        min_value=1,
        max_value=MOST_ACCESS_DAYS,
        help_text=gettext_lazy("Required only to extend access."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("Saved with the access record for later reference."),
    )


class AccessFilter(forms.Form):
    """What narrows the list of accesses."""

    q = forms.CharField(label=gettext_lazy("Email"), required=False, max_length=200)
    bank = forms.ModelChoiceField(
        label=gettext_lazy("Test bank"),
        queryset=TestBank.objects.order_by("title"),
        required=False,
        to_field_name="slug",
        empty_label=gettext_lazy("Any"),
    )

    def wanted(self) -> dict[str, Any]:
        """The filters as lookups; what is mistyped is ignored."""
        self.is_valid()
        cleaned = self.cleaned_data
        lookups = {"learner__email__icontains": cleaned.get("q"), "test_bank": cleaned.get("bank")}
        return {name: value for name, value in lookups.items() if value}
