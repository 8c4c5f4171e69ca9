"""Payment intents: the money side of a session, made at the first attempt to pay.

Each attempt is a charge. Source: docs.stripe.com/api/payment_intents.
"""

from dataclasses import dataclass

from sandbox import charges
from sandbox.cards import Card, Decline
from sandbox.events import record_event
from sandbox.listing import range_of_moments
from sandbox.objects import Shelf, listing
from sandbox.parameters import expandable, record
from sandbox.store import Json, Transaction, new_id

SHELF = Shelf("payment_intent", "intent", "/v1/payment_intents")
RETRIEVE_PARAMETERS = record({"expand": expandable("latest_charge")})
LIST_PARAMETERS = listing(created=range_of_moments, expand=expandable("data.latest_charge"))

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
    "payment_method_types": ["card", "sepa_debit"],
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


def succeed(transaction: Transaction, intended: Intended, card: Card) -> Json:
    """The money was taken: keep it and tell it."""
    intent = attempted(made(transaction, intended))
    charge = charges.succeed(transaction, intent, card)
    intent.update(succeeded(intended.amount), latest_charge=charge["id"])
    return kept(transaction, intent, "payment_intent.succeeded")


def wait(transaction: Transaction, intended: Intended, card: Card) -> Json:
    """The money is on its way, and may not come: `settle` says."""
    intent = attempted(made(transaction, intended))
    charge = charges.wait(transaction, intent, card)
    intent.update(status="processing", latest_charge=charge["id"])
    return kept(transaction, intent, "payment_intent.processing")


def settle(transaction: Transaction, identifier: str, reason: Decline | None) -> Json:
    """What was on its way has come, or has not for this reason."""
    intent = find(transaction, identifier)
    charge = charges.settle(transaction, intent["latest_charge"], reason)
    if reason is None:
        intent.update(succeeded(intent["amount"]))
        return kept(transaction, intent, "payment_intent.succeeded")
    return refused(transaction, intent, charge, reason)


def ask(transaction: Transaction, intended: Intended, address: str) -> Json:
    """The bank wants the buyer to confirm, at this address, before money is taken."""
    intent = attempted(made(transaction, intended))
    step = {"type": "redirect_to_url", "redirect_to_url": {"url": address, "return_url": address}}
    intent.update(status="requires_action", next_action=step)
    return kept(transaction, intent, "payment_intent.requires_action")


def fail(transaction: Transaction, intended: Intended, card: Card, reason: Decline) -> Json:
    """The money was refused: keep it and tell it. Another card may be tried."""
    intent = attempted(made(transaction, intended))
    return refused(transaction, intent, charges.fail(transaction, intent, card, reason), reason)


def attempted(intent: Json) -> Json:
    """The intent at the begin of an attempt: what the one before left is gone."""
    method = {"payment_method": new_id("pm_1"), "next_action": None}
    return {**intent, **method, "last_payment_error": None}


def succeeded(amount: int) -> Json:
    """What an intent shows once the money is there."""
    return {"status": "succeeded", "amount_received": amount, "last_payment_error": None}


def refused(transaction: Transaction, intent: Json, charge: Json, reason: Decline) -> Json:
    """The attempt that this charge was has failed."""
    error = {
        "charge": charge["id"],
        "code": reason.error_code,
        "decline_code": reason.code,
        "message": reason.message,
        "type": "card_error",
    }
    intent.update(status="requires_payment_method", latest_charge=charge["id"])
    intent.update(last_payment_error=error, payment_method=None)
    return kept(transaction, intent, "payment_intent.payment_failed")


def made(transaction: Transaction, intended: Intended) -> Json:
    """The intent of the earlier attempt, or a new one."""
    if intended.id:
        return {**find(transaction, intended.id), "amount": intended.amount}
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
    SHELF.save(transaction, intent)
    record_event(transaction, event, intent)
    return intent


def find(transaction: Transaction, identifier: str, param: str | None = None) -> Json:
    """The payment intent of that name. Raises ApiError 404."""
    return SHELF.find(transaction, identifier, param)


def retrieve(transaction: Transaction, identifier: str, params: Json) -> Json:
    """One payment intent as the API shows it. Raises ApiError 404."""
    return shown(transaction, find(transaction, identifier), params.get("expand", []))


def listed(transaction: Transaction, params: Json) -> Json:
    """Payment intents, newest first, a page at a time."""
    found = SHELF.listed(transaction, params, ())
    expand = [name.removeprefix("data.") for name in params.get("expand", [])]
    return {**found, "data": [shown(transaction, intent, expand) for intent in found["data"]]}


def shown(transaction: Transaction, intent: Json, expand: list[str]) -> Json:
    """The intent, with its last charge whole where that was asked for."""
    if "latest_charge" in expand and intent["latest_charge"]:
        return {**intent, "latest_charge": charges.find(transaction, intent["latest_charge"])}
    return intent
