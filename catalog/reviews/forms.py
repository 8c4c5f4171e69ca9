"""The form that a learner reviews a bank with."""

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.validators import name_without_link

STARS = [
    (5, _("5 – very good")),
    (4, _("4 – good")),
    (3, _("3 – fair")),
    (2, _("2 – poor")),
    (1, _("1 – bad")),
]


class ReviewForm(forms.Form):
    """A review of a bank."""

    stars = forms.TypedChoiceField(
        label=_("Your rating"),
        choices=STARS,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Select a rating.")},
    )
    words = forms.CharField(
        label=_("Your review"),
        max_length=3000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        help_text=_(
            "What helped? What was missing? Your review is public. Please don't reveal questions "
            "or answers."
        ),
    )
    author_name = forms.CharField(
        label=_("Display name"),
        max_length=60,
        required=False,
        validators=[name_without_link],
        widget=forms.TextInput(attrs={"autocomplete": "nickname", "dir": "auto"}),
        help_text=_("Optional. Your email address is never shown."),
    )
