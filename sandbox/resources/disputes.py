"""Disputes: money that the buyer's bank takes back, and may return.

A chargeback withdraws the money when it is opened; a won one returns it, a lost one does not.
An inquiry (`warning_…`) withdraws nothing.
Source: docs.stripe.com/api/disputes, docs.stripe.com/disputes/how-disputes-work.
"""

from typing import Literal

from sandbox.parameters import boolean, enum, list_parameters, record, text
from sandbox.resources import charges, refunds
from sandbox.resources.events import record_event
from sandbox.resources.pagination import timestamp_range
from sandbox.resources.table import ResourceTable
from sandbox.store import Json, Transaction, new_id

TABLE = ResourceTable("dispute", "dispute", "/v1/disputes")
LIST_PARAMETERS = list_parameters("charge", "payment_intent", created=timestamp_range)
RESPONSE_SECONDS = 7 * 24 * 3600
DISPUTE_FEE_MINOR = 1500
Outcome = Literal["won", "lost"]

CREATE_PARAMETERS = record(
    {
        "charge": text(),
        "inquiry": boolean,
        "payment_intent": text(),
        "reason": enum(
            "duplicate",
            "fraudulent",
            "general",
            "product_not_received",
            "product_unacceptable",
            "unrecognized",
        ),
    }
)
EVIDENCE_FIELDS = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


def create(transaction: Transaction, params: Json) -> Json:
    """Dispute what is left of a charge. Raises ApiError if nothing is left.

    Only a buyer's bank creates disputes: Stripe's API has no such operation.
    """
    charge = refunds.find_charge(transaction, params)
    refunds.check_refundable(charge)
    dispute = new_body(transaction.now, charge, params)
    if dispute["status"] == "needs_response":
        withdraw_funds(transaction, dispute, charge)
    TABLE.save_with_event(transaction, dispute, "charge.dispute.created")
    if dispute["balance_transactions"]:
        record_event(transaction, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def new_body(now: int, charge: Json, params: Json) -> Json:
    """Return the dispute before any money has moved."""
    inquiry = params.get("inquiry", False)
    kind = "inquiry" if inquiry else "chargeback"
    due = {"due_by": now + RESPONSE_SECONDS, "past_due": False, "enhanced_eligibility": {}}
    return {
        "id": new_id("du_1"),
        "object": "dispute",
        "amount": charge["amount_captured"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE_FIELDS), "enhanced_evidence": {}},
        "evidence_details": {**due, "has_evidence": False, "submission_count": 0},
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "case_type": kind, "network_reason_code": "10.4"},
        },
        "reason": params.get("reason", "fraudulent"),
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def withdraw_funds(transaction: Transaction, dispute: Json, charge: Json) -> None:
    """Withdraw the amount and a fee, and mark the charge as disputed."""
    withdrawal = balance_transaction(
        transaction.now, dispute, -dispute["amount"], fee=DISPUTE_FEE_MINOR
    )
    dispute["balance_transactions"].append(withdrawal)
    charge["disputed"] = True
    charges.TABLE.save(transaction, charge)


def balance_transaction(now: int, dispute: Json, amount: int, *, fee: int) -> Json:
    """Return a movement of the account's balance: negative if the dispute withdraws it."""
    fee_detail = {"amount": fee, "application": None, "currency": dispute["currency"]}
    fee_detail |= {"description": "Dispute fee", "type": "stripe_fee"}
    return {
        "id": new_id("txn_1"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": dispute["currency"],
        "description": f"Chargeback of {dispute['charge']}",
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [fee_detail] if fee else [],
        "net": amount - fee,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": dispute["id"],
        "status": "available",
        "type": "adjustment",
    }


def close(transaction: Transaction, identifier: str, outcome: Outcome) -> Json:
    """Decide the dispute. Idempotent: the first outcome stays. An inquiry is only closed."""
    dispute = retrieve(transaction, identifier)
    if dispute["status"] in ("won", "lost", "warning_closed"):
        return dispute
    is_inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_closed" if is_inquiry else outcome
    if dispute["status"] == "won":
        reversal = balance_transaction(transaction.now, dispute, dispute["amount"], fee=0)
        dispute["balance_transactions"].append(reversal)
        record_event(transaction, "charge.dispute.funds_reinstated", dispute)
    return TABLE.save_with_event(transaction, dispute, "charge.dispute.closed")


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """Return the dispute. Raises ApiError 404."""
    return TABLE.find(transaction, identifier)


def list_all(transaction: Transaction, params: Json) -> Json:
    """Return a page of disputes, newest first."""
    return TABLE.list_page(transaction, params, "charge", "payment_intent")
