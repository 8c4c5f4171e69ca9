"""The test cards and bank accounts: which number does what. No other is ever accepted.

Source: docs.stripe.com/testing.
"""

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a payment was refused: Stripe's words, and a sentence for the buyer."""

    code: str
    message: str
    error_code: str = "card_declined"


@dataclass(frozen=True, slots=True)
class Card:
    """A way to pay: what it is called on the page, its number, what happens when it is used.

    A `sepa_debit` is a bank account, whose payment is known to have come, or not, only later.
    `decline` is how it fails: at once, or a bank account later.
    """

    name: str
    number: str
    outcome: str
    kind: Literal["card", "sepa_debit"] = "card"
    decline: Decline | None = None
    second_step: bool = False
    dispute: str | None = None

    @property
    def grouped(self) -> str:
        """The number in groups of four, as it stands on a card."""
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


DECLINES = {
    decline.code: decline
    for decline in (
        Decline("generic_decline", "The card was declined. Nothing was charged."),
        Decline("insufficient_funds", "The card has insufficient funds. Nothing was charged."),
    )
}
NOT_AUTHENTICATED = Decline(
    "authentication_required",
    "The payment was not confirmed with the bank. Nothing was charged.",
    error_code="payment_intent_authentication_failure",
)
DEBIT_FAILED = Decline(
    "debit_not_authorized",
    "The bank did not let the debit happen. Nothing was charged.",
    error_code="payment_method_provider_decline",
)
PAYS = Card("pays", "4242424242424242", "Pays")
SECOND_STEP = Card("second-step", "4000002760003184", "Asks for a second step", second_step=True)
CARDS = (
    PAYS,
    Card("declined", "4000000000000002", "Is declined", decline=DECLINES["generic_decline"]),
    Card(
        "funds",
        "4000000000009995",
        "Has too little money",
        decline=DECLINES["insufficient_funds"],
    ),
    SECOND_STEP,
    Card("disputed", "4000000000000259", "Pays, is then disputed", dispute="fraudulent"),
    Card("debit", "AT611904300234573201", "Bank debit, pays later", kind="sepa_debit"),
    Card(
        "debit-fails",
        "AT861904300235473202",
        "Bank debit, fails later",
        kind="sepa_debit",
        decline=DEBIT_FAILED,
    ),
)


def card_numbered(typed: str) -> Card | None:
    """The test card with that number, spaces and dashes aside."""
    number = re.sub(r"[\s-]", "", typed).upper()
    return next((card for card in CARDS if card.number == number), None)


def card_named(name: str) -> Card | None:
    """The test card that the page calls so."""
    return next((card for card in CARDS if card.name == name), None)
