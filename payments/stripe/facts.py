"""Stripe's objects, reduced to the facts that decide something.

Built from an answer of the API or from the object inside a signed event. No class of
stripe-python passes this module. Amounts are in the currency's smallest unit.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from payments.models import Dispute, Order, Refund
from payments.stripe.errors import MalformedObject

# The largest value of the integer columns; Stripe's amounts have at most eight digits.
MAX_AMOUNT_MINOR = 2_147_483_647
READING_ERRORS = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError)
# `unpaid` means a delayed payment method whose money has not arrived.
# Source: docs.stripe.com/checkout/fulfillment.
PAID_STATUSES = frozenset({"paid", "no_payment_required"})
# What decides something only once a session is paid.
UNDECIDED: Mapping[str, Any] = {"amount_total": 0, "currency": "", "livemode": False}


@dataclass(frozen=True)
class SessionFacts:
    """A Checkout session.

    `status` is open, complete or expired; `payment_status` is paid, unpaid or
    no_payment_required; `order_id` is that of `own_order_id`. What decides nothing may be missing,
    as in events of older API versions: the amounts of a session that is not paid, its status,
    when it expires.
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
    expires_at: datetime | None

    @property
    def is_paid(self) -> bool:
        """True if access may be granted."""
        return self.payment_status in PAID_STATUSES

    @property
    def is_processing(self) -> bool:
        """True if the buyer has finished Checkout and the money has not arrived yet."""
        return self.status == "complete" and not self.is_paid


@dataclass(frozen=True)
class ChargeFacts:
    """A charge. `amount_refunded_minor` is the sum of its refunds, pending ones included."""

    id: str
    payment_intent_id: str
    amount_refunded_minor: int


@dataclass(frozen=True)
class RefundFacts:
    """A refund. `refund_id` comes from our own metadata and is "" without it."""

    id: str
    payment_intent_id: str
    amount_minor: int
    currency: str
    status: str
    reason: str
    failure: str
    created_at: datetime
    refund_id: str


@dataclass(frozen=True)
class DisputeFacts:
    """A dispute."""

    id: str
    payment_intent_id: str
    amount_minor: int
    currency: str
    status: str
    reason: str
    created_at: datetime
    evidence_due_at: datetime | None


def session_facts(session: Mapping[str, Any]) -> SessionFacts:
    """Read a Checkout session as the API writes it. Raises: MalformedObject."""
    with _reading(session, "checkout.session"):
        payment_status = str(session["payment_status"])
        decisive = dict(session)
        if payment_status not in PAID_STATUSES:
            decisive = {**UNDECIDED, **{key: value for key, value in session.items() if value}}
        is_free = payment_status == "no_payment_required"
        expires = session.get("expires_at")
        return SessionFacts(
            id=str(session["id"]),
            status=str(session.get("status") or ""),
            payment_status=payment_status,
            amount_minor=_amount(decisive["amount_total"]),
            # Compared with the order's amount only if a promotion code made the total 0.
            amount_before_discount_minor=_amount(
                session["amount_subtotal"] if is_free else session.get("amount_subtotal") or 0
            ),
            currency=str(decisive["currency"]).upper(),
            livemode=bool(decisive["livemode"]),
            order_id=own_order_id(session),
            payment_intent_id=_identifier(session.get("payment_intent")),
            url=str(session.get("url") or ""),
            expires_at=_time(expires) if expires else None,
        )


def own_order_id(subject: Mapping[str, Any]) -> str:
    """Return the order that an object of ours names; "" for an object of another program.

    Other programs of the account use the key `order_id` too. Ours is a UUID, and a session of
    ours leads back to the page of that order.
    """
    named = _metadata(subject, "order_id")
    try:
        uuid.UUID(named)
    except ValueError:
        return ""
    back = subject.get("success_url")
    return named if back is None or f"/success/{named}/" in str(back) else ""


def charge_facts(charge: Mapping[str, Any]) -> ChargeFacts:
    """Read a charge as the API writes it. Raises: MalformedObject."""
    with _reading(charge, "charge"):
        return ChargeFacts(
            id=str(charge["id"]),
            payment_intent_id=_identifier(charge.get("payment_intent")),
            amount_refunded_minor=_amount(charge["amount_refunded"]),
        )


def refund_facts(refund: Mapping[str, Any]) -> RefundFacts:
    """Read a refund as the API writes it. Raises: MalformedObject."""
    with _reading(refund, "refund"):
        return RefundFacts(
            id=str(refund["id"]),
            payment_intent_id=_identifier(refund.get("payment_intent")),
            amount_minor=_amount(refund["amount"]),
            currency=str(refund["currency"]).upper(),
            # Old refunds have none.
            status=Refund.Status(refund.get("status") or Refund.Status.SUCCEEDED).value,
            reason=str(refund.get("reason") or ""),
            failure=str(refund.get("failure_reason") or ""),
            created_at=_time(refund["created"]),
            refund_id=own_refund_id(refund),
        )


def dispute_facts(dispute: Mapping[str, Any]) -> DisputeFacts:
    """Read a dispute as the API writes it. Raises: MalformedObject."""
    with _reading(dispute, "dispute"):
        due = (dispute.get("evidence_details") or {}).get("due_by")
        return DisputeFacts(
            id=str(dispute["id"]),
            payment_intent_id=_identifier(dispute.get("payment_intent")),
            amount_minor=_amount(dispute["amount"]),
            currency=str(dispute["currency"]).upper(),
            status=_dispute_status(dispute["status"]),
            reason=str(dispute.get("reason") or ""),
            created_at=_time(dispute["created"]),
            evidence_due_at=_time(due) if due else None,
        )


def own_refund_id(subject: Mapping[str, Any]) -> str:
    """Return the refund that was requested here; "" for one made elsewhere."""
    return _metadata(subject, "refund_id")


def _metadata(subject: Mapping[str, Any], key: str) -> str:
    metadata = subject.get("metadata")
    return str(metadata.get(key, "")) if isinstance(metadata, Mapping) else ""


def _dispute_status(status: str) -> str:
    """Return the status; older API versions have one for a charge that was refunded meanwhile."""
    if status == "charge_refunded":
        return Dispute.Status.PREVENTED.value
    return Dispute.Status(status).value


def event_created_at(event: Mapping[str, Any]) -> datetime:
    """Return when Stripe created the event. Raises: MalformedObject."""
    try:
        return _time(event["created"])
    except READING_ERRORS as error:
        raise MalformedObject(f"created: {type(error).__name__}") from error


def mode_of(*, livemode: bool) -> str:
    """Return the mode of an object: that of the API key, unless the object contradicts it.

    The local sandbox and Stripe's test mode both send `livemode=false`; the key tells them
    apart.
    """
    if livemode:
        return Order.Mode.LIVE.value
    mode: str = settings.STRIPE_MODE
    return Order.Mode.TEST.value if mode == Order.Mode.LIVE else mode


@contextmanager
def _reading(subject: Mapping[str, Any], kind: str) -> Iterator[None]:
    """Raise MalformedObject for every error that reading the object raises."""
    found = subject.get("object") if isinstance(subject, Mapping) else None
    if found != kind:
        raise MalformedObject(f"a {found}, not a {kind}")
    try:
        yield
    except READING_ERRORS as error:
        raise MalformedObject(f"{type(error).__name__}: {error}") from error


def _identifier(reference: object) -> str:
    """Return the id of a reference, which the API gives as an id, expanded, or not at all."""
    if isinstance(reference, Mapping):
        return str(reference["id"])
    return str(reference or "")


def _amount(value: Any) -> int:
    """Return an amount that the columns can hold. Raises: ValueError."""
    number = int(value)
    if not 0 <= number <= MAX_AMOUNT_MINOR:
        raise ValueError(f"{number} is no amount")
    return number


def _time(seconds: Any) -> datetime:
    """Convert Stripe's time, in seconds since 1970."""
    return datetime.fromtimestamp(int(seconds), tz=UTC)
