"""Telling events to the webhook: signed, in order of creation, again until it says 2xx.

At least once, as Stripe does: an attempt whose outcome was not written down is repeated.
Source: docs.stripe.com/webhooks (signatures, retries).
"""

import hashlib
import hmac
import http.client
import json
import logging
import threading
from dataclasses import dataclass
from time import time
from typing import Any
from urllib.parse import urlsplit

from sandbox import events
from sandbox.parts import Parts
from sandbox.store import Transaction

logger = logging.getLogger("sandbox.webhooks")

LONGEST_PAUSE_SECONDS = 3600.0
GIVEN_UP_AFTER_SECONDS = 3 * 24 * 3600
ANSWER_SECONDS = 10.0
LOOK_AROUND_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way: how often it was tried, and what is sent."""

    sequence: int
    attempts: int
    created: int
    event_id: str
    payload: bytes


class Deliverer(threading.Thread):
    """The one thread that tells events."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(name="webhooks", daemon=True)
        self.parts = parts

    def run(self) -> None:
        """Deliver what is due, then wait for news, until the program stops."""
        while not self.parts.stopping.is_set():
            self.parts.news.clear()
            delivery, wait_seconds = self.next()
            if delivery is None:
                self.parts.news.wait(wait_seconds)
            else:
                self.attempt(delivery)

    def next(self) -> tuple[Delivery | None, float]:
        """The oldest delivery that is due; without one, how long to wait for the next."""
        with self.parts.transaction() as transaction:
            if self.parts.endpoint.paused or self.parts.endpoint.url is None:
                return None, LOOK_AROUND_SECONDS
            now = self.parts.clock()
            delivery = due(transaction, now)
            soonest = transaction.execute(
                "SELECT min(next_attempt_at) FROM delivery WHERE next_attempt_at IS NOT NULL"
            ).fetchone()[0]
        wait_seconds = LOOK_AROUND_SECONDS if soonest is None else max(soonest - now, 0.0)
        return delivery, min(wait_seconds, LOOK_AROUND_SECONDS)

    def attempt(self, delivery: Delivery) -> None:
        """Send it once and write down what came of it."""
        outcome = sent(self.parts.endpoint.url or "", self.parts.endpoint.secret, delivery.payload)
        logger.info("%s told: %s", delivery.event_id, outcome)
        delivered = outcome.startswith("2")
        with self.parts.transaction() as transaction:
            transaction.execute(
                "UPDATE delivery SET attempts = attempts + 1, delivered = ?, last_outcome = ?,"
                " next_attempt_at = ? WHERE sequence = ?",
                *(delivered, outcome, None if delivered else self.again_at(delivery)),
                delivery.sequence,
            )

    def again_at(self, delivery: Delivery) -> float | None:
        """When to try again, each time twice as late; None where it is given up."""
        now = self.parts.clock()
        if now > delivery.created + GIVEN_UP_AFTER_SECONDS:
            return None
        doubled: float = self.parts.settings.webhook_backoff_seconds * 2 ** min(
            delivery.attempts, 30
        )
        return now + min(doubled, LONGEST_PAUSE_SECONDS)


def due(transaction: Transaction, now: float) -> Delivery | None:
    """The oldest delivery whose time has come."""
    row = transaction.row(
        "SELECT * FROM delivery WHERE next_attempt_at <= ? ORDER BY sequence LIMIT 1", now
    )
    if row is None:
        return None
    event = events.retrieve(transaction, row["event_id"])
    return Delivery(
        sequence=row["sequence"],
        attempts=row["attempts"],
        created=event["created"],
        event_id=event["id"],
        payload=json.dumps(event, ensure_ascii=False, indent=2).encode(),
    )


def sent(url: str, secret: str, payload: bytes) -> str:
    """What came of one attempt: the status that was answered, or why there was none."""
    parts = urlsplit(url)
    address = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (sandbox)",
        "Stripe-Signature": signature(payload, secret, int(time())),
    }
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=ANSWER_SECONDS
    )
    try:
        connection.request("POST", address, payload, headers)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def signature(payload: bytes, secret: str, moment: int) -> str:
    """The Stripe-Signature header: HMAC-SHA256 over the moment, a dot and the payload."""
    signed = str(moment).encode() + b"." + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def told(transaction: Transaction) -> list[dict[str, Any]]:
    """The last hundred deliveries and how they stand, oldest first."""
    rows = transaction.execute(
        "SELECT event_id AS event, type, attempts, delivered, last_outcome, next_attempt_at"
        " FROM delivery JOIN event ON event.id = event_id ORDER BY delivery.sequence DESC LIMIT 100"
    )
    return [{**row, "delivered": bool(row["delivered"])} for row in rows][::-1]
