"""Events: what happened, told to the webhook and listed for those who ask later.

Each is a snapshot of its object at that moment. Delivering them is `webhooks.py`'s work.
"""

import json
import sqlite3
from typing import Any

from sandbox.errors import no_such
from sandbox.listing import Page, page, range_of_moments
from sandbox.parameters import boolean, integer, list_of, record, text
from sandbox.store import Json, Transaction, dumped, new_id

# Stripe's version that stripe-python 16.1 pins (stripe.api_version).
API_VERSION = "2026-10-28.endive"
LISTED_SECONDS = 30 * 24 * 3600

SELECT = """
    SELECT event.*, (
        SELECT count(*) FROM delivery WHERE event_id = event.id AND NOT delivered
    ) AS pending_webhooks FROM event
"""
PENDING = "EXISTS (SELECT 1 FROM delivery WHERE event_id = event.id AND NOT delivered)"

LIST_PARAMETERS = record(
    {
        "created": range_of_moments,
        "delivery_success": boolean,
        "ending_before": text(),
        "limit": integer(1, 100),
        "starting_after": text(),
        "type": text(),
        "types": list_of(text(), maximum=20),
    }
)


def record_event(transaction: Transaction, kind: str, subject: Json) -> None:
    """Keep the event and queue its delivery, in the same transaction as what it tells."""
    identifier = new_id("evt_1")
    body = {
        "id": identifier,
        "object": "event",
        "api_version": API_VERSION,
        "created": transaction.now,
        "data": {"object": subject},
        "livemode": False,
        "request": {
            "id": transaction.request_id,
            "idempotency_key": transaction.idempotency_key,
        },
        "type": kind,
    }
    transaction.execute(
        "INSERT INTO event (id, created, type, body) VALUES (?, ?, ?, ?)",
        *(identifier, transaction.now, kind, dumped(body)),
    )
    if transaction.notifies:
        transaction.execute(
            "INSERT INTO delivery (event_id, next_attempt_at) VALUES (?, ?)",
            *(identifier, transaction.now),
        )


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """One event. Raises ApiError 404."""
    row = transaction.row(f"{SELECT} WHERE id = ?", identifier)
    if row is None:
        raise no_such("event", identifier)
    return told(row)


def listed(transaction: Transaction, params: Json) -> Json:
    """Events of the last 30 days, newest first, a page at a time."""
    wanted = Page("event", SELECT, "/v1/events", params)
    wanted.where("created > ?", transaction.now - LISTED_SECONDS)
    wanted.where_created()
    if "type" in params:
        wanted.where("type GLOB ?", params["type"])
    if "types" in params:
        marks = " OR ".join("type GLOB ?" for _ in params["types"])
        wanted.where(f"({marks})", *params["types"])
    if "delivery_success" in params:
        wanted.where(f"NOT {PENDING}" if params["delivery_success"] else PENDING)
    return page(transaction, wanted, told)


def told(row: sqlite3.Row) -> Json:
    """The event as Stripe shows it now."""
    body: dict[str, Any] = json.loads(row["body"])
    return {**body, "pending_webhooks": row["pending_webhooks"]}
