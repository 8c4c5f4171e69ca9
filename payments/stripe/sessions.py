"""What Stripe says of a Checkout session, reduced to the facts that decide something.

Built from an answer of the API or from the object inside a signed event; no Stripe
class passes this point.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from payments.stripe.facts import UNREADABLE, amount, identifier, moment

# Source: docs.stripe.com/checkout/fulfillment. `unpaid` is a delayed method under way.
PAID_STATUSES = frozenset({"paid", "no_payment_required"})


class MalformedSession(ValueError):
    """The object is no Checkout session, or lacks what one always has."""


@dataclass(frozen=True)
class SessionFacts:
    """One Checkout session. Amounts are in the currency's smallest unit.

    `status` is open, complete or expired; `payment_status` paid, unpaid or
    no_payment_required; `order_id` is what we wrote into its metadata, "" where we did not.
    """

    id: str
    status: str
    payment_status: str
    amount_minor: int
    amount_before_discount_minor: int
    currency: str
    livemode: bool
    order_id: str
    payment_intent_id: str
    url: str
    expires_at: datetime

    @property
    def is_paid(self) -> bool:
        """True where access may be given."""
        return self.payment_status in PAID_STATUSES

    @property
    def is_under_way(self) -> bool:
        """True where the buyer has done their part and the money is still on its way."""
        return self.status == "complete" and not self.is_paid


def session_facts(session: Mapping[str, Any]) -> SessionFacts:
    """The facts of a session as the API writes it. Raises: MalformedSession."""
    try:
        if session["object"] != "checkout.session":
            raise MalformedSession(f"a {session['object']}, not a checkout.session")
        return SessionFacts(
            id=str(session["id"]),
            status=str(session["status"]),
            payment_status=str(session["payment_status"]),
            amount_minor=amount(session["amount_total"]),
            amount_before_discount_minor=amount(session["amount_subtotal"]),
            currency=str(session["currency"]).upper(),
            livemode=bool(session["livemode"]),
            order_id=str((session.get("metadata") or {}).get("order_id", "")),
            payment_intent_id=identifier(session.get("payment_intent")),
            url=str(session.get("url") or ""),
            expires_at=moment(session["expires_at"]),
        )
    except MalformedSession:
        raise
    except UNREADABLE as error:
        raise MalformedSession(f"{type(error).__name__}: {error}") from error


def mode_told(*, livemode: bool) -> str:
    """The mode that Stripe speaks of: the key's, unless the object says that it is not.

    A sandbox and Stripe's test mode both say `livemode=false`: the key tells them apart.
    """
    if livemode:
        return "live"
    mode: str = settings.STRIPE_MODE
    return "test" if mode == "live" else mode
