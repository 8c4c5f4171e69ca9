"""The forms of reports: a learner's, and those that close one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from studio.models import QuestionReport


class ReportForm(forms.Form):
    """What is wrong with a question, in a word and in the learner's words."""

    reason = forms.ChoiceField(
        label=_("What is the problem?"),
        choices=QuestionReport.Reason.choices,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("Details"),
        required=False,
        max_length=2000,
        strip=True,
        help_text=_("Optional. Authors can read this, but can't see who wrote it."),
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
    )


class CloseForm(forms.Form):
    """How a report ended, and what its reporters are told."""

    state = forms.ChoiceField(
        label=_("Result"),
        choices=[
            (state.value, state.label)
            for state in QuestionReport.State
            if state != QuestionReport.State.OPEN
        ],
        widget=forms.RadioSelect,
    )
    reply = forms.CharField(
        label=_("Reply"),
        required=False,
        max_length=1000,
        help_text=_("Optional. Emailed to everyone who reported this problem."),
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )


class RegradeForm(forms.Form):
    """What buyers read about the correction, and what its reporters are told."""

    words = forms.CharField(
        label=_("What changed"),
        max_length=300,
        help_text=_("Shown on the test bank's page and emailed to learners whose scores increase."),
    )
    reply = forms.CharField(
        label=_("Reply to reports"),
        required=False,
        max_length=1000,
        help_text=_("Optional. Emailed to everyone who reported this question."),
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )
