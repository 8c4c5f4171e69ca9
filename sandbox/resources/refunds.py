"""Refunds: return a charge's amount, in whole or in part, and never more than was captured.

A card refund succeeds at once; a bank debit's refund is pending at first. Both can fail later,
and the money is then the seller's again.
Source: docs.stripe.com/api/refunds, docs.stripe.com/refunds.
"""

from sandbox.errors import ApiError, invalid_param
from sandbox.money import format_amount
from sandbox.parameters import (
    email,
    enum,
    integer,
    list_parameters,
    metadata,
    record,
    text,
    unsupported,
)
from sandbox.resources import charges, payment_intents
from sandbox.resources.events import record_event
from sandbox.resources.pagination import timestamp_range
from sandbox.resources.table import ResourceTable
from sandbox.store import Json, Transaction, new_id

TABLE = ResourceTable("refund", "refund", "/v1/refunds")
FAILURE_REASONS = ("lost_or_stolen_card", "expired_or_canceled_card", "declined", "unknown")

CREATE_PARAMETERS = record(
    {
        "amount": integer(minimum=1),
        "charge": text(),
        "instructions_email": email,
        "metadata": metadata,
        "payment_intent": text(),
        "reason": enum("duplicate", "fraudulent", "requested_by_customer"),
        **dict.fromkeys(
            (
                "currency",
                "customer",
                "expand",
                "origin",
                "refund_application_fee",
                "reverse_transfer",
            ),
            unsupported,
        ),
    }
)
UPDATE_PARAMETERS = record({"metadata": metadata})
LIST_PARAMETERS = list_parameters("charge", "payment_intent", created=timestamp_range)


def create(transaction: Transaction, params: Json) -> Json:
    """Refund a charge. Raises ApiError if nothing, or not that much, is left to refund."""
    charge = find_charge(transaction, params)
    unrefunded = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", unrefunded)
    check_refundable(charge)
    check_amount(charge, amount, unrefunded)
    refund = new_body(transaction.now, charge, amount, params)
    TABLE.save(transaction, refund)
    add_refunded(transaction, charge, amount)
    record_event(transaction, "refund.created", refund)
    record_event(transaction, "charge.refunded", charge)
    return refund


def find_charge(transaction: Transaction, params: Json) -> Json:
    """Return the charge that the parameters name. Raises ApiError if there is none to refund."""
    if "payment_intent" in params:
        charge = successful_charge(transaction, params["payment_intent"])
    elif "charge" in params:
        charge = charges.TABLE.find(transaction, params["charge"], "charge")
    else:
        raise ApiError("One of the following params should be provided: payment_intent or charge.")
    if params.get("charge", charge["id"]) != charge["id"]:
        raise invalid_param("The charge does not belong to the payment_intent.", "charge")
    return charge


def successful_charge(transaction: Transaction, intent_id: str) -> Json:
    """Return the charge that paid the intent. Raises ApiError if it is not paid."""
    intent = payment_intents.TABLE.find(transaction, intent_id, "payment_intent")
    if intent["status"] != "succeeded":
        message = f"This PaymentIntent ({intent['id']}) does not have a successful charge"
        raise invalid_param(f"{message} to refund.", "payment_intent")
    return charges.TABLE.find(transaction, intent["latest_charge"])


def check_refundable(charge: Json) -> None:
    """Require a successful charge that is neither disputed nor fully refunded."""
    if charge["status"] != "succeeded":
        message = f"Charge {charge['id']} did not succeed and cannot be refunded."
        raise invalid_param(message, "charge")
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise ApiError(message, code="charge_disputed")
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise ApiError(message, code="charge_already_refunded")


def check_amount(charge: Json, amount: int, unrefunded: int) -> None:
    """Refuse to refund more than is left. Stripe gives this error no code."""
    if amount <= unrefunded:
        return
    money = charge["currency"]
    limit = "charge amount" if unrefunded == charge["amount"] else "unrefunded amount on charge"
    message = f"Refund amount ({format_amount(amount, money)}) is greater than {limit}"
    raise invalid_param(f"{message} ({format_amount(unrefunded, money)})", "amount")


def new_body(now: int, charge: Json, amount: int, params: Json) -> Json:
    method = charge["payment_method_details"]["type"]
    details = {"reference_status": "pending", "reference_type": "acquirer_reference_number"}
    return {
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "destination_details": {
            "type": method,
            method: {**details, "type": "refund"} if method == "card" else {},
        },
        "id": new_id("re_3"),
        "metadata": params.get("metadata", {}),
        "object": "refund",
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded" if method == "card" else "pending",
        "transfer_reversal": None,
    }


def add_refunded(transaction: Transaction, charge: Json, amount: int) -> None:
    """Add to the charge's refunded amount; a failed refund passes a negative amount."""
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    charges.TABLE.save(transaction, charge)


def succeed(transaction: Transaction, identifier: str) -> Json:
    """Let a pending refund succeed. Idempotent."""
    refund = retrieve(transaction, identifier)
    if refund["status"] == "pending":
        refund["status"] = "succeeded"
        TABLE.save_with_event(transaction, refund, "refund.updated")
    return refund


def fail(transaction: Transaction, identifier: str, reason: str) -> Json:
    """Let a refund fail, which makes its amount refundable again. Idempotent."""
    refund = retrieve(transaction, identifier)
    if refund["status"] == "failed":
        return refund
    refund.update(status="failed", failure_reason=reason)
    TABLE.save(transaction, refund)
    charge = charges.TABLE.find(transaction, refund["charge"])
    add_refunded(transaction, charge, -refund["amount"])
    record_event(transaction, "refund.updated", refund)
    record_event(transaction, "refund.failed", refund)
    record_event(transaction, "charge.updated", charge)
    return refund


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """Return the refund. Raises ApiError 404."""
    return TABLE.find(transaction, identifier)


def update(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Add to the metadata. Raises ApiError 404."""
    refund = retrieve(transaction, identifier)
    refund["metadata"] |= params.get("metadata", {})
    return TABLE.save_with_event(transaction, refund, "refund.updated")


def list_all(transaction: Transaction, params: Json) -> Json:
    """Return a page of refunds, newest first."""
    return TABLE.list_page(transaction, params, "charge", "payment_intent")
