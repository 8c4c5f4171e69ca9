"""How a checkout session is paid: at once, after a second step, later, or not.

A card that is refused leaves the session open for another one. A bank account completes it
at once, unpaid, and the money comes or fails to come later. A session that is complete is
never paid again.
"""

from sandbox import checkout, disputes, payment_intents, promotions
from sandbox.cards import DEBIT_FAILED, NOT_AUTHENTICATED, PAYS, Card, Decline
from sandbox.checkout import StoredSession
from sandbox.events import record_event
from sandbox.store import Json, Transaction


class NotOpenError(Exception):
    """The session has expired and can no longer be paid."""

    def __init__(self) -> None:
        super().__init__("The session has expired and can no longer be paid.")


class NotWaitingError(Exception):
    """The session waits for nothing of that kind."""


def pay(
    transaction: Transaction, identifier: str, address: str, card: Card = PAYS, *, later: int = 0
) -> StoredSession:
    """Try to take the money, once; what came of it stands in the session and its intent.

    `address` is the buyer's e-mail; a bank account pays `later` seconds from now. Raises
    ApiError 404, NotOpenError.
    """
    stored = payable(transaction, identifier)
    if stored.status == "complete":
        return stored
    if not stored.amount:
        complete(transaction, stored, address, "no_payment_required")
    elif card.kind == "sepa_debit":
        charge_later(transaction, stored, address, transaction.now + later, card)
    elif card.decline:
        decline(transaction, identifier, card.decline, card)
    elif card.second_step:
        ask(transaction, stored, address)
    else:
        charge(transaction, stored, address, card)
    return checkout.find(transaction, identifier)


def payable(transaction: Transaction, identifier: str) -> StoredSession:
    """The session, open or complete. Raises ApiError 404, NotOpenError."""
    stored = checkout.find(transaction, identifier)
    if stored.status == "expired":
        raise NotOpenError
    return stored


def charge(transaction: Transaction, stored: StoredSession, address: str, card: Card) -> None:
    """Take the money; some cards have it disputed right away."""
    intent = payment_intents.succeed(transaction, intended(stored), card)
    stored.payment_intent = intent["id"]
    complete(transaction, stored, address, "paid")
    if card.dispute:
        disputes.open_for(transaction, {"payment_intent": intent["id"], "reason": card.dispute})


def charge_later(
    transaction: Transaction, stored: StoredSession, address: str, due_at: int, card: Card
) -> None:
    """The session is complete, and its money on its way."""
    intent = payment_intents.wait(transaction, intended(stored), card)
    stored.payment_intent = intent["id"]
    transaction.execute(
        "INSERT INTO settlement (session_id, due_at, comes) VALUES (?, ?, ?)",
        *(stored.id, due_at, card.decline is None),
    )
    complete(transaction, stored, address, "unpaid")


def complete(
    transaction: Transaction, stored: StoredSession, address: str, payment_status: str
) -> None:
    """`open` to `complete`, with its event."""
    stored.body["payment_intent"] = stored.payment_intent
    stored.body.update(status="complete", url=None, payment_status=payment_status)
    stored.body["customer_details"] = details_of(address)
    checkout.save(transaction, stored)
    promotions.redeem(transaction, stored)
    record_event(transaction, "checkout.session.completed", stored.body)


def decline(
    transaction: Transaction, identifier: str, reason: Decline, card: Card = PAYS
) -> StoredSession:
    """Refuse the card; the session stays open and may be tried again.

    A session that is complete is returned as it is. Raises ApiError 404, NotOpenError.
    """
    stored = payable(transaction, identifier)
    if stored.status == "open":
        intent = payment_intents.fail(transaction, intended(stored), card, reason)
        stored.payment_intent = intent["id"]
        checkout.save(transaction, stored)
    return stored


def ask(transaction: Transaction, stored: StoredSession, address: str) -> None:
    """The bank wants the buyer to confirm first: the session's page asks."""
    intent = payment_intents.ask(transaction, intended(stored), stored.body["url"])
    stored.body["customer_details"] = details_of(address)
    stored.payment_intent = intent["id"]
    checkout.save(transaction, stored)


def waits_for_confirmation(transaction: Transaction, stored: StoredSession) -> bool:
    """True while the buyer is to confirm the payment with the bank."""
    if stored.status != "open" or not stored.payment_intent:
        return False
    intent = payment_intents.find(transaction, stored.payment_intent)
    return bool(intent["status"] == "requires_action")


def confirm(transaction: Transaction, identifier: str, card: Card) -> StoredSession:
    """The buyer confirmed: take the money. Complete sessions are returned as they are.

    Raises ApiError 404, NotOpenError, NotWaitingError.
    """
    stored = payable(transaction, identifier)
    if stored.status == "open":
        refuse_unless_asked(transaction, stored)
        charge(transaction, stored, stored.body["customer_details"]["email"], card)
    return stored


def refuse(transaction: Transaction, identifier: str, card: Card) -> StoredSession:
    """The buyer did not confirm: the session stays open. Raises as `confirm` does."""
    stored = payable(transaction, identifier)
    if stored.status == "open":
        refuse_unless_asked(transaction, stored)
    return decline(transaction, identifier, NOT_AUTHENTICATED, card)


def refuse_unless_asked(transaction: Transaction, stored: StoredSession) -> None:
    """Raises NotWaitingError where no second step was asked for."""
    if not waits_for_confirmation(transaction, stored):
        raise NotWaitingError("The session waits for no second step.")


def settle(transaction: Transaction, identifier: str, *, comes: bool | None = None) -> None:
    """The money of a bank account comes, or does not; None: as its number says.

    Raises ApiError 404, NotWaitingError where none is on its way.
    """
    stored = checkout.find(transaction, identifier)
    row = transaction.row("DELETE FROM settlement WHERE session_id = ? RETURNING comes", identifier)
    if row is None or stored.payment_intent is None:
        raise NotWaitingError("No money of the session is on its way.")
    came = bool(row["comes"]) if comes is None else comes
    payment_intents.settle(transaction, stored.payment_intent, None if came else DEBIT_FAILED)
    if came:
        stored.body["payment_status"] = "paid"
        checkout.save(transaction, stored)
    outcome = "succeeded" if came else "failed"
    record_event(transaction, f"checkout.session.async_payment_{outcome}", stored.body)


def settle_due(transaction: Transaction) -> None:
    """Let all money come, or fail to, whose time is there."""
    due = transaction.execute(
        "SELECT session_id FROM settlement WHERE due_at <= ? ORDER BY due_at, rowid",
        transaction.now,
    )
    for row in due.fetchall():
        settle(transaction, row["session_id"])


def intended(stored: StoredSession) -> payment_intents.Intended:
    """The payment that this session asks for."""
    return payment_intents.Intended(
        id=stored.payment_intent,
        amount=stored.amount,
        currency=stored.body["currency"],
        data=stored.payment_intent_data,
    )


def details_of(address: str) -> Json:
    """What Checkout learned about the buyer."""
    nothing = dict.fromkeys(("business_name", "individual_name", "name", "phone"))
    where = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {**nothing, "address": where, "email": address, "tax_exempt": "none", "tax_ids": []}
