"""The form of a bulk edit: which questions, what to do, and with which value."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalog.models import BankQuestion, TestBank
from catalog.querysets import BankQuestionQuerySet
from questions.items import LONGEST_DOMAIN
from questions.kinds import DIFFICULTIES
from studio.listing import FilterForm
from studio.models import BulkEdit
from studio.permissions import (
    EDIT_QUESTIONS,
    PUBLISH_QUESTIONS,
    WRITABLE_BY_AUTHORS,
    banks_for,
    locked_questions,
    may,
)
from studio.services.bulk import EDITS_CONTENT, PUBLISHES, Action, Edit

NEEDS_TARGET = frozenset({Action.COPY, Action.MOVE})
NEEDS_WORD = frozenset({Action.ADD_TAG, Action.REMOVE_TAG})


class BulkForm(forms.Form):
    """An edit of the chosen questions. `all` stands for all that `filters` leaves."""

    action = forms.ChoiceField(label=gettext_lazy("Action"))
    text = forms.CharField(
        label=gettext_lazy("Domain, tag, or position"), required=False, max_length=LONGEST_DOMAIN
    )
    difficulty = forms.ChoiceField(
        label=gettext_lazy("Difficulty"),
        required=False,
        choices=[("", gettext_lazy("None")), *DIFFICULTIES.items()],
    )
    target = forms.ModelChoiceField(
        label=gettext_lazy("Test bank"),
        queryset=TestBank.objects.none(),
        required=False,
        to_field_name="slug",
        empty_label=gettext_lazy("Choose a test bank"),
    )
    all = forms.BooleanField(required=False)
    filters = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None, *, test_bank: TestBank, user: User) -> None:
        # The filters on the same page have fields of the same names.
        super().__init__(data, auto_id="bulk_%s")
        self.test_bank, self.user = test_bank, user
        may_publish = may(user, PUBLISH_QUESTIONS, test_bank)
        cast(forms.ChoiceField, self.fields["action"]).choices = [
            ("", _("Choose an action")),
            *(
                (value, label)
                for value, label in BulkEdit.Action.choices
                if may_publish or value not in PUBLISHES
            ),
        ]
        target = cast("forms.ModelChoiceField[TestBank]", self.fields["target"])
        target.queryset = banks_for(user).exclude(pk=test_bank.pk).order_by("title")

    def clean(self) -> dict[str, Any]:
        """Each action needs its own value."""
        cleaned = super().clean() or self.cleaned_data
        action, text = cleaned.get("action"), cleaned.get("text", "").strip()
        if action in NEEDS_TARGET:
            self._check_target(cleaned.get("target"))
        if action in NEEDS_WORD and not text:
            raise ValidationError({"text": _("Enter a tag.")})
        if action == Action.ORDER and not (text.isdecimal() and 0 < int(text) < 10**6):
            raise ValidationError({"text": _("Enter a position of 1 or higher.")})
        return cleaned

    def _check_target(self, target: TestBank | None) -> None:
        if target is None:
            raise ValidationError({"target": _("Select a test bank.")})
        if not may(self.user, EDIT_QUESTIONS, target):
            raise ValidationError({"target": _("You cannot edit questions in this test bank.")})

    def edit(self) -> Edit:
        """The edit that was asked for, of questions of this bank only."""
        cleaned = self.cleaned_data
        action = Action(cleaned["action"])
        target = cleaned["target"] if action in NEEDS_TARGET else None
        value = cleaned["text"].strip()
        if action == Action.DIFFICULTY:
            value = cleaned["difficulty"]
        may_publish = target is None or may(self.user, PUBLISH_QUESTIONS, target)
        return Edit(
            test_bank=self.test_bank,
            action=action,
            value=target.slug if target else value,
            places=self._places(),
            target=target,
            state_there=None if may_publish else BankQuestion.State.DRAFT,
        )

    def _places(self) -> list[BankQuestion]:
        if self.cleaned_data["all"]:
            filters = QueryDict(self.cleaned_data["filters"])
            return self._editable(FilterForm(filters.dict(), self.test_bank).places())
        # The preview sends all of them in one field: Django takes 1,000 fields at most.
        chosen = ",".join(cast(QueryDict, self.data).getlist("question")).split(",")
        ids = [int(pk) for pk in chosen if pk.isdecimal() and len(pk) < 19]
        places = self.test_bank.bank_questions.filter(pk__in=ids)
        return self._editable(places.select_related("question__current").order_by("position"))

    def _editable(self, places: BankQuestionQuerySet) -> list[BankQuestion]:
        """Authors change what is not published yet, and content that no other bank has published."""
        if not may(self.user, PUBLISH_QUESTIONS, self.test_bank):
            places = places.filter(state__in=WRITABLE_BY_AUTHORS)
        found = list(places)
        if self.cleaned_data["action"] not in EDITS_CONTENT:
            return found
        locked = locked_questions(self.user, [place.question_id for place in found])
        return [place for place in found if place.question_id not in locked]
