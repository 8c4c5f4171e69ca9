"""Disputes: money that the buyer's bank takes back, and may give back.

A chargeback takes the money when it is opened; won, it comes back; lost, it does not. An
inquiry (`warning_…`) asks first, and takes nothing.
Source: docs.stripe.com/api/disputes, docs.stripe.com/disputes/how-disputes-work.
"""

from typing import Literal

from sandbox import charges, refunds
from sandbox.events import record_event
from sandbox.listing import range_of_moments
from sandbox.objects import Shelf, listing
from sandbox.parameters import boolean, choice, record, text
from sandbox.store import Json, Transaction, new_id

SHELF = Shelf("dispute", "dispute", "/v1/disputes")
LIST_PARAMETERS = listing("charge", "payment_intent", created=range_of_moments)
ANSWER_SECONDS = 7 * 24 * 3600
CHARGEBACK_CENTS = 1500
Outcome = Literal["won", "lost"]

OPEN_PARAMETERS = record(
    {
        "charge": text(),
        "inquiry": boolean,
        "payment_intent": text(),
        "reason": choice(
            "duplicate",
            "fraudulent",
            "general",
            "product_not_received",
            "product_unacceptable",
            "unrecognized",
        ),
    }
)
EVIDENCE = [
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


def open_for(transaction: Transaction, params: Json) -> Json:
    """The buyer's bank disputes what is left of a charge. Raises ApiError where nothing is."""
    charge = refunds.charge_of(transaction, params)
    refunds.refuse_unrefundable(charge)
    dispute = new_body(transaction.now, charge, params)
    if dispute["status"] == "needs_response":
        withdraw(transaction, dispute, charge)
    SHELF.save(transaction, dispute)
    record_event(transaction, "charge.dispute.created", dispute)
    if dispute["balance_transactions"]:
        record_event(transaction, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def new_body(now: int, charge: Json, params: Json) -> Json:
    """The dispute as the API shows it, before any money has moved."""
    inquiry = params.get("inquiry", False)
    kind = "inquiry" if inquiry else "chargeback"
    due = {"due_by": now + ANSWER_SECONDS, "past_due": False, "enhanced_eligibility": {}}
    return {
        "id": new_id("du_1"),
        "object": "dispute",
        "amount": charge["amount_captured"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
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


def withdraw(transaction: Transaction, dispute: Json, charge: Json) -> None:
    """Take the money and a fee, and mark the charge."""
    moved = movement(transaction.now, dispute, -dispute["amount"], fee=CHARGEBACK_CENTS)
    dispute["balance_transactions"].append(moved)
    charge["disputed"] = True
    charges.SHELF.save(transaction, charge)


def movement(now: int, dispute: Json, amount: int, *, fee: int) -> Json:
    """A line of the account's balance: money that a dispute took, or gave back."""
    taken = {"amount": fee, "application": None, "currency": dispute["currency"]}
    described = {**taken, "description": "Dispute fee", "type": "stripe_fee"}
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
        "fee_details": [described] if fee else [],
        "net": amount - fee,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": dispute["id"],
        "status": "available",
        "type": "adjustment",
    }


def close(transaction: Transaction, identifier: str, outcome: Outcome) -> Json:
    """The bank decided. An inquiry is only closed. Once closed, it stays as it is."""
    dispute = retrieve(transaction, identifier)
    if dispute["status"] in ("won", "lost", "warning_closed"):
        return dispute
    is_inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_closed" if is_inquiry else outcome
    if dispute["status"] == "won":
        given_back = movement(transaction.now, dispute, dispute["amount"], fee=0)
        dispute["balance_transactions"].append(given_back)
        record_event(transaction, "charge.dispute.funds_reinstated", dispute)
    SHELF.save(transaction, dispute)
    record_event(transaction, "charge.dispute.closed", dispute)
    return dispute


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """One dispute. Raises ApiError 404."""
    return SHELF.find(transaction, identifier)


def listed(transaction: Transaction, params: Json) -> Json:
    """Disputes, newest first, a page at a time."""
    return SHELF.listed(transaction, params, ("charge", "payment_intent"))
