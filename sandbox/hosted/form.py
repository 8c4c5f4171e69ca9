"""The payment page's form: what the buyer typed, and what is wrong with it."""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from urllib.parse import parse_qs

from sandbox.errors import ApiError
from sandbox.http.messages import Request
from sandbox.parameters import email as read_email
from sandbox.payment_methods import find_by_name, find_by_number
from sandbox.resources.checkout_sessions import StoredSession

# What choosing a test card fills in beside its number.
EXAMPLE_EXPIRY, EXAMPLE_CVC = "12 / 34", "123"


@dataclass(frozen=True, slots=True)
class PaymentForm:
    """The form's values. `action` is the value of the button that was pressed."""

    email: str = ""
    number: str = ""
    expiry: str = ""
    cvc: str = ""
    action: str = ""
    promotion_code: str = ""


@dataclass(frozen=True, slots=True)
class FieldError:
    """Why the payment did not go through, and the field that it is about."""

    message: str
    field: str


FIELDS = tuple(field.name for field in fields(PaymentForm))


def submitted_form(request: Request) -> PaymentForm:
    values = parse_qs(request.text)
    return PaymentForm(**{name: values.get(name, [""])[0].strip() for name in FIELDS})


def initial_form(request: Request) -> PaymentForm:
    """Return an empty form, or one filled in with the test card that `?card=` names."""
    method = find_by_name(parse_qs(request.query).get("card", [""])[0])
    if method is None:
        return PaymentForm()
    return PaymentForm(number=method.grouped_number, expiry=EXAMPLE_EXPIRY, cvc=EXAMPLE_CVC)


def validate(form: PaymentForm, stored: StoredSession, now: int) -> FieldError | None:
    """Return the first error from the top of the form, or None."""
    if not stored.body["customer_email"] and not is_email(form.email):
        return FieldError("Enter an email address, such as you@example.com.", "email")
    if not stored.amount:
        return None
    method = find_by_number(form.number)
    if method is None:
        return FieldError("Use one of the test cards above. Never enter a real card.", "number")
    return validate_card(form, now) if method.kind == "card" else None


def validate_card(form: PaymentForm, now: int) -> FieldError | None:
    """Return the first error in the fields that only cards have, or None."""
    if not is_future_expiry(form.expiry, datetime.fromtimestamp(now, UTC)):
        return FieldError("Enter a future expiration date, such as 12 / 34.", "expiry")
    if not re.fullmatch("[0-9]{3,4}", form.cvc):
        return FieldError("Enter any three digits as the security code.", "cvc")
    return None


def is_email(typed: str) -> bool:
    try:
        read_email(typed, "email")
    except ApiError:
        return False
    return True


def is_future_expiry(expiry: str, now: datetime) -> bool:
    """Return whether `MM / YY` is this month or later."""
    match = re.fullmatch(r"(0?[1-9]|1[0-2])\s*/?\s*(?:20)?([0-9]{2})", expiry)
    return match is not None and (2000 + int(match[2]), int(match[1])) >= (now.year, now.month)
