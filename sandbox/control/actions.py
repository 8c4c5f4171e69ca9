"""What tests can make happen: actions of buyers, banks and Stripe's dashboard.

Each action takes JSON fields and returns the object afterwards. It raises InvalidFieldError for
fields that make no sense, and ApiError for what Stripe would refuse.
"""

from collections.abc import Callable
from typing import Any

from sandbox.payment_methods import (
    DECLINES,
    SUCCEEDS,
    TEST_PAYMENT_METHODS,
    PaymentMethod,
    find_by_name,
)
from sandbox.resources import (
    checkout_payments,
    checkout_sessions,
    disputes,
    events,
    promotion_codes,
    refunds,
)
from sandbox.store import Json, Transaction

Action = Callable[[Transaction, str, Json], Json]
DEFAULT_EMAIL = "learner@example.com"
DISPUTE_OUTCOMES: tuple[disputes.Outcome, ...] = ("won", "lost")
# Without `settle_seconds`, a bank debit stays pending until a test settles it.
NEVER_SETTLES_SECONDS = 10 * 365 * 24 * 3600


class InvalidFieldError(Exception):
    """A field of the control request is invalid."""


def one_of(fields: Json, name: str, allowed: tuple[Any, ...], default: Any = None) -> Any:
    """Return the field's value, which must be one of those allowed. Raises InvalidFieldError."""
    value = fields.get(name, default)
    if value not in allowed:
        raise InvalidFieldError(f"{name} must be one of {', '.join(map(str, allowed))}.")
    return value


def payment_method_in(fields: Json) -> PaymentMethod:
    """Return the test payment method that `card` names. Raises InvalidFieldError."""
    names = tuple(method.name for method in TEST_PAYMENT_METHODS)
    return find_by_name(one_of(fields, "card", names, SUCCEEDS.name)) or SUCCEEDS


def pay(transaction: Transaction, session: str, fields: Json) -> Json:
    """Pay with a test payment method, as a buyer does on the payment page."""
    checkout_payments.pay(
        transaction,
        session,
        str(fields.get("email") or DEFAULT_EMAIL),
        payment_method_in(fields),
        settle_seconds=int(fields.get("settle_seconds", NEVER_SETTLES_SECONDS)),
    )
    return retrieve_session(transaction, session)


def decline(transaction: Transaction, session: str, fields: Json) -> Json:
    """Attempt to pay with a card that is declined."""
    reason = DECLINES[one_of(fields, "code", tuple(DECLINES), "generic_decline")]
    checkout_payments.decline(transaction, session, reason)
    return retrieve_session(transaction, session)


def authenticate(transaction: Transaction, session: str, fields: Json) -> Json:
    """Authenticate the payment with the buyer's bank."""
    checkout_payments.authenticate(transaction, session)
    return retrieve_session(transaction, session)


def fail_authentication(transaction: Transaction, session: str, fields: Json) -> Json:
    """Fail to authenticate the payment."""
    checkout_payments.fail_authentication(transaction, session)
    return retrieve_session(transaction, session)


def settle(transaction: Transaction, session: str, fields: Json) -> Json:
    """Let a pending bank debit succeed or fail."""
    succeeds = one_of(fields, "succeeds", (True, False), default=True)
    checkout_payments.settle(transaction, session, succeeds=succeeds)
    return retrieve_session(transaction, session)


def apply_promotion_code(transaction: Transaction, session: str, fields: Json) -> Json:
    """Enter a promotion code on the payment page."""
    stored = checkout_sessions.find(transaction, session)
    promotion_codes.apply(transaction, stored, str(fields.get("code", "")))
    return retrieve_session(transaction, session)


def expire(transaction: Transaction, session: str, fields: Json) -> Json:
    """Expire an open session."""
    return checkout_sessions.expire(transaction, session, {})


def retrieve_session(transaction: Transaction, session: str) -> Json:
    return checkout_sessions.retrieve(transaction, session, {})


def create_refund(transaction: Transaction, fields: Json) -> Json:
    """Refund from Stripe's dashboard, with the parameters of the API."""
    return refunds.create(transaction, refunds.CREATE_PARAMETERS(form_from_json(fields), ""))


def succeed_refund(transaction: Transaction, identifier: str, fields: Json) -> Json:
    """Let a pending refund succeed."""
    return refunds.succeed(transaction, identifier)


def fail_refund(transaction: Transaction, identifier: str, fields: Json) -> Json:
    """Let a refund fail, even one that had succeeded."""
    reason = one_of(fields, "reason", refunds.FAILURE_REASONS, "unknown")
    return refunds.fail(transaction, identifier, reason)


def create_dispute(transaction: Transaction, fields: Json) -> Json:
    """Dispute a charge, as the buyer's bank does."""
    return disputes.create(transaction, disputes.CREATE_PARAMETERS(form_from_json(fields), ""))


def close_dispute(transaction: Transaction, identifier: str, fields: Json) -> Json:
    """Decide a dispute, as the buyer's bank does."""
    return disputes.close(transaction, identifier, one_of(fields, "outcome", DISPUTE_OUTCOMES))


def resend_event(transaction: Transaction, identifier: str, fields: Json) -> Json:
    """Deliver an event again, as "Resend" in Stripe's dashboard does."""
    event = events.retrieve(transaction, identifier)
    events.send(transaction, identifier, event["type"])
    return event


def create_twin_event(transaction: Transaction, identifier: str, fields: Json) -> Json:
    """Deliver a second event, with an id of its own, about the same change."""
    twin = events.create_twin(transaction, identifier)
    events.send(transaction, twin["id"], twin["type"])
    return twin


def form_from_json(fields: Json) -> Json:
    """Return JSON as a decoded form has it: every value is a string."""
    return {
        name: form_from_json(value) if isinstance(value, dict) else form_value(value)
        for name, value in fields.items()
    }


def form_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# By collection and verb: `POST sessions/{id}/pay`.
ACTIONS: dict[tuple[str, str], Action] = {
    ("sessions", "pay"): pay,
    ("sessions", "decline"): decline,
    ("sessions", "authenticate"): authenticate,
    ("sessions", "fail_authentication"): fail_authentication,
    ("sessions", "settle"): settle,
    ("sessions", "apply_promotion_code"): apply_promotion_code,
    ("sessions", "expire"): expire,
    ("events", "resend"): resend_event,
    ("events", "twin"): create_twin_event,
    ("refunds", "succeed"): succeed_refund,
    ("refunds", "fail"): fail_refund,
    ("disputes", "close"): close_dispute,
}
# By collection: `POST refunds`.
CREATE_ACTIONS: dict[str, Callable[[Transaction, Json], Json]] = {
    "refunds": create_refund,
    "disputes": create_dispute,
}
