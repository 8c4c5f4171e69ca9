"""Test cards and test bank accounts, and what happens when each one pays.

The sandbox accepts no other number. Source: docs.stripe.com/testing.
"""

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a payment failed: Stripe's codes, and the message that the buyer sees."""

    code: str
    message: str
    error_code: str = "card_declined"


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A test card, or a test bank account (`sepa_debit`).

    `name` identifies it in the control API; `outcome` describes it on the payment page.
    `decline` is how the payment fails: a card's at once, a bank debit's when it settles.
    `dispute` is the reason of the dispute that follows.
    """

    name: str
    number: str
    outcome: str
    kind: Literal["card", "sepa_debit"] = "card"
    decline: Decline | None = None
    needs_authentication: bool = False
    dispute: str | None = None

    @property
    def grouped_number(self) -> str:
        """The number in groups of four, as printed on a card."""
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


DECLINES = {
    decline.code: decline
    for decline in (
        Decline("generic_decline", "Your card was declined. You have not been charged."),
        Decline(
            "insufficient_funds", "Your card has insufficient funds. You have not been charged."
        ),
    )
}
AUTHENTICATION_FAILED = Decline(
    "authentication_required",
    "We could not authenticate your card. You have not been charged.",
    error_code="payment_intent_authentication_failure",
)
DEBIT_FAILED = Decline(
    "debit_not_authorized",
    "Your bank did not authorize the debit. You have not been charged.",
    error_code="payment_method_provider_decline",
)
SUCCEEDS = PaymentMethod("pays", "4242424242424242", "Succeeds")
NEEDS_AUTHENTICATION = PaymentMethod(
    "authentication", "4000002760003184", "Requires authentication", needs_authentication=True
)
TEST_PAYMENT_METHODS = (
    SUCCEEDS,
    PaymentMethod(
        "declined", "4000000000000002", "Is declined", decline=DECLINES["generic_decline"]
    ),
    PaymentMethod(
        "insufficient-funds",
        "4000000000009995",
        "Has insufficient funds",
        decline=DECLINES["insufficient_funds"],
    ),
    NEEDS_AUTHENTICATION,
    PaymentMethod("disputed", "4000000000000259", "Is disputed later", dispute="fraudulent"),
    PaymentMethod("debit", "AT611904300234573201", "Debit succeeds later", kind="sepa_debit"),
    PaymentMethod(
        "debit-fails",
        "AT861904300235473202",
        "Debit fails later",
        kind="sepa_debit",
        decline=DEBIT_FAILED,
    ),
)


def find_by_number(typed: str) -> PaymentMethod | None:
    """Return the test payment method with that number, ignoring spaces and dashes."""
    number = re.sub(r"[\s-]", "", typed).upper()
    return next((method for method in TEST_PAYMENT_METHODS if method.number == number), None)


def find_by_name(name: str) -> PaymentMethod | None:
    return next((method for method in TEST_PAYMENT_METHODS if method.name == name), None)
