"""Charges: each attempt to take the money of a payment intent, and what came of it later.

Source: docs.stripe.com/api/charges.
"""

from sandbox.cards import Card, Decline
from sandbox.events import record_event
from sandbox.listing import range_of_moments
from sandbox.objects import Shelf, listing
from sandbox.parameters import expandable, record
from sandbox.store import Json, Transaction, new_id

SHELF = Shelf("charge", "charge", "/v1/charges")
RETRIEVE_PARAMETERS = record({"expand": expandable("refunds")})
LIST_PARAMETERS = listing("payment_intent", created=range_of_moments)

EMPTY: Json = {
    **dict.fromkeys(
        [
            "application",
            "application_fee",
            "application_fee_amount",
            "balance_transaction",
            "customer",
            "failure_balance_transaction",
            "failure_code",
            "failure_message",
            "on_behalf_of",
            "receipt_number",
            "receipt_url",
            "review",
            "shipping",
            "source_transfer",
            "transfer_data",
            "transfer_group",
        ]
    ),
    "amount_captured": 0,
    "amount_refunded": 0,
    "captured": False,
    "disputed": False,
    "fraud_details": {},
    "livemode": False,
    "object": "charge",
    "paid": False,
    "refunded": False,
}
FROM_INTENT = (
    "amount",
    "currency",
    "description",
    "metadata",
    "payment_method",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
)
OUTCOMES = {
    "succeeded": ("approved_by_network", "authorized", "Payment complete."),
    "pending": ("approved_by_network", "authorized", "Payment is on its way."),
    "failed": ("declined_by_network", "issuer_declined", "The bank did not say more."),
}
NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def succeed(transaction: Transaction, intent: Json, card: Card) -> Json:
    """The money was taken."""
    charge = {**made(transaction, intent, card), **taken(intent["amount"])}
    return kept(transaction, charge, "charge.succeeded")


def wait(transaction: Transaction, intent: Json, card: Card) -> Json:
    """The money is on its way, and may not come."""
    charge = {**made(transaction, intent, card), "status": "pending", "outcome": outcome("pending")}
    return kept(transaction, charge, "charge.pending")


def fail(transaction: Transaction, intent: Json, card: Card, reason: Decline) -> Json:
    """The money was refused."""
    charge = {**made(transaction, intent, card), **refused(reason)}
    return kept(transaction, charge, "charge.failed")


def settle(transaction: Transaction, identifier: str, reason: Decline | None) -> Json:
    """What was on its way has come, or has not for this reason."""
    charge = find(transaction, identifier)
    charge.update(refused(reason) if reason else taken(charge["amount"]))
    return kept(transaction, charge, "charge.failed" if reason else "charge.succeeded")


def taken(amount: int) -> Json:
    """What a charge shows once the money is there."""
    shown = {"amount_captured": amount, "captured": True, "paid": True}
    return {**shown, "status": "succeeded", "outcome": outcome("succeeded")}


def refused(reason: Decline) -> Json:
    """What a charge shows once the money will not come."""
    failure = {"failure_code": reason.error_code, "failure_message": reason.message}
    return {**failure, "status": "failed", "outcome": outcome("failed", reason.code)}


def outcome(status: str, reason: str | None = None) -> Json:
    """What the network said about it."""
    network_status, kind, sentence = OUTCOMES[status]
    unknown = dict.fromkeys(("advice_code", "network_advice_code", "network_decline_code"))
    said = {"network_status": network_status, "reason": reason, "seller_message": sentence}
    return {**unknown, **said, "type": kind}


def made(transaction: Transaction, intent: Json, card: Card) -> Json:
    """An attempt that nothing has come of yet."""
    buyer = {"email": intent["receipt_email"], "name": None, "phone": None, "tax_id": None}
    return {
        **EMPTY,
        **{name: intent[name] for name in FROM_INTENT},
        "billing_details": {"address": NO_ADDRESS, **buyer},
        "calculated_statement_descriptor": "SANDBOX",
        "created": transaction.now,
        "id": new_id("ch_3"),
        "payment_intent": intent["id"],
        "payment_method_details": paid_with(card),
    }


def paid_with(card: Card) -> Json:
    """The card or bank account, with no more of its number than its end."""
    if card.kind == "sepa_debit":
        unknown = dict.fromkeys(("bank_code", "branch_code", "fingerprint", "mandate"))
        account = {**unknown, "country": card.number[:2], "last4": card.number[-4:]}
        return {"type": "sepa_debit", "sepa_debit": account}
    unknown = dict.fromkeys(("fingerprint", "installments", "mandate", "three_d_secure", "wallet"))
    shown = {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034}
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    card_shown = {**unknown, **shown, "checks": checks, "funding": "credit", "network": "visa"}
    return {"type": "card", "card": {**card_shown, "last4": card.number[-4:]}}


def kept(transaction: Transaction, charge: Json, event: str) -> Json:
    """Write the charge and record its event."""
    SHELF.save(transaction, charge)
    record_event(transaction, event, charge)
    return charge


def find(transaction: Transaction, identifier: str, param: str | None = None) -> Json:
    """The charge of that name. Raises ApiError 404."""
    return SHELF.find(transaction, identifier, param)


def retrieve(transaction: Transaction, identifier: str, params: Json) -> Json:
    """One charge, with its refunds if they were asked for. Raises ApiError 404."""
    charge = find(transaction, identifier)
    if "refunds" in params.get("expand", []):
        charge["refunds"] = refunds_of(transaction, identifier)
    return charge


def refunds_of(transaction: Transaction, identifier: str) -> Json:
    """The last refunds of a charge, newest first."""
    refunds = Shelf("refund", "refund", f"/v1/charges/{identifier}/refunds")
    return refunds.listed(transaction, {"charge": identifier}, ("charge",))


def listed(transaction: Transaction, params: Json) -> Json:
    """Charges, newest first, a page at a time."""
    return SHELF.listed(transaction, params, ("payment_intent",))
