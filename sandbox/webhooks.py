"""Telling events to the webhook: signed, in order of creation, again until it says 2xx.

With one thread that is. What befalls an event on its way, by demand or by chance, it meets
before it is told for the first time. At least once, as Stripe does: an attempt whose outcome was not written down is repeated.
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

from sandbox import events
from sandbox.faults import Mishap
from sandbox.parts import Parts
from sandbox.store import Transaction

logger = logging.getLogger("sandbox.webhooks")

LONGEST_PAUSE_SECONDS = 3600.0
GIVEN_UP_AFTER_SECONDS = 3 * 24 * 3600
ANSWER_SECONDS = 10.0
LOOK_AROUND_SECONDS = 1.0
# What is to be told, and can be: the program's own endpoint may be nowhere for a while.
WAITING = """
    FROM delivery JOIN webhook_endpoint ON webhook_endpoint.id = endpoint_id
    JOIN event ON event.id = event_id
    WHERE next_attempt_at IS NOT NULL AND url IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way: how often it was tried, and what is sent."""

    sequence: int
    attempts: int
    created: int
    event_id: str
    url: str
    secret: str
    payload: bytes


class Deliverer(threading.Thread):
    """A thread that tells events. Several share the work, and then keep no order."""

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
            if self.parts.webhooks.paused:
                return None, LOOK_AROUND_SECONDS
            now = self.parts.clock()
            delivery = self.claimed(transaction, now)
            soonest = soonest_of_all(transaction, self.parts.webhooks.at_work)
        wait_seconds = LOOK_AROUND_SECONDS if soonest is None else max(soonest - now, 0.0)
        return delivery, min(wait_seconds, LOOK_AROUND_SECONDS)

    def claimed(self, transaction: Transaction, now: float) -> Delivery | None:
        """The oldest delivery that is due and that nothing befalls now, held by this thread."""
        at_work = self.parts.webhooks.at_work
        while (row := due(transaction, now, at_work)) is not None:
            if row["last_outcome"] is None:
                mishap = self.parts.mishaps.take(row["type"])
                mishap = mishap or self.parts.weather.mishap(row["type"])
                befall(transaction, row, mishap, now)
                continue
            at_work.add(row["sequence"])
            return delivery_in(transaction, row)
        return None

    def attempt(self, delivery: Delivery) -> None:
        """Send it once and write down what came of it."""
        outcome = sent(delivery.url, delivery.secret, delivery.payload)
        logger.info("%s told: %s", delivery.event_id, outcome)
        delivered = outcome.startswith("2")
        with self.parts.transaction() as transaction:
            self.parts.webhooks.at_work.discard(delivery.sequence)
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


def due(transaction: Transaction, now: float, at_work: set[int]) -> sqlite3.Row | None:
    """The oldest delivery whose time has come and which nobody is at."""
    return transaction.row(
        f"SELECT delivery.*, url, secret, webhook_endpoint.body, event.type {waiting(at_work)}"
        " AND next_attempt_at <= ? ORDER BY delivery.sequence LIMIT 1",
        now,
    )


def soonest_of_all(transaction: Transaction, at_work: set[int]) -> float | None:
    """When the next delivery is due that nobody is at."""
    row = transaction.row(f"SELECT min(next_attempt_at) AS soonest {waiting(at_work)}")
    return row["soonest"] if row else None


def waiting(at_work: set[int]) -> str:
    """What is to be told, can be, and is not being told."""
    others = ", ".join(map(str, at_work))
    return f"{WAITING} AND delivery.sequence NOT IN ({others})"


def befall(transaction: Transaction, row: sqlite3.Row, mishap: Mishap | None, now: float) -> None:
    """Let the fate of a delivery be written down, so that it is met once, also over a restart."""
    fate = mishap.kind if mishap else "goes"
    later = mishap is not None and fate in ("delayed", "reordered")
    at = None if fate == "lost" else now + mishap.seconds if mishap and later else now
    transaction.execute(
        "UPDATE delivery SET last_outcome = ?, next_attempt_at = ? WHERE sequence = ?",
        *(fate, at, row["sequence"]),
    )
    if fate == "doubled":
        events.queue(transaction, row["event_id"], row["endpoint_id"], fate)
    elif fate == "twin":
        twin = events.twin(transaction, row["event_id"])
        events.queue(transaction, twin["id"], row["endpoint_id"], fate)


def delivery_in(transaction: Transaction, row: sqlite3.Row) -> Delivery:
    """What is to be sent, in the version of the API that the endpoint wants."""
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


def count_waiting(transaction: Transaction) -> int:
    """How many deliveries are still to be made."""
    row = transaction.row(f"SELECT count(*) AS number {WAITING}")
    return int(row["number"]) if row else 0


def told(transaction: Transaction) -> list[dict[str, Any]]:
    """The last hundred deliveries and how they stand, oldest first."""
    rows = transaction.execute(
        "SELECT event_id AS event, type, attempts, delivered, last_outcome, next_attempt_at"
        " FROM delivery JOIN event ON event.id = event_id ORDER BY delivery.sequence DESC LIMIT 100"
    )
    return [{**row, "delivered": bool(row["delivered"])} for row in rows][::-1]
