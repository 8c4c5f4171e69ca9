"""Webhook endpoints: URLs that receive events, and the event types each one receives.

The default endpoint has the URL of `--webhook-url` or of the control API. Others are created
through the API; events are delivered only to those on this machine.
Source: docs.stripe.com/api/webhook_endpoints.
"""

import json
import re
import sqlite3
from typing import Any

from sandbox.errors import invalid_param, resource_missing
from sandbox.parameters import (
    boolean,
    list_of,
    list_parameters,
    metadata,
    record,
    text,
    unsupported,
    url,
)
from sandbox.resources.pagination import ListQuery, paginate
from sandbox.settings import API_VERSION, is_loopback_url
from sandbox.store import Json, Transaction, new_id, to_json

ALL_EVENTS = ["*"]
DEFAULT_DESCRIPTION = "The URL that the sandbox was started with"


def event_type(value: Any, param: str) -> str:
    """Read an event type, or `*` for all."""
    if not re.fullmatch(r"\*|[a-z0-9_]+(\.[a-z0-9_]+)+", str(value)):
        raise invalid_param(f"Invalid {param}: must be an event type, or *.", param)
    return str(value)


def api_version(value: Any, param: str) -> str:
    """Read an API version: a date, followed by a name since 2024."""
    if not re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?", str(value)):
        raise invalid_param(f"Invalid {param}: must be an API version.", param)
    return str(value)


LIST_PARAMETERS = list_parameters()
CREATE_PARAMETERS = record(
    {
        "api_version": api_version,
        "connect": unsupported,
        "description": text(),
        "enabled_events": list_of(event_type),
        "metadata": metadata,
        "url": url,
    },
    required=("enabled_events", "url"),
)
UPDATE_PARAMETERS = record(
    {
        "description": text(),
        "disabled": boolean,
        "enabled_events": list_of(event_type),
        "metadata": metadata,
        "url": url,
    }
)


def create(transaction: Transaction, params: Json) -> Json:
    """Create an endpoint and return it with its secret, which no later response has."""
    body = new_body(transaction.now, params)
    secret = new_id("whsec_", 32)
    insert(transaction, body, secret, is_default=False)
    return {**body, "secret": secret}


def new_body(now: int, params: Json) -> Json:
    return {
        "id": new_id("we_1"),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": now,
        "description": params.get("description"),
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "status": "enabled",
        "url": params["url"],
    }


def insert(transaction: Transaction, body: Json, secret: str, *, is_default: bool) -> None:
    transaction.execute(
        "INSERT INTO webhook_endpoint (id, created, secret, url, is_default, body)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        *(body["id"], body["created"], secret, body["url"], is_default, to_json(body)),
    )


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """Return the endpoint without its secret. Raises ApiError 404."""
    row = transaction.row(
        "SELECT body FROM webhook_endpoint WHERE id = ? AND url IS NOT NULL", identifier
    )
    if row is None:
        raise resource_missing("webhook endpoint", identifier, "webhook_endpoint")
    return body_of(row)


def list_all(transaction: Transaction, params: Json) -> Json:
    """Return a page of endpoints, newest first."""
    select = "SELECT * FROM webhook_endpoint"
    query = ListQuery("webhook_endpoint", select, "/v1/webhook_endpoints", params)
    query.where("url IS NOT NULL")
    return paginate(transaction, query, body_of)


def update(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Change the given fields. Raises ApiError 404."""
    body = retrieve(transaction, identifier)
    if "disabled" in params:
        body["status"] = "disabled" if params.pop("disabled") else "enabled"
    body.update(params)
    transaction.execute(
        "UPDATE webhook_endpoint SET url = ?, body = ? WHERE id = ?",
        *(body["url"], to_json(body), identifier),
    )
    return body


def delete(transaction: Transaction, identifier: str) -> Json:
    """Delete the endpoint and its deliveries. Raises ApiError 404."""
    retrieve(transaction, identifier)
    transaction.execute("DELETE FROM webhook_endpoint WHERE id = ?", identifier)
    return {"id": identifier, "object": "webhook_endpoint", "deleted": True}


def set_default_url(transaction: Transaction, url: str | None, secret: str) -> None:
    """Point the default endpoint at this URL; None hides it from the API.

    Pending deliveries go to the new URL.
    """
    row = transaction.row("SELECT * FROM webhook_endpoint WHERE is_default")
    if row is None:
        params = {"url": url, "enabled_events": ALL_EVENTS, "api_version": API_VERSION}
        body = new_body(transaction.now, {**params, "description": DEFAULT_DESCRIPTION})
        insert(transaction, body, secret, is_default=True)
        return
    transaction.execute(
        "UPDATE webhook_endpoint SET url = ?, secret = ?, body = ? WHERE is_default",
        *(url, secret, to_json({**body_of(row), "url": url})),
    )


def default_url(transaction: Transaction) -> str | None:
    row = transaction.row("SELECT url FROM webhook_endpoint WHERE is_default")
    return row["url"] if row else None


def listening_for(transaction: Transaction, event_type: str) -> list[str]:
    """Return the ids of the endpoints that receive this event type."""
    rows = transaction.execute("SELECT * FROM webhook_endpoint WHERE url IS NOT NULL")
    return [row["id"] for row in rows if listens(row["url"], body_of(row), event_type)]


def listens(url: str, body: Json, event_type: str) -> bool:
    """Return whether the endpoint is on this machine, enabled, and receives this event type."""
    enabled_events = body["enabled_events"]
    wanted = enabled_events == ALL_EVENTS or event_type in enabled_events
    return wanted and body["status"] == "enabled" and is_loopback_url(url)


def body_of(row: sqlite3.Row) -> Json:
    body: Json = json.loads(row["body"])
    return body
