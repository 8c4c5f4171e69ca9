"""Checkout sessions: what may be asked, what they look like, and how they end.

`open` becomes `complete` or `expired`, and stays there; how one is paid stands in `paying.py`.
Source: docs.stripe.com/api/checkout/sessions.
"""

import json
import sqlite3
from dataclasses import dataclass

from sandbox import payment_intents
from sandbox.checkout_parameters import (
    LATEST_CHARGE,
    LINE_ITEMS,
    LONGEST_SECONDS,
    PAYMENT_INTENT,
)
from sandbox.errors import ApiError, no_such
from sandbox.events import record_event
from sandbox.listing import Page, page
from sandbox.store import Json, Transaction, dumped, new_id

ID_IN_ADDRESS = "{CHECKOUT_SESSION_ID}"

# The fields of a session that this stand-in never fills.
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
# Parameters that a session shows as they were given, or as here.
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
    """A session as it is kept: what the API shows, and what it keeps to itself.

    `payment_intent` is named in `body` only once the session is complete; a declined
    attempt makes one before.
    """

    body: Json
    line_items: list[Json]
    payment_intent: str | None
    payment_intent_data: Json

    @property
    def id(self) -> str:
        """The public name, `cs_test_…`."""
        return str(self.body["id"])

    @property
    def status(self) -> str:
        """`open`, `complete` or `expired`."""
        return str(self.body["status"])

    @property
    def amount(self) -> int:
        """The total in the currency's smallest unit."""
        return int(self.body["amount_total"])


def create(transaction: Transaction, params: Json, public_url: str) -> Json:
    """Keep a new open session and return it."""
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
        *(dumped(stored.payment_intent_data), dumped(stored.line_items), dumped(stored.body)),
    )
    return shown(transaction, stored, params.get("expand", []))


def new_body(identifier: str, params: Json, now: int, public_url: str) -> Json:
    """The session as the API shows it, before anything has happened."""
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
        "expires_at": params.get("expires_at", now + LONGEST_SECONDS),
        "id": identifier,
        "payment_intent": None,
        "payment_status": "unpaid" if total else "no_payment_required",
        "status": "open",
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "url": f"{public_url}/c/pay/{identifier}",
    }


def new_line_item(item: Json, now: int) -> Json:
    """A line as the API shows it, with the price and product that its `price_data` makes."""
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
    """The price that a line's `price_data` makes: inactive, for this line only."""
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
    """One session as the API shows it. Raises ApiError 404."""
    return shown(transaction, find(transaction, identifier), params.get("expand", []))


def listed(transaction: Transaction, params: Json) -> Json:
    """Sessions, newest first, a page at a time."""
    wanted = Page(
        "checkout_session", "SELECT * FROM checkout_session", "/v1/checkout/sessions", params
    )
    wanted.where_created()
    if "status" in params:
        wanted.where("status = ?", params["status"])
    if PAYMENT_INTENT in params:
        wanted.where("status = 'complete' AND payment_intent = ?", params[PAYMENT_INTENT])
    expand = [name.removeprefix("data.") for name in params.get("expand", [])]
    return page(transaction, wanted, lambda row: shown(transaction, stored_in(row), expand))


def line_items(transaction: Transaction, identifier: str, params: Json) -> Json:
    """The lines of a session in their order, a page at a time. Raises ApiError 404."""
    stored = find(transaction, identifier)
    lines, limit = stored.line_items, params.get("limit", 10)
    if "starting_after" in params:
        lines = lines[position_of(params["starting_after"], lines) + 1 :]
    elif "ending_before" in params:
        before = lines[: position_of(params["ending_before"], lines)]
        return line_list(identifier, before[-limit:], has_more=len(before) > limit)
    return line_list(identifier, lines[:limit], has_more=len(lines) > limit)


def position_of(identifier: str, lines: list[Json]) -> int:
    """Where a line stands. Raises ApiError 404."""
    for position, line in enumerate(lines):
        if line["id"] == identifier:
            return position
    raise no_such("line item", identifier)


def line_list(identifier: str, lines: list[Json], *, has_more: bool) -> Json:
    """Lines as Stripe lists them."""
    address = f"/v1/checkout/sessions/{identifier}/line_items"
    return {"object": "list", "data": lines, "has_more": has_more, "url": address}


def expire(transaction: Transaction, identifier: str, params: Json) -> Json:
    """End an open session. Raises ApiError where it is not open."""
    stored = find(transaction, identifier)
    if stored.status != "open":
        raise ApiError(
            f"Only an open Checkout Session can be expired; this one is `{stored.status}`."
        )
    end_unpaid(transaction, stored)
    return shown(transaction, stored, params.get("expand", []))


def expire_due(transaction: Transaction) -> None:
    """End every open session whose time is over."""
    due = transaction.execute(
        "SELECT * FROM checkout_session WHERE status = 'open' AND expires_at <= ? ORDER BY sequence",
        transaction.now,
    )
    for row in due.fetchall():
        end_unpaid(transaction, stored_in(row))


def end_unpaid(transaction: Transaction, stored: StoredSession) -> None:
    """`open` to `expired`, with its event."""
    stored.body.update(status="expired", url=None)
    save(transaction, stored)
    record_event(transaction, "checkout.session.expired", stored.body)


def success_address(stored: StoredSession) -> str:
    """Where the buyer goes after paying, with the session's id put in."""
    return str(stored.body["success_url"]).replace(ID_IN_ADDRESS, stored.id)


def find(transaction: Transaction, identifier: str) -> StoredSession:
    """The session of that name. Raises ApiError 404."""
    row = transaction.row("SELECT * FROM checkout_session WHERE id = ?", identifier)
    if row is None:
        raise no_such("checkout.session", identifier, "session")
    return stored_in(row)


def stored_in(row: sqlite3.Row) -> StoredSession:
    """The session that a row holds."""
    return StoredSession(
        body=json.loads(row["body"]),
        line_items=json.loads(row["line_items"]),
        payment_intent=row["payment_intent"],
        payment_intent_data=json.loads(row["payment_intent_data"]),
    )


def save(transaction: Transaction, stored: StoredSession) -> None:
    """Write what has changed."""
    transaction.execute(
        "UPDATE checkout_session SET status = ?, payment_intent = ?, body = ? WHERE id = ?",
        *(stored.status, stored.payment_intent, dumped(stored.body), stored.id),
    )


def save_lines(transaction: Transaction, stored: StoredSession) -> None:
    """Write what a discount has changed in the lines."""
    transaction.execute(
        "UPDATE checkout_session SET line_items = ? WHERE id = ?",
        *(dumped(stored.line_items), stored.id),
    )


def shown(transaction: Transaction, stored: StoredSession, expand: list[str]) -> Json:
    """The session as the API answers, with what was asked to be expanded."""
    body = dict(stored.body)
    if LINE_ITEMS in expand:
        body[LINE_ITEMS] = line_items(transaction, stored.id, {})
    within = {"expand": ["latest_charge"]} if LATEST_CHARGE in expand else {}
    if (within or PAYMENT_INTENT in expand) and body[PAYMENT_INTENT]:
        body[PAYMENT_INTENT] = payment_intents.retrieve(transaction, body[PAYMENT_INTENT], within)
    return body
