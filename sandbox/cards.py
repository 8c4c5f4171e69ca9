"""The test cards: which number does what. No other number is ever accepted.

Source: docs.stripe.com/testing.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card was refused: Stripe's word, and a sentence for the buyer."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Card:
    """A test card: what it is called on the page, its number, what happens when it is used."""

    name: str
    number: str
    outcome: str
    decline: Decline | None = None

    @property
    def grouped(self) -> str:
        """The number in groups of four, as it stands on a card."""
        return " ".join(self.number[start : start + 4] for start in range(0, 16, 4))


DECLINES = {
    decline.code: decline
    for decline in (
        Decline("generic_decline", "The card was declined. Nothing was charged."),
        Decline("insufficient_funds", "The card has insufficient funds. Nothing was charged."),
    )
}
CARDS = (
    Card("pays", "4242424242424242", "Pays"),
    Card("declined", "4000000000000002", "Is declined", DECLINES["generic_decline"]),
    Card("funds", "4000000000009995", "Has too little money", DECLINES["insufficient_funds"]),
)


def card_numbered(typed: str) -> Card | None:
    """The test card with that number, spaces and dashes aside."""
    digits = re.sub(r"[\s-]", "", typed)
    return next((card for card in CARDS if card.number == digits), None)


def card_named(name: str) -> Card | None:
    """The test card that the page calls so."""
    return next((card for card in CARDS if card.name == name), None)
