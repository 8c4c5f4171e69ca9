"""Checkout sessions: create, retrieve, list, expire.

A session goes from `open` to `complete` or `expired`, and stays there. `checkout_payments.py`
pays for it. Source: docs.stripe.com/api/checkout/sessions.
"""

import json
import sqlite3
from dataclasses import dataclass

from sandbox.errors import ApiError, resource_missing
from sandbox.resources import payment_intents
from sandbox.resources.checkout_session_parameters import (
    LATEST_CHARGE,
    LINE_ITEMS,
    MAX_LIFETIME_SECONDS,
    PAYMENT_INTENT,
)
from sandbox.resources.events import record_event
from sandbox.resources.pagination import ListQuery, paginate
from sandbox.store import Json, Transaction, new_id, to_json

ID_PLACEHOLDER = "{CHECKOUT_SESSION_ID}"

# Fields that the sandbox never fills.
EMPTY: Json = {
    **dict.fromkeys(
        [
            "after_expiration",
            "allowed_payment_method_types",
            "client_secret",
            "collected_information",
            "consent",
            "consent_collection",
            "customer",
            "customer_account",
            "integration_identifier",
            "invoice",
            "invoice_creation",
            "payment_link",
            "payment_method_configuration_details",
            "recovered_from",
            "setup_intent",
            "shipping_address_collection",
            "shipping_cost",
            "subscription",
            "wallet_options",
        ]
    ),
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "custom_fields": [],
    "custom_text": dict.fromkeys(
        ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    ),
    "discounts": [],
    "livemode": False,
    "mode": "payment",
    "object": "checkout.session",
    "payment_method_collection": "if_required",
    "payment_method_options": {},
    "payment_method_types": ["card", "sepa_debit"],
    "permissions": None,
    "phone_number_collection": {"enabled": False},
    "saved_payment_method_options": None,
    "shipping_options": [],
    "ui_mode": "hosted_page",
}
# Parameters that a session repeats, with their defaults.
ECHOED: Json = {
    "adaptive_pricing": {"enabled": False},
    "allow_promotion_codes": None,
    "billing_address_collection": None,
    "cancel_url": None,
    "client_reference_id": None,
    "customer_creation": "if_required",
    "customer_email": None,
    "locale": None,
    "metadata": {},
    "origin_context": None,
    "submit_type": None,
}


@dataclass(slots=True)
class StoredSession:
    """A session with what the API does not show.

    `body` has the payment intent only once the session is complete, but a declined attempt
    already creates one.
    """

    body: Json
    line_items: list[Json]
    payment_intent: str | None
    payment_intent_data: Json

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def status(self) -> str:
        return str(self.body["status"])

    @property
    def amount(self) -> int:
        """The total in the currency's smallest unit."""
        return int(self.body["amount_total"])


def create(transaction: Transaction, params: Json, public_url: str) -> Json:
    """Create an open session. Its payment page is at `public_url`."""
    identifier = new_id("cs_test_a1", 56)
    stored = StoredSession(
        body=new_body(identifier, params, transaction.now, public_url),
        line_items=[new_line_item(item, transaction.now) for item in params["line_items"]],
        payment_intent=None,
        payment_intent_data=params.get("payment_intent_data", {}),
    )
    transaction.execute(
        "INSERT INTO checkout_session (id, created, expires_at, status, payment_intent_data,"
        " line_items, body) VALUES (?, ?, ?, 'open', ?, ?, ?)",
        *(identifier, transaction.now, stored.body["expires_at"]),
        *(to_json(stored.payment_intent_data), to_json(stored.line_items), to_json(stored.body)),
    )
    return with_expansions(transaction, stored, params.get("expand", []))


def new_body(identifier: str, params: Json, now: int, public_url: str) -> Json:
    items = params["line_items"]
    total = sum(item["price_data"]["unit_amount"] * item["quantity"] for item in items)
    echoed = {name: params.get(name, default) for name, default in ECHOED.items()}
    return {
        **EMPTY,
        **echoed,
        "amount_subtotal": total,
        "amount_total": total,
        "created": now,
        "currency": items[0]["price_data"]["currency"],
        "customer_details": None,
        "expires_at": params.get("expires_at", now + MAX_LIFETIME_SECONDS),
        "id": identifier,
        "payment_intent": None,
        "payment_status": "unpaid" if total else "no_payment_required",
        "status": "open",
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "url": f"{public_url}/c/pay/{identifier}",
    }


def new_line_item(item: Json, now: int) -> Json:
    price_data = item["price_data"]
    amount = price_data["unit_amount"] * item["quantity"]
    return {
        "id": new_id("li_1"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price_data["currency"],
        "description": price_data["product_data"]["name"],
        "metadata": item.get("metadata", {}),
        "price": new_price(price_data, now),
        "quantity": item["quantity"],
    }


def new_price(price_data: Json, now: int) -> Json:
    """Return the price that a line item's `price_data` creates, inactive and for it alone."""
    return {
        "id": new_id("price_1"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": price_data["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": new_id("prod_", 14),
        "recurring": None,
        "tax_behavior": price_data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": price_data["unit_amount"],
        "unit_amount_decimal": str(price_data["unit_amount"]),
    }


def retrieve(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Return the session. Raises ApiError 404."""
    return with_expansions(transaction, find(transaction, identifier), params.get("expand", []))


def list_all(transaction: Transaction, params: Json) -> Json:
    """Return a page of sessions, newest first."""
    query = ListQuery(
        "checkout_session", "SELECT * FROM checkout_session", "/v1/checkout/sessions", params
    )
    query.where_created()
    if "status" in params:
        query.where("status = ?", params["status"])
    if PAYMENT_INTENT in params:
        query.where("status = 'complete' AND payment_intent = ?", params[PAYMENT_INTENT])
    expand = [name.removeprefix("data.") for name in params.get("expand", [])]
    return paginate(
        transaction, query, lambda row: with_expansions(transaction, from_row(row), expand)
    )


def list_line_items(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Return a page of the session's line items, in their order. Raises ApiError 404."""
    stored = find(transaction, identifier)
    items, limit = stored.line_items, params.get("limit", 10)
    if "starting_after" in params:
        items = items[position_of(params["starting_after"], items) + 1 :]
    elif "ending_before" in params:
        before = items[: position_of(params["ending_before"], items)]
        return line_item_list(identifier, before[-limit:], has_more=len(before) > limit)
    return line_item_list(identifier, items[:limit], has_more=len(items) > limit)


def position_of(identifier: str, items: list[Json]) -> int:
    """Return the position of a line item. Raises ApiError 404."""
    for position, item in enumerate(items):
        if item["id"] == identifier:
            return position
    raise resource_missing("line item", identifier)


def line_item_list(identifier: str, items: list[Json], *, has_more: bool) -> Json:
    url = f"/v1/checkout/sessions/{identifier}/line_items"
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def expire(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Expire an open session. Raises ApiError if it is not open."""
    stored = find(transaction, identifier)
    if stored.status != "open":
        raise ApiError(
            "Only Checkout Sessions with a status in [`open`] can be expired. This Checkout "
            f"Session has a status of `{stored.status}`."
        )
    mark_expired(transaction, stored)
    return with_expansions(transaction, stored, params.get("expand", []))


def expire_due(transaction: Transaction) -> None:
    """Expire every open session past its `expires_at`."""
    due = transaction.execute(
        "SELECT * FROM checkout_session WHERE status = 'open' AND expires_at <= ? ORDER BY sequence",
        transaction.now,
    )
    for row in due.fetchall():
        mark_expired(transaction, from_row(row))


def mark_expired(transaction: Transaction, stored: StoredSession) -> None:
    stored.body.update(status="expired", url=None)
    save(transaction, stored)
    record_event(transaction, "checkout.session.expired", stored.body)


def success_url(stored: StoredSession) -> str:
    """Return where the buyer goes after paying, with the session's id filled in."""
    return str(stored.body["success_url"]).replace(ID_PLACEHOLDER, stored.id)


def find(transaction: Transaction, identifier: str) -> StoredSession:
    """Return the session. Raises ApiError 404."""
    row = transaction.row("SELECT * FROM checkout_session WHERE id = ?", identifier)
    if row is None:
        raise resource_missing("checkout.session", identifier, "session")
    return from_row(row)


def from_row(row: sqlite3.Row) -> StoredSession:
    return StoredSession(
        body=json.loads(row["body"]),
        line_items=json.loads(row["line_items"]),
        payment_intent=row["payment_intent"],
        payment_intent_data=json.loads(row["payment_intent_data"]),
    )


def save(transaction: Transaction, stored: StoredSession) -> None:
    """Save everything but the line items."""
    transaction.execute(
        "UPDATE checkout_session SET status = ?, payment_intent = ?, body = ? WHERE id = ?",
        *(stored.status, stored.payment_intent, to_json(stored.body), stored.id),
    )


def save_line_items(transaction: Transaction, stored: StoredSession) -> None:
    transaction.execute(
        "UPDATE checkout_session SET line_items = ? WHERE id = ?",
        *(to_json(stored.line_items), stored.id),
    )


def with_expansions(transaction: Transaction, stored: StoredSession, expand: list[str]) -> Json:
    """Return the session as the API shows it, with the requested fields expanded."""
    body = dict(stored.body)
    if LINE_ITEMS in expand:
        body[LINE_ITEMS] = list_line_items(transaction, stored.id, {})
    nested = {"expand": ["latest_charge"]} if LATEST_CHARGE in expand else {}
    if (nested or PAYMENT_INTENT in expand) and body[PAYMENT_INTENT]:
        body[PAYMENT_INTENT] = payment_intents.retrieve(transaction, body[PAYMENT_INTENT], nested)
    return body
