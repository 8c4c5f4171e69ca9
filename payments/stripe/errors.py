"""Stripe's errors, and what this package adds to them.

Every other module imports Stripe's error classes from here or from
`payments.stripe_integration`, so that one place knows the library.
"""

from enum import StrEnum

import stripe
from stripe import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    InvalidRequestError,
    RateLimitError,
    StripeError,
)

from outbound.diagnosis import Diagnosis
from outbound.transport import CallRecord

__all__ = [
    "APIConnectionError",
    "APIError",
    "AuthenticationError",
    "InvalidRequestError",
    "InvalidWebhook",
    "MalformedObject",
    "NoAnswer",
    "RateLimitError",
    "Refusal",
    "StripeError",
    "UnreadableAnswer",
    "is_replayed_error",
]


class NoAnswer(stripe.APIConnectionError):
    """Stripe gave no usable answer.

    `diagnosis` says why and `record` how far the call got. `record` is None if no call was
    made: no route could be decided, or the circuit breaker is open.
    """

    def __init__(self, diagnosis: Diagnosis, record: CallRecord | None) -> None:
        self.diagnosis = diagnosis
        self.record = record
        super().__init__(  # type: ignore[no-untyped-call] # stripe gives it no types
            f"{diagnosis.id}: {diagnosis.operator}", should_retry=False
        )


class Refusal(StrEnum):
    """Why a webhook was refused."""

    SIGNATURE = "signature"
    TOO_OLD = "too-old"
    FROM_THE_FUTURE = "from-the-future"
    CONTENT = "content"


class InvalidWebhook(Exception):
    """The request body is not a signed event. Answer 400 and keep nothing."""

    def __init__(self, reason: Refusal, words: str) -> None:
        self.reason = reason
        super().__init__(words)


class MalformedObject(ValueError):
    """The object is of another type than expected, or lacks a field that Stripe always sets."""


class UnreadableAnswer(stripe.APIError):
    """Stripe answered about an object of ours, and a fact that decides something is missing."""

    def __init__(self, error: MalformedObject) -> None:
        super().__init__(f"Stripe's answer could not be read: {error}")


def is_replayed_error(error: APIError) -> bool:
    """Return True for a server error that Stripe replays because it is stored with the key.

    Stripe stores the result of a request, a 500 included, with its idempotency key for a day.
    The request that met the error has ended, and nobody was given a session that it made.
    Source: docs.stripe.com/api/idempotent_requests.
    """
    is_replay = (error.headers or {}).get("Idempotent-Replayed") == "true"
    return is_replay and (error.http_status or 0) >= 500
