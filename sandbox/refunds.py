"""Refunds: money that goes back, in whole or in part, never more than was taken.

A card's refund has succeeded at once, a bank account's is pending for a while; both may
fail later, and the money is then the shop's again.
Source: docs.stripe.com/api/refunds, docs.stripe.com/refunds.
"""

from sandbox import charges, payment_intents
from sandbox.errors import ApiError, invalid
from sandbox.events import record_event
from sandbox.listing import range_of_moments
from sandbox.money import formatted
from sandbox.objects import Shelf, listing
from sandbox.parameters import (
    choice,
    email,
    integer,
    metadata,
    not_in_the_sandbox,
    record,
    text,
)
from sandbox.store import Json, Transaction, new_id

SHELF = Shelf("refund", "refund", "/v1/refunds")
FAILURES = ("lost_or_stolen_card", "expired_or_canceled_card", "declined", "unknown")

CREATE_PARAMETERS = record(
    {
        "amount": integer(minimum=1),
        "charge": text(),
        "instructions_email": email,
        "metadata": metadata,
        "payment_intent": text(),
        "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
        **dict.fromkeys(
            (
                "currency",
                "customer",
                "expand",
                "origin",
                "refund_application_fee",
                "reverse_transfer",
            ),
            not_in_the_sandbox,
        ),
    }
)
CHANGE_PARAMETERS = record({"metadata": metadata})
LIST_PARAMETERS = listing("charge", "payment_intent", created=range_of_moments)


def create(transaction: Transaction, params: Json) -> Json:
    """Give money back. Raises ApiError where there is none to give back, or not so much."""
    charge = charge_of(transaction, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    refuse_unrefundable(charge)
    refuse_too_much(charge, amount, left)
    refund = new_body(transaction.now, charge, amount, params)
    SHELF.save(transaction, refund)
    add_up(transaction, charge, amount)
    record_event(transaction, "refund.created", refund)
    record_event(transaction, "charge.refunded", charge)
    return refund


def charge_of(transaction: Transaction, params: Json) -> Json:
    """The charge that is meant. Raises ApiError where none is, or it never succeeded."""
    if "payment_intent" in params:
        intent = payment_intents.find(transaction, params["payment_intent"], "payment_intent")
        if intent["status"] != "succeeded":
            message = f"This PaymentIntent ({intent['id']}) does not have a successful charge"
            raise invalid(f"{message} to refund.", "payment_intent")
        charge = charges.find(transaction, intent["latest_charge"])
    elif "charge" in params:
        charge = charges.find(transaction, params["charge"], "charge")
    else:
        raise ApiError("One of the following params should be provided: payment_intent or charge.")
    if params.get("charge", charge["id"]) != charge["id"]:
        raise invalid("The charge does not belong to the payment_intent.", "charge")
    return charge


def refuse_unrefundable(charge: Json) -> None:
    """Nothing goes back of what never came, of what is disputed, or of what is back already."""
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} did not succeed: it cannot be refunded.", "charge")
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; it cannot be refunded."
        raise ApiError(message, code="charge_disputed")
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise ApiError(message, code="charge_already_refunded")


def refuse_too_much(charge: Json, amount: int, left: int) -> None:
    """Not more goes back than is left. Stripe gives no code for it."""
    if amount <= left:
        return
    money = charge["currency"]
    against = "charge amount" if left == charge["amount"] else "unrefunded amount on charge"
    message = f"Refund amount ({formatted(amount, money)}) is greater than {against}"
    raise invalid(f"{message} ({formatted(left, money)})", "amount")


def new_body(now: int, charge: Json, amount: int, params: Json) -> Json:
    """The refund as the API shows it."""
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


def add_up(transaction: Transaction, charge: Json, amount: int) -> None:
    """Keep the sum that went back with its charge; a negative amount came back after all."""
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    charges.SHELF.save(transaction, charge)


def succeed(transaction: Transaction, identifier: str) -> Json:
    """A pending refund has arrived; one that is not pending stays as it is."""
    refund = retrieve(transaction, identifier)
    if refund["status"] == "pending":
        refund["status"] = "succeeded"
        SHELF.save(transaction, refund)
        record_event(transaction, "refund.updated", refund)
    return refund


def fail(transaction: Transaction, identifier: str, reason: str) -> Json:
    """A refund came back: its amount can be refunded again. Once failed it stays so."""
    refund = retrieve(transaction, identifier)
    if refund["status"] == "failed":
        return refund
    refund.update(status="failed", failure_reason=reason)
    SHELF.save(transaction, refund)
    charge = charges.find(transaction, refund["charge"])
    add_up(transaction, charge, -refund["amount"])
    record_event(transaction, "refund.updated", refund)
    record_event(transaction, "refund.failed", refund)
    record_event(transaction, "charge.updated", charge)
    return refund


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """One refund. Raises ApiError 404."""
    return SHELF.find(transaction, identifier)


def change(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Change the metadata. Raises ApiError 404."""
    refund = retrieve(transaction, identifier)
    refund["metadata"] |= params.get("metadata", {})
    SHELF.save(transaction, refund)
    record_event(transaction, "refund.updated", refund)
    return refund


def listed(transaction: Transaction, params: Json) -> Json:
    """Refunds, newest first, a page at a time."""
    return SHELF.listed(transaction, params, ("charge", "payment_intent"))
