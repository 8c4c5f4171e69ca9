"""Webhook endpoints: the addresses that events are told to, and which kinds each wants.

The program's own address (`--webhook-url`, or the control address) is one of them. Others
are made through the API; events reach those that are on this machine.
Source: docs.stripe.com/api/webhook_endpoints.
"""

import json
import re
import sqlite3
from typing import Any

from sandbox.errors import invalid, no_such
from sandbox.listing import Page, page
from sandbox.network import is_loopback_url
from sandbox.parameters import (
    boolean,
    integer,
    list_of,
    metadata,
    not_in_the_sandbox,
    record,
    text,
    web_address,
)
from sandbox.store import Json, Transaction, dumped, new_id
from sandbox.version import API_VERSION

ALL_KINDS = ["*"]
OWN_DESCRIPTION = "The address that the sandbox was started with"


def kind_of_event(value: Any, param: str) -> str:
    """The name of a kind of event, or `*` for all."""
    if not re.fullmatch(r"\*|[a-z0-9_]+(\.[a-z0-9_]+)+", str(value)):
        raise invalid(f"Invalid {param}: must be a kind of event, or *.", param)
    return str(value)


def version(value: Any, param: str) -> str:
    """The name of a version of the API: a date, and a word since 2024."""
    if not re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?", str(value)):
        raise invalid(f"Invalid {param}: must be a version of the API.", param)
    return str(value)


LIST_PARAMETERS = record(
    {"ending_before": text(), "limit": integer(1, 100), "starting_after": text()}
)
CREATE_PARAMETERS = record(
    {
        "api_version": version,
        "connect": not_in_the_sandbox,
        "description": text(),
        "enabled_events": list_of(kind_of_event),
        "metadata": metadata,
        "url": web_address,
    },
    required=("enabled_events", "url"),
)
CHANGE_PARAMETERS = record(
    {
        "description": text(),
        "disabled": boolean,
        "enabled_events": list_of(kind_of_event),
        "metadata": metadata,
        "url": web_address,
    }
)


def create(transaction: Transaction, params: Json) -> Json:
    """Keep a new endpoint and return it, this once with its secret."""
    body = new_body(transaction.now, params)
    secret = new_id("whsec_", 32)
    insert(transaction, body, secret, is_own=False)
    return {**body, "secret": secret}


def new_body(now: int, params: Json) -> Json:
    """The endpoint as the API shows it."""
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


def insert(transaction: Transaction, body: Json, secret: str, *, is_own: bool) -> None:
    """Write a new endpoint."""
    transaction.execute(
        "INSERT INTO webhook_endpoint (id, created, secret, url, is_own, body)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        *(body["id"], body["created"], secret, body["url"], is_own, dumped(body)),
    )


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """One endpoint, without its secret. Raises ApiError 404."""
    row = transaction.row(
        "SELECT body FROM webhook_endpoint WHERE id = ? AND url IS NOT NULL", identifier
    )
    if row is None:
        raise no_such("webhook endpoint", identifier, "webhook_endpoint")
    return body_in(row)


def listed(transaction: Transaction, params: Json) -> Json:
    """Endpoints, newest first, a page at a time."""
    select = "SELECT * FROM webhook_endpoint"
    wanted = Page("webhook_endpoint", select, "/v1/webhook_endpoints", params)
    wanted.where("url IS NOT NULL")
    return page(transaction, wanted, body_in)


def change(transaction: Transaction, identifier: str, params: Json) -> Json:
    """Change what was given. Raises ApiError 404."""
    body = retrieve(transaction, identifier)
    if "disabled" in params:
        body["status"] = "disabled" if params.pop("disabled") else "enabled"
    body.update(params)
    transaction.execute(
        "UPDATE webhook_endpoint SET url = ?, body = ? WHERE id = ?",
        *(body["url"], dumped(body), identifier),
    )
    return body


def delete(transaction: Transaction, identifier: str) -> Json:
    """Forget an endpoint, and what was still to be told to it. Raises ApiError 404."""
    retrieve(transaction, identifier)
    transaction.execute("DELETE FROM webhook_endpoint WHERE id = ?", identifier)
    return {"id": identifier, "object": "webhook_endpoint", "deleted": True}


def direct_own(transaction: Transaction, url: str | None, secret: str) -> None:
    """Let the program's own endpoint be at this address; at none, it is not there.

    What is still to be told goes to the new address.
    """
    row = transaction.row("SELECT * FROM webhook_endpoint WHERE is_own")
    if row is None:
        params = {"url": url, "enabled_events": ALL_KINDS, "api_version": API_VERSION}
        body = new_body(transaction.now, {**params, "description": OWN_DESCRIPTION})
        insert(transaction, body, secret, is_own=True)
        adopt_deliveries(transaction, body["id"])
        return
    transaction.execute(
        "UPDATE webhook_endpoint SET url = ?, secret = ?, body = ? WHERE is_own",
        *(url, secret, dumped({**body_in(row), "url": url})),
    )


def adopt_deliveries(transaction: Transaction, identifier: str) -> None:
    """Deliveries that name no endpoint are from a state file that knew only one."""
    transaction.execute("UPDATE delivery SET endpoint_id = ? WHERE endpoint_id IS NULL", identifier)


def own_url(transaction: Transaction) -> str | None:
    """Where the program's own endpoint is."""
    row = transaction.row("SELECT url FROM webhook_endpoint WHERE is_own")
    return row["url"] if row else None


def listening_for(transaction: Transaction, kind: str) -> list[str]:
    """The ids of the endpoints that are told an event of this kind."""
    rows = transaction.execute("SELECT * FROM webhook_endpoint WHERE url IS NOT NULL")
    return [row["id"] for row in rows if wants(row["url"], body_in(row), kind)]


def wants(url: str, body: Json, kind: str) -> bool:
    """True for an endpoint on this machine that is enabled and asked for this kind."""
    asked = body["enabled_events"] == ALL_KINDS or kind in body["enabled_events"]
    return asked and body["status"] == "enabled" and is_loopback_url(url)


def body_in(row: sqlite3.Row) -> Json:
    """The endpoint that a row holds."""
    body: Json = json.loads(row["body"])
    return body
