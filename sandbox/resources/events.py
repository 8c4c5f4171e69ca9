"""Events: a snapshot of an object when something happened to it.

`sandbox/webhooks.py` delivers them. Source: docs.stripe.com/api/events.
"""

import json
import sqlite3
from typing import Any

from sandbox.errors import resource_missing
from sandbox.parameters import boolean, list_of, list_parameters, text
from sandbox.resources import webhook_endpoints
from sandbox.resources.pagination import ListQuery, paginate, timestamp_range
from sandbox.settings import API_VERSION
from sandbox.store import Json, Transaction, new_id, to_json

LISTED_SECONDS = 30 * 24 * 3600

SELECT = """
    SELECT event.*, (
        SELECT count(*) FROM delivery WHERE event_id = event.id AND NOT delivered
    ) AS pending_webhooks FROM event
"""
HAS_PENDING = "EXISTS (SELECT 1 FROM delivery WHERE event_id = event.id AND NOT delivered)"

LIST_PARAMETERS = list_parameters(
    "type",
    created=timestamp_range,
    delivery_success=boolean,
    types=list_of(text(), maximum=20),
)


def record_event(transaction: Transaction, event_type: str, subject: Json) -> None:
    """Save the event and queue its deliveries, in the transaction of the change it reports."""
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
        "type": event_type,
    }
    insert(transaction, body)
    send(transaction, body["id"], event_type)


def insert(transaction: Transaction, body: Json) -> None:
    transaction.execute(
        "INSERT INTO event (id, created, type, body) VALUES (?, ?, ?, ?)",
        *(body["id"], body["created"], body["type"], to_json(body)),
    )


def send(transaction: Transaction, identifier: str, event_type: str) -> None:
    """Queue a delivery of the event to every endpoint that listens for its type."""
    for endpoint in webhook_endpoints.listening_for(transaction, event_type):
        queue_delivery(transaction, identifier, endpoint)


def queue_delivery(
    transaction: Transaction, event: str, endpoint: str, last_result: str | None = None
) -> None:
    """Queue a delivery. With a `last_result` it is exempt from further delivery faults."""
    transaction.execute(
        "INSERT INTO delivery (event_id, endpoint_id, next_attempt_at, last_result)"
        " VALUES (?, ?, ?, ?)",
        *(event, endpoint, transaction.now, last_result),
    )


def create_twin(transaction: Transaction, identifier: str) -> Json:
    """Create a second event about the same change, with an id of its own. Raises ApiError 404.

    Source: docs.stripe.com/webhooks#handle-duplicate-events ("two separate Event objects").
    """
    body = retrieve(transaction, identifier)
    del body["pending_webhooks"]
    body["id"] = new_id("evt_1")
    insert(transaction, body)
    return body


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """Return the event. Raises ApiError 404."""
    row = transaction.row(f"{SELECT} WHERE id = ?", identifier)
    if row is None:
        raise resource_missing("event", identifier)
    return with_pending_webhooks(row)


def list_all(transaction: Transaction, params: Json) -> Json:
    """Return a page of the events of the last 30 days, newest first."""
    query = ListQuery("event", SELECT, "/v1/events", params)
    query.where("created > ?", transaction.now - LISTED_SECONDS)
    query.where_created()
    if "type" in params:
        query.where("type GLOB ?", params["type"])
    if "types" in params:
        matches = " OR ".join("type GLOB ?" for _ in params["types"])
        query.where(f"({matches})", *params["types"])
    if "delivery_success" in params:
        query.where(f"NOT {HAS_PENDING}" if params["delivery_success"] else HAS_PENDING)
    return paginate(transaction, query, with_pending_webhooks)


def with_pending_webhooks(row: sqlite3.Row) -> Json:
    """Return the event with the number of its deliveries that have not succeeded yet."""
    body: dict[str, Any] = json.loads(row["body"])
    return {**body, "pending_webhooks": row["pending_webhooks"]}
