"""Events: what happened, told to the webhook and listed for those who ask later.

Each is a snapshot of its object at that moment. Delivering them is `webhooks.py`'s work.
"""

import json
import sqlite3
from typing import Any

from sandbox import webhook_endpoints
from sandbox.errors import no_such
from sandbox.listing import Page, page, range_of_moments
from sandbox.parameters import boolean, integer, list_of, record, text
from sandbox.store import Json, Transaction, dumped, new_id
from sandbox.version import API_VERSION

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
    body: Json = {
        "id": new_id("evt_1"),
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
    insert(transaction, body)
    send(transaction, body["id"], kind)


def insert(transaction: Transaction, body: Json) -> None:
    """Write an event."""
    transaction.execute(
        "INSERT INTO event (id, created, type, body) VALUES (?, ?, ?, ?)",
        *(body["id"], body["created"], body["type"], dumped(body)),
    )


def send(transaction: Transaction, identifier: str, kind: str) -> None:
    """Let an event be told to all who want its kind, as soon as may be."""
    for endpoint in webhook_endpoints.listening_for(transaction, kind):
        queue(transaction, identifier, endpoint)


def queue(transaction: Transaction, event: str, endpoint: str, fate: str | None = None) -> None:
    """Let an event be told to an endpoint; `fate` says what has befallen it already."""
    transaction.execute(
        "INSERT INTO delivery (event_id, endpoint_id, next_attempt_at, last_outcome)"
        " VALUES (?, ?, ?, ?)",
        *(event, endpoint, transaction.now, fate),
    )


def twin(transaction: Transaction, identifier: str) -> Json:
    """A second event about the same, with a name of its own. Raises ApiError 404."""
    body = retrieve(transaction, identifier)
    del body["pending_webhooks"]
    body["id"] = new_id("evt_1")
    insert(transaction, body)
    return body


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
