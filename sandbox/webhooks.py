"""Delivery of events to webhook endpoints: signed, retried with backoff, at least once.

One delivery thread keeps the order in which events were created; several do not. Delivery
faults, on demand or at random, apply before the first attempt. An attempt whose result was not
saved is repeated, so an endpoint can get an event twice, as from Stripe.
Source: docs.stripe.com/webhooks (signatures, retries).
"""

import hashlib
import hmac
import http.client
import json
import logging
import sqlite3
import threading
from dataclasses import dataclass
from time import time
from typing import Any
from urllib.parse import urlsplit

from sandbox.context import Sandbox
from sandbox.faults.queue import DeliveryFault
from sandbox.resources import events
from sandbox.store import Transaction

logger = logging.getLogger("sandbox.webhooks")

MAX_BACKOFF_SECONDS = 3600.0
GIVE_UP_SECONDS = 3 * 24 * 3600
TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 1.0
# `last_result` of a delivery that has no fault and was not attempted yet.
QUEUED = "queued"
# The default endpoint has no URL for a while when a test takes it away.
PENDING = """
    FROM delivery JOIN webhook_endpoint ON webhook_endpoint.id = endpoint_id
    JOIN event ON event.id = event_id
    WHERE next_attempt_at IS NOT NULL AND url IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event to send to an endpoint, and how often that was attempted before."""

    sequence: int
    attempts: int
    created: int
    event_id: str
    url: str
    secret: str
    payload: bytes


class DeliveryThread(threading.Thread):
    """Delivers events until the sandbox stops. Several threads share the work."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(name="webhooks", daemon=True)
        self.sandbox = sandbox

    def run(self) -> None:
        while not self.sandbox.stopping.is_set():
            self.sandbox.wake_deliveries.clear()
            delivery, wait_seconds = self.next()
            if delivery is None:
                self.sandbox.wake_deliveries.wait(wait_seconds)
            else:
                self.attempt(delivery)

    def next(self) -> tuple[Delivery | None, float]:
        """Return the oldest delivery that is due, or how long to wait for the next one."""
        state = self.sandbox.delivery_state
        with self.sandbox.transaction() as transaction:
            if state.paused:
                return None, POLL_SECONDS
            now = self.sandbox.clock()
            delivery = self.claim(transaction, now)
            soonest = next_attempt_at(transaction, state.in_flight)
        wait_seconds = POLL_SECONDS if soonest is None else max(soonest - now, 0.0)
        return delivery, min(wait_seconds, POLL_SECONDS)

    def claim(self, transaction: Transaction, now: float) -> Delivery | None:
        """Claim the oldest delivery that is due, after applying the faults that are."""
        in_flight = self.sandbox.delivery_state.in_flight
        while (row := find_due(transaction, now, in_flight)) is not None:
            if row["last_result"] is None:
                fault = self.sandbox.delivery_faults.take(row["type"])
                fault = fault or self.sandbox.random_faults.delivery_fault(row["type"])
                apply_fault(transaction, row, fault, now)
                continue
            in_flight.add(row["sequence"])
            return delivery_from(transaction, row)
        return None

    def attempt(self, delivery: Delivery) -> None:
        """Send the delivery once and save the result."""
        result = post(delivery.url, delivery.secret, delivery.payload)
        logger.info("%s delivered: %s", delivery.event_id, result)
        delivered = result.startswith("2")
        with self.sandbox.transaction() as transaction:
            self.sandbox.delivery_state.in_flight.discard(delivery.sequence)
            transaction.execute(
                "UPDATE delivery SET attempts = attempts + 1, delivered = ?, last_result = ?,"
                " next_attempt_at = ? WHERE sequence = ?",
                *(delivered, result, None if delivered else self.retry_at(delivery)),
                delivery.sequence,
            )

    def retry_at(self, delivery: Delivery) -> float | None:
        """Return when to retry, with exponential backoff, or None to give up."""
        now = self.sandbox.clock()
        if now > delivery.created + GIVE_UP_SECONDS:
            return None
        # The bound on the exponent keeps the power from overflowing.
        factor: int = 2 ** min(delivery.attempts, 30)
        backoff_seconds = self.sandbox.settings.webhook_backoff_seconds * factor
        return now + min(backoff_seconds, MAX_BACKOFF_SECONDS)


def find_due(transaction: Transaction, now: float, in_flight: set[int]) -> sqlite3.Row | None:
    """Return the oldest delivery that is due and not in flight."""
    return transaction.row(
        f"SELECT delivery.*, url, secret, webhook_endpoint.body, event.type {pending(in_flight)}"
        " AND next_attempt_at <= ? ORDER BY delivery.sequence LIMIT 1",
        now,
    )


def next_attempt_at(transaction: Transaction, in_flight: set[int]) -> float | None:
    """Return when the next delivery is due that is not in flight."""
    row = transaction.row(f"SELECT min(next_attempt_at) AS soonest {pending(in_flight)}")
    return row["soonest"] if row else None


def pending(in_flight: set[int]) -> str:
    """Return the FROM clause of pending deliveries that are not in flight."""
    numbers = ", ".join(map(str, in_flight))
    return f"{PENDING} AND delivery.sequence NOT IN ({numbers})"


def apply_fault(
    transaction: Transaction, row: sqlite3.Row, fault: DeliveryFault | None, now: float
) -> None:
    """Save the delivery's fault as its result, so that it applies once, even after a restart."""
    result = fault.kind if fault else QUEUED
    seconds = fault.seconds if fault and result in ("delayed", "reordered") else 0.0
    transaction.execute(
        "UPDATE delivery SET last_result = ?, next_attempt_at = ? WHERE sequence = ?",
        *(result, None if result == "dropped" else now + seconds, row["sequence"]),
    )
    if result == "repeated":
        events.queue_delivery(transaction, row["event_id"], row["endpoint_id"], result)
    elif result == "twin":
        twin = events.create_twin(transaction, row["event_id"])
        events.queue_delivery(transaction, twin["id"], row["endpoint_id"], result)


def delivery_from(transaction: Transaction, row: sqlite3.Row) -> Delivery:
    """Return the delivery, with the event in the API version of the endpoint."""
    event = events.retrieve(transaction, row["event_id"])
    event["api_version"] = json.loads(row["body"])["api_version"] or event["api_version"]
    return Delivery(
        sequence=row["sequence"],
        attempts=row["attempts"],
        created=event["created"],
        event_id=event["id"],
        url=row["url"],
        secret=row["secret"],
        payload=json.dumps(event, ensure_ascii=False, indent=2).encode(),
    )


def post(url: str, secret: str, payload: bytes) -> str:
    """Send a signed payload; return the status, or the name of the error that prevented one."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (sandbox)",
        "Stripe-Signature": signature(payload, secret, int(time())),
    }
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS
    )
    try:
        connection.request("POST", path, payload, headers)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def signature(payload: bytes, secret: str, timestamp: int) -> str:
    """Return the Stripe-Signature header: HMAC-SHA256 of the timestamp, a dot and the payload."""
    signed = str(timestamp).encode() + b"." + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def count_pending(transaction: Transaction) -> int:
    row = transaction.row(f"SELECT count(*) AS number {PENDING}")
    return int(row["number"]) if row else 0


def latest_deliveries(transaction: Transaction) -> list[dict[str, Any]]:
    """Return the last hundred deliveries, oldest first."""
    rows = transaction.execute(
        "SELECT event_id AS event, type, attempts, delivered, last_result, next_attempt_at"
        " FROM delivery JOIN event ON event.id = event_id ORDER BY delivery.sequence DESC LIMIT 100"
    )
    return [{**row, "delivered": bool(row["delivered"])} for row in rows][::-1]
