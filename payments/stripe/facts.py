"""What Stripe says of money after it was taken: charges, refunds and disputes.

Built from an answer of the API or from the object inside a signed event, reduced to the
facts that decide something; sessions stand in `sessions.py`. Amounts are in the smallest unit.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.models import Dispute, Refund

# What the columns hold; Stripe's amounts have at most eight digits.
MOST_MINOR = 2_147_483_647
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError)


class MalformedObject(ValueError):
    """The object is not what its place says, or lacks what one always has."""


@dataclass(frozen=True)
class ChargeFacts:
    """One charge: how much of it has gone back in all, refunds on their way included."""

    id: str
    payment_intent_id: str
    amount_refunded_minor: int


@dataclass(frozen=True)
class RefundFacts:
    """One refund. `refund_id` is what we wrote into its metadata, "" where we did not."""

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
    """One dispute."""

    id: str
    payment_intent_id: str
    amount_minor: int
    currency: str
    status: str
    reason: str
    created_at: datetime
    evidence_due_at: datetime | None


def charge_facts(charge: Mapping[str, Any]) -> ChargeFacts:
    """The facts of a charge as the API writes it. Raises: MalformedObject."""
    with _reading(charge, "charge"):
        return ChargeFacts(
            id=str(charge["id"]),
            payment_intent_id=identifier(charge.get("payment_intent")),
            amount_refunded_minor=amount(charge["amount_refunded"]),
        )


def refund_facts(refund: Mapping[str, Any]) -> RefundFacts:
    """The facts of a refund as the API writes it. Raises: MalformedObject."""
    with _reading(refund, "refund"):
        return RefundFacts(
            id=str(refund["id"]),
            payment_intent_id=identifier(refund.get("payment_intent")),
            amount_minor=amount(refund["amount"]),
            currency=str(refund["currency"]).upper(),
            # Old refunds have none.
            status=Refund.Status(refund.get("status") or Refund.Status.SUCCEEDED).value,
            reason=str(refund.get("reason") or ""),
            failure=str(refund.get("failure_reason") or ""),
            created_at=moment(refund["created"]),
            refund_id=str((refund.get("metadata") or {}).get("refund_id", "")),
        )


def dispute_facts(dispute: Mapping[str, Any]) -> DisputeFacts:
    """The facts of a dispute as the API writes it. Raises: MalformedObject."""
    with _reading(dispute, "dispute"):
        due = (dispute.get("evidence_details") or {}).get("due_by")
        return DisputeFacts(
            id=str(dispute["id"]),
            payment_intent_id=identifier(dispute.get("payment_intent")),
            amount_minor=amount(dispute["amount"]),
            currency=str(dispute["currency"]).upper(),
            status=Dispute.Status(dispute["status"]).value,
            reason=str(dispute.get("reason") or ""),
            created_at=moment(dispute["created"]),
            evidence_due_at=moment(due) if due else None,
        )


@contextmanager
def _reading(subject: Mapping[str, Any], kind: str) -> Iterator[None]:
    """Turns whatever goes wrong while an object is read into MalformedObject."""
    found = subject.get("object") if isinstance(subject, Mapping) else None
    if found != kind:
        raise MalformedObject(f"a {found}, not a {kind}")
    try:
        yield
    except UNREADABLE as error:
        raise MalformedObject(f"{type(error).__name__}: {error}") from error


def identifier(reference: object) -> str:
    """The id of an object that the API may give as an id, expanded, or not at all."""
    if isinstance(reference, Mapping):
        return str(reference["id"])
    return str(reference or "")


def amount(value: Any) -> int:
    """An amount as the columns can hold it. Raises: ValueError."""
    number = int(value)
    if not 0 <= number <= MOST_MINOR:
        raise ValueError(f"{number} is no amount")
    return number


def moment(seconds: Any) -> datetime:
    """Stripe's time, in seconds since 1970."""
    return datetime.fromtimestamp(int(seconds), tz=UTC)
