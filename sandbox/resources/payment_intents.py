"""Payment intents: created at a session's first payment attempt. Each attempt is a charge.

Source: docs.stripe.com/api/payment_intents.
"""

from dataclasses import dataclass

from sandbox.parameters import expandable, list_parameters, record
from sandbox.payment_methods import Decline, PaymentMethod
from sandbox.resources import charges
from sandbox.resources.pagination import timestamp_range
from sandbox.resources.table import ResourceTable
from sandbox.store import Json, Transaction, new_id

TABLE = ResourceTable("payment_intent", "intent", "/v1/payment_intents")
RETRIEVE_PARAMETERS = record({"expand": expandable("latest_charge")})
LIST_PARAMETERS = list_parameters(created=timestamp_range, expand=expandable("data.latest_charge"))

# Fields that the sandbox never fills.
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
COPIED_FROM_SESSION = (
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
)


@dataclass(frozen=True, slots=True)
class PaymentAttempt:
    """One attempt to pay for a session.

    `intent_id` is the payment intent of an earlier attempt, if any. `amount` is in the
    currency's smallest unit; `data` is the session's `payment_intent_data`.
    """

    intent_id: str | None
    amount: int
    currency: str
    data: Json


def succeed(transaction: Transaction, attempt: PaymentAttempt, method: PaymentMethod) -> Json:
    """Collect the amount."""
    intent = begin(transaction, attempt)
    charge = charges.succeed(transaction, intent, method)
    intent.update(success_fields(attempt.amount), latest_charge=charge["id"])
    return TABLE.save_with_event(transaction, intent, "payment_intent.succeeded")


def start(transaction: Transaction, attempt: PaymentAttempt, method: PaymentMethod) -> Json:
    """Begin a payment that is processing until `settle`."""
    intent = begin(transaction, attempt)
    charge = charges.start(transaction, intent, method)
    intent.update(status="processing", latest_charge=charge["id"])
    return TABLE.save_with_event(transaction, intent, "payment_intent.processing")


def settle(transaction: Transaction, identifier: str, reason: Decline | None) -> Json:
    """Complete a processing payment: it succeeds, or fails for this reason."""
    intent = TABLE.find(transaction, identifier)
    charge = charges.settle(transaction, intent["latest_charge"], reason)
    if reason:
        return save_failed(transaction, intent, charge, reason)
    intent.update(success_fields(intent["amount"]))
    return TABLE.save_with_event(transaction, intent, "payment_intent.succeeded")


def require_action(transaction: Transaction, attempt: PaymentAttempt, url: str) -> Json:
    """Require the buyer to authenticate at this URL before the amount is collected."""
    intent = begin(transaction, attempt)
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": url}}
    intent.update(status="requires_action", next_action=action)
    return TABLE.save_with_event(transaction, intent, "payment_intent.requires_action")


def fail(
    transaction: Transaction, attempt: PaymentAttempt, method: PaymentMethod, reason: Decline
) -> Json:
    """Decline the payment. Another attempt may follow."""
    intent = begin(transaction, attempt)
    charge = charges.fail(transaction, intent, method, reason)
    return save_failed(transaction, intent, charge, reason)


def begin(transaction: Transaction, attempt: PaymentAttempt) -> Json:
    """Return the attempt's intent, without traces of an earlier attempt."""
    intent = find_or_new(transaction, attempt)
    method = {"payment_method": new_id("pm_1"), "next_action": None}
    return {**intent, **method, "last_payment_error": None}


def find_or_new(transaction: Transaction, attempt: PaymentAttempt) -> Json:
    if attempt.intent_id:
        return {**TABLE.find(transaction, attempt.intent_id), "amount": attempt.amount}
    identifier = new_id("pi_3")
    return {
        **EMPTY,
        **{name: attempt.data.get(name) for name in COPIED_FROM_SESSION},
        "amount": attempt.amount,
        "amount_received": 0,
        "client_secret": f"{identifier}_{new_id('secret_')}",
        "created": transaction.now,
        "currency": attempt.currency,
        "id": identifier,
        "metadata": attempt.data.get("metadata", {}),
        "status": "requires_payment_method",
    }


def success_fields(amount: int) -> Json:
    return {"status": "succeeded", "amount_received": amount, "last_payment_error": None}


def save_failed(transaction: Transaction, intent: Json, charge: Json, reason: Decline) -> Json:
    """Save the intent after the charge failed."""
    error = {
        "charge": charge["id"],
        "code": reason.error_code,
        "decline_code": reason.code,
        "message": reason.message,
        "type": "card_error",
    }
    intent.update(status="requires_payment_method", latest_charge=charge["id"])
    intent.update(last_payment_error=error, payment_method=None)
    return TABLE.save_with_event(transaction, intent, "payment_intent.payment_failed")


def retrieve(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Return the payment intent. Raises ApiError 404."""
    intent = TABLE.find(transaction, identifier)
    return expand_charge(transaction, intent, params.get("expand", []))


def list_all(transaction: Transaction, params: Json) -> Json:
    """Return a page of payment intents, newest first."""
    page = TABLE.list_page(transaction, params)
    expand = [name.removeprefix("data.") for name in params.get("expand", [])]
    return {**page, "data": [expand_charge(transaction, each, expand) for each in page["data"]]}


def expand_charge(transaction: Transaction, intent: Json, expand: list[str]) -> Json:
    """Replace the id of the latest charge with the charge, if expanded."""
    if "latest_charge" in expand and intent["latest_charge"]:
        charge = charges.TABLE.find(transaction, intent["latest_charge"])
        return {**intent, "latest_charge": charge}
    return intent
