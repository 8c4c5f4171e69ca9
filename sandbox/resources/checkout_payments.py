"""Payments of checkout sessions: pay, decline, authenticate, settle.

A declined card leaves the session open for another attempt. A bank debit completes the session
unpaid; it succeeds or fails later. A complete session is never paid again.
Source: docs.stripe.com/payments/checkout/fulfill-orders#delayed-notification.
"""

from sandbox.payment_methods import (
    AUTHENTICATION_FAILED,
    DEBIT_FAILED,
    NEEDS_AUTHENTICATION,
    SUCCEEDS,
    Decline,
    PaymentMethod,
)
from sandbox.resources import checkout_sessions, disputes, payment_intents, promotion_codes
from sandbox.resources.checkout_sessions import StoredSession
from sandbox.resources.events import record_event
from sandbox.resources.payment_intents import PaymentAttempt
from sandbox.store import Json, Transaction


class SessionExpiredError(Exception):
    """The session has expired and can no longer be paid."""

    def __init__(self) -> None:
        super().__init__("The session has expired and can no longer be paid.")


class NotPendingError(Exception):
    """The session has no authentication or debit that is pending."""


def pay(
    transaction: Transaction,
    identifier: str,
    email: str,
    method: PaymentMethod = SUCCEEDS,
    *,
    settle_seconds: int = 0,
) -> StoredSession:
    """Attempt to pay an open session; the returned session shows the result.

    A bank debit settles `settle_seconds` from now. Idempotent once the session is complete.
    Raises ApiError 404, SessionExpiredError.
    """
    stored = find_payable(transaction, identifier)
    if stored.status == "complete":
        return stored
    if not stored.amount:
        complete(transaction, stored, email, "no_payment_required")
    elif method.kind == "sepa_debit":
        start_debit(transaction, stored, email, transaction.now + settle_seconds, method)
    elif method.decline:
        decline(transaction, identifier, method.decline, method)
    elif method.needs_authentication:
        require_authentication(transaction, stored, email)
    else:
        charge(transaction, stored, email, method)
    return checkout_sessions.find(transaction, identifier)


def find_payable(transaction: Transaction, identifier: str) -> StoredSession:
    """Return the open or complete session. Raises ApiError 404, SessionExpiredError."""
    stored = checkout_sessions.find(transaction, identifier)
    if stored.status == "expired":
        raise SessionExpiredError
    return stored


def charge(
    transaction: Transaction, stored: StoredSession, email: str, method: PaymentMethod
) -> None:
    """Collect the amount, and dispute it right away if the card says so."""
    intent = payment_intents.succeed(transaction, attempt_for(stored), method)
    stored.payment_intent = intent["id"]
    complete(transaction, stored, email, "paid")
    if method.dispute:
        disputes.create(transaction, {"payment_intent": intent["id"], "reason": method.dispute})


def start_debit(
    transaction: Transaction, stored: StoredSession, email: str, due_at: int, method: PaymentMethod
) -> None:
    """Complete the session unpaid, with a debit that settles later."""
    intent = payment_intents.start(transaction, attempt_for(stored), method)
    stored.payment_intent = intent["id"]
    transaction.execute(
        "INSERT INTO settlement (session_id, due_at, succeeds) VALUES (?, ?, ?)",
        *(stored.id, due_at, method.decline is None),
    )
    complete(transaction, stored, email, "unpaid")


def complete(
    transaction: Transaction, stored: StoredSession, email: str, payment_status: str
) -> None:
    """Move the session from `open` to `complete`, with its event."""
    stored.body["payment_intent"] = stored.payment_intent
    stored.body.update(status="complete", url=None, payment_status=payment_status)
    stored.body["customer_details"] = customer_details(email)
    checkout_sessions.save(transaction, stored)
    promotion_codes.redeem(transaction, stored)
    record_event(transaction, "checkout.session.completed", stored.body)


def decline(
    transaction: Transaction, identifier: str, reason: Decline, method: PaymentMethod = SUCCEEDS
) -> StoredSession:
    """Decline an attempt; the session stays open. A complete session is returned unchanged.

    Raises ApiError 404, SessionExpiredError.
    """
    stored = find_payable(transaction, identifier)
    if stored.status == "open":
        intent = payment_intents.fail(transaction, attempt_for(stored), method, reason)
        stored.payment_intent = intent["id"]
        checkout_sessions.save(transaction, stored)
    return stored


def require_authentication(transaction: Transaction, stored: StoredSession, email: str) -> None:
    """Make the session's page ask the buyer to authenticate with their bank."""
    attempt = attempt_for(stored)
    intent = payment_intents.require_action(transaction, attempt, stored.body["url"])
    stored.body["customer_details"] = customer_details(email)
    stored.payment_intent = intent["id"]
    checkout_sessions.save(transaction, stored)


def needs_authentication(transaction: Transaction, stored: StoredSession) -> bool:
    """Return whether the session waits for the buyer to authenticate."""
    if stored.status != "open" or not stored.payment_intent:
        return False
    intent = payment_intents.TABLE.find(transaction, stored.payment_intent)
    return bool(intent["status"] == "requires_action")


def authenticate(transaction: Transaction, identifier: str) -> StoredSession:
    """Let authentication succeed, and charge. A complete session is returned unchanged.

    Raises ApiError 404, SessionExpiredError, NotPendingError.
    """
    stored = find_payable(transaction, identifier)
    if stored.status == "open":
        check_needs_authentication(transaction, stored)
        email = stored.body["customer_details"]["email"]
        charge(transaction, stored, email, NEEDS_AUTHENTICATION)
    return stored


def fail_authentication(transaction: Transaction, identifier: str) -> StoredSession:
    """Let authentication fail; the session stays open. Raises as `authenticate` does."""
    stored = find_payable(transaction, identifier)
    if stored.status == "open":
        check_needs_authentication(transaction, stored)
    return decline(transaction, identifier, AUTHENTICATION_FAILED, NEEDS_AUTHENTICATION)


def check_needs_authentication(transaction: Transaction, stored: StoredSession) -> None:
    if not needs_authentication(transaction, stored):
        raise NotPendingError("The session does not require authentication.")


def settle(transaction: Transaction, identifier: str, *, succeeds: bool | None = None) -> None:
    """Settle a bank debit: it succeeds, fails, or (None) does what its test number says.

    Raises ApiError 404, NotPendingError.
    """
    stored = checkout_sessions.find(transaction, identifier)
    row = transaction.row(
        "DELETE FROM settlement WHERE session_id = ? RETURNING succeeds", identifier
    )
    if row is None or stored.payment_intent is None:
        raise NotPendingError("The session has no pending debit.")
    succeeded = bool(row["succeeds"]) if succeeds is None else succeeds
    reason = None if succeeded else DEBIT_FAILED
    payment_intents.settle(transaction, stored.payment_intent, reason)
    if succeeded:
        stored.body["payment_status"] = "paid"
        checkout_sessions.save(transaction, stored)
    result = "succeeded" if succeeded else "failed"
    record_event(transaction, f"checkout.session.async_payment_{result}", stored.body)


def settle_due(transaction: Transaction) -> None:
    """Settle every debit that is due."""
    due = transaction.execute(
        "SELECT session_id FROM settlement WHERE due_at <= ? ORDER BY due_at, rowid",
        transaction.now,
    )
    for row in due.fetchall():
        settle(transaction, row["session_id"])


def attempt_for(stored: StoredSession) -> PaymentAttempt:
    return PaymentAttempt(
        intent_id=stored.payment_intent,
        amount=stored.amount,
        currency=stored.body["currency"],
        data=stored.payment_intent_data,
    )


def customer_details(email: str) -> Json:
    empty = dict.fromkeys(("business_name", "individual_name", "name", "phone"))
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {**empty, "address": address, "email": email, "tax_exempt": "none", "tax_ids": []}
