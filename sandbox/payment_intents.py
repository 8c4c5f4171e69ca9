"""Payment intents: the money side of a session, made at the first attempt to pay.

Source: docs.stripe.com/api/payment_intents.
"""

import json
from dataclasses import dataclass

from sandbox.cards import Decline
from sandbox.errors import no_such
from sandbox.events import record_event
from sandbox.parameters import record
from sandbox.store import Json, Transaction, dumped, new_id

RETRIEVE_PARAMETERS = record({})

EMPTY: Json = {
    **dict.fromkeys(
        [
            "application",
            "application_fee_amount",
            "automatic_payment_methods",
            "canceled_at",
            "cancellation_reason",
            "customer",
            "customer_account",
            "last_payment_error",
            "latest_charge",
            "next_action",
            "on_behalf_of",
            "payment_method",
            "payment_method_configuration_details",
            "processing",
            "review",
            "setup_future_usage",
            "shipping",
            "transfer_data",
            "transfer_group",
        ]
    ),
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "capture_method": "automatic",
    "confirmation_method": "automatic",
    "livemode": False,
    "object": "payment_intent",
    "payment_method_options": {},
    "payment_method_types": ["card"],
}


@dataclass(frozen=True, slots=True)
class Intended:
    """The payment that a session asks for; `id` where an earlier attempt made the intent.

    `amount` is in the currency's smallest unit; `data` is the session's
    `payment_intent_data`.
    """

    id: str | None
    amount: int
    currency: str
    data: Json


def succeed(transaction: Transaction, intended: Intended) -> Json:
    """The money was taken: keep it and tell it."""
    intent = made(transaction, intended)
    intent.update(status="succeeded", amount_received=intended.amount, last_payment_error=None)
    return kept(transaction, intent, "payment_intent.succeeded")


def fail(transaction: Transaction, intended: Intended, reason: Decline) -> Json:
    """The card was refused: keep it and tell it. Another card may be tried."""
    intent = made(transaction, intended)
    intent["last_payment_error"] = {
        "code": "card_declined",
        "decline_code": reason.code,
        "message": reason.message,
        "type": "card_error",
    }
    return kept(transaction, intent, "payment_intent.payment_failed")


def made(transaction: Transaction, intended: Intended) -> Json:
    """The intent of the earlier attempt, or a new one."""
    if intended.id:
        return retrieve(transaction, intended.id)
    identifier = new_id("pi_3")
    given = {
        name: intended.data.get(name)
        for name in (
            "description",
            "receipt_email",
            "statement_descriptor",
            "statement_descriptor_suffix",
        )
    }
    return {
        **EMPTY,
        **given,
        "amount": intended.amount,
        "amount_received": 0,
        "client_secret": f"{identifier}_{new_id('secret_')}",
        "created": transaction.now,
        "currency": intended.currency,
        "id": identifier,
        "metadata": intended.data.get("metadata", {}),
        "status": "requires_payment_method",
    }


def kept(transaction: Transaction, intent: Json, event: str) -> Json:
    """Write the intent and record its event."""
    transaction.execute(
        "INSERT INTO payment_intent (id, body) VALUES (?, ?)"
        " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        *(intent["id"], dumped(intent)),
    )
    record_event(transaction, event, intent)
    return intent


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """One payment intent. Raises ApiError 404."""
    row = transaction.row("SELECT body FROM payment_intent WHERE id = ?", identifier)
    if row is None:
        raise no_such("payment_intent", identifier, "intent")
    intent: Json = json.loads(row["body"])
    return intent
