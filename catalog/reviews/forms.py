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
        label=_("How good is it?"),
        choices=STARS,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    words = forms.CharField(
        label=_("In your words"),
        max_length=3000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        help_text=_(
            "What helped, what was missing? Everybody can read it. Please give no questions or "
            "answers away."
        ),
    )
    author_name = forms.CharField(
        label=_("Your name, as others shall read it"),
        max_length=60,
        required=False,
        validators=[name_without_link],
        widget=forms.TextInput(attrs={"autocomplete": "nickname", "dir": "auto"}),
        help_text=_("You can leave it empty. Your e-mail address is never shown."),
    )
