"""Charges: each attempt to collect a payment intent's amount, and its result.

Source: docs.stripe.com/api/charges.
"""

from sandbox.parameters import expandable, list_parameters, record
from sandbox.payment_methods import Decline, PaymentMethod
from sandbox.resources.pagination import timestamp_range
from sandbox.resources.table import ResourceTable
from sandbox.store import Json, Transaction, new_id

TABLE = ResourceTable("charge", "charge", "/v1/charges")
RETRIEVE_PARAMETERS = record({"expand": expandable("refunds")})
LIST_PARAMETERS = list_parameters("payment_intent", created=timestamp_range)

# Fields that the sandbox never fills.
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
COPIED_FROM_INTENT = (
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
    "pending": ("approved_by_network", "authorized", "Payment processing."),
    "failed": (
        "declined_by_network",
        "issuer_declined",
        "The bank did not return any further details with this decline.",
    ),
}
EMPTY_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def succeed(transaction: Transaction, intent: Json, method: PaymentMethod) -> Json:
    """Create a charge that succeeded."""
    charge = {**new_body(transaction, intent, method), **success_fields(intent["amount"])}
    return TABLE.save_with_event(transaction, charge, "charge.succeeded")


def start(transaction: Transaction, intent: Json, method: PaymentMethod) -> Json:
    """Create a charge that is pending until `settle`."""
    pending = {"status": "pending", "outcome": outcome("pending")}
    charge = {**new_body(transaction, intent, method), **pending}
    return TABLE.save_with_event(transaction, charge, "charge.pending")


def fail(transaction: Transaction, intent: Json, method: PaymentMethod, reason: Decline) -> Json:
    """Create a charge that failed."""
    charge = {**new_body(transaction, intent, method), **failure_fields(reason)}
    return TABLE.save_with_event(transaction, charge, "charge.failed")


def settle(transaction: Transaction, identifier: str, reason: Decline | None) -> Json:
    """Complete a pending charge: it succeeds, or fails for this reason."""
    charge = TABLE.find(transaction, identifier)
    charge.update(failure_fields(reason) if reason else success_fields(charge["amount"]))
    event_type = "charge.failed" if reason else "charge.succeeded"
    return TABLE.save_with_event(transaction, charge, event_type)


def success_fields(amount: int) -> Json:
    captured = {"amount_captured": amount, "captured": True, "paid": True}
    return {**captured, "status": "succeeded", "outcome": outcome("succeeded")}


def failure_fields(reason: Decline) -> Json:
    failure = {"failure_code": reason.error_code, "failure_message": reason.message}
    return {**failure, "status": "failed", "outcome": outcome("failed", reason.code)}


def outcome(status: str, reason: str | None = None) -> Json:
    network_status, kind, message = OUTCOMES[status]
    codes = dict.fromkeys(("advice_code", "network_advice_code", "network_decline_code"))
    result = {"network_status": network_status, "reason": reason, "seller_message": message}
    return {**codes, **result, "type": kind}


def new_body(transaction: Transaction, intent: Json, method: PaymentMethod) -> Json:
    """Return a charge without a result yet."""
    contact = {"email": intent["receipt_email"], "name": None, "phone": None, "tax_id": None}
    return {
        **EMPTY,
        **{name: intent[name] for name in COPIED_FROM_INTENT},
        "billing_details": {"address": EMPTY_ADDRESS, **contact},
        "calculated_statement_descriptor": "SANDBOX",
        "created": transaction.now,
        "id": new_id("ch_3"),
        "payment_intent": intent["id"],
        "payment_method_details": payment_method_details(method),
    }


def payment_method_details(method: PaymentMethod) -> Json:
    """Describe the card or bank account, with only the last four digits of its number."""
    last4 = method.number[-4:]
    if method.kind == "sepa_debit":
        unknown = dict.fromkeys(("bank_code", "branch_code", "fingerprint", "mandate"))
        account = {**unknown, "country": method.number[:2], "last4": last4}
        return {"type": "sepa_debit", "sepa_debit": account}
    unknown = dict.fromkeys(("fingerprint", "installments", "mandate", "three_d_secure", "wallet"))
    known = {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "last4": last4}
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    network = {"checks": checks, "funding": "credit", "network": "visa"}
    return {"type": "card", "card": {**unknown, **known, **network}}


def retrieve(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Return the charge, with its refunds if expanded. Raises ApiError 404."""
    charge = TABLE.find(transaction, identifier)
    if "refunds" in params.get("expand", []):
        charge["refunds"] = refunds_of(transaction, identifier)
    return charge


def refunds_of(transaction: Transaction, identifier: str) -> Json:
    """Return the first page of a charge's refunds, newest first."""
    refunds = ResourceTable("refund", "refund", f"/v1/charges/{identifier}/refunds")
    return refunds.list_page(transaction, {"charge": identifier}, "charge")


def list_all(transaction: Transaction, params: Json) -> Json:
    """Return a page of charges, newest first."""
    return TABLE.list_page(transaction, params, "payment_intent")
