"""The refund form."""

import uuid
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.money import format_price, major, minor
from catalog.price_rules import rule_of_decimal_places
from catalog.services.access import MOST_ACCESS_DAYS
from payments.flows.refunds import RefundRequest
from payments.models import Order, Refund


class RefundForm(forms.Form):
    """How much to refund, why, and what becomes of the access.

    `key` is made with the page, so that a double click opens one refund. `left_minor` is the
    largest amount.
    """

    key = forms.UUIDField(widget=forms.HiddenInput)
    lines = forms.MultipleChoiceField(
        label=_("Items to refund"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("If you select no items, the refund applies to the whole order."),
    )
    amount = forms.DecimalField(
        label=_("Amount"), min_value=Decimal(0), widget=UnfoldAdminDecimalFieldWidget
    )
    reason = forms.ChoiceField(
        label=_("Reason"), choices=Refund.Reason.choices, widget=UnfoldAdminSelectWidget
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Internal. Not shown to the buyer."),
    )
    access = forms.ChoiceField(
        label=_("What happens to access"),
        choices=Refund.AccessChoice.choices,
        initial=Refund.AccessChoice.REVOKE,
        widget=UnfoldAdminRadioSelectWidget,
        help_text=_("Answers and progress are always saved."),
    )
    access_until = forms.DateField(
        label=_("Last day of access"),
        required=False,
        widget=UnfoldAdminSingleDateWidget,
        help_text=_("Required if “End access on a date” is selected."),
    )

    def __init__(self, data: Any, *, order: Order, left_minor: int) -> None:
        currency = order.paid_currency or order.currency
        initial = {"key": uuid.uuid4(), "amount": major(left_minor, currency)}
        super().__init__(data, initial=initial)
        self.order, self.left_minor = order, left_minor
        self.bought = {str(line.pk): line for line in order.lines.order_by("pk")}
        if len(self.bought) > 1:
            cast(forms.MultipleChoiceField, self.fields["lines"]).choices = [
                (key, f"{line.title} · {format_price(line.amount_minor, order.currency)}")
                for key, line in self.bought.items()
            ]
        else:
            del self.fields["lines"]
        words = _("Up to %(left)s.") % {"left": format_price(left_minor, currency)}
        self.fields["amount"].help_text = words

    def clean_amount(self) -> int:
        """Return the amount in the currency's smallest unit."""
        currency = self.order.paid_currency
        try:
            amount = minor(self.cleaned_data["amount"], currency)
        except ValueError:
            raise ValidationError(rule_of_decimal_places(currency)) from None
        if not 0 < amount <= self.left_minor:
            left = format_price(self.left_minor, currency)
            raise ValidationError(
                gettext("Enter an amount greater than 0 and no more than %(left)s.")
                % {"left": left}
            )
        return amount

    def clean(self) -> dict[str, Any]:
        """Require a future day for a later end, and no more than the chosen lines cost."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("access") == Refund.AccessChoice.SHORTEN:
            day = cleaned.get("access_until")
            if day is None or day < timezone.localdate():
                self.add_error("access_until", gettext("Choose today or a later date."))
            elif day > timezone.localdate() + timedelta(days=MOST_ACCESS_DAYS):
                invalid = self.fields["access_until"].error_messages["invalid"]
                self.add_error("access_until", invalid)
        lines = [self.bought[key] for key in cleaned.get("lines") or []]
        amount = cleaned.get("amount")
        if lines and amount and amount > sum(line.amount_minor for line in lines):
            self.add_error(
                "amount", gettext("The amount is more than the total paid for the selected items.")
            )
        return cleaned

    def wanted(self) -> RefundRequest:
        """Return the refund that the form describes."""
        given = self.cleaned_data
        shorten = given["access"] == Refund.AccessChoice.SHORTEN
        return RefundRequest(
            amount_minor=given["amount"],
            reason=given["reason"],
            note=given["note"],
            access=given["access"],
            access_until=_end_of(given["access_until"]) if shorten else None,
            lines=[self.bought[key] for key in given.get("lines") or []],
        )


def _end_of(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))
