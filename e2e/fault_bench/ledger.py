"""The two ledgers as rows: what the sandbox stored in its state file, and the site in its database.

`site_ledger.py` reads the site's ledger, inside the site.
"""

import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Payment:
    """A Checkout session of the sandbox and its money, in the currency's smallest unit.

    `refunded` excludes failed refunds. `dispute` is "", open, won or lost. `intent` is the
    status of the payment intent, "" if nobody tried to pay.
    """

    session_id: str
    order_id: str
    status: str
    payment_status: str
    received: int = 0
    refunded: int = 0
    dispute: str = ""
    intent: str = ""

    @property
    def net(self) -> int:
        """What the seller has of it."""
        return 0 if self.dispute in ("open", "lost") else self.received - self.refunded

    @property
    def has_failed(self) -> bool:
        """True for a bank debit that failed."""
        is_unpaid = self.status == "complete" and self.payment_status == "unpaid"
        return is_unpaid and self.intent != "processing"


@dataclass(frozen=True)
class OrderRow:
    """An order of the site. `accesses` counts its live accesses.

    `refund_access` is what the seller's refunds do to the access: "closed" or "left" (even for
    a limited time), or "" if no refund says.
    """

    id: str
    learner: str
    bank: str
    status: str
    session_id: str = ""
    is_paid: bool = False
    is_granted: bool = False
    is_held: bool = False
    duplicate_of: str = ""
    paid_minor: int = 0
    refunded_minor: int = 0
    accesses: int = 0
    refund_access: str = ""

    @property
    def is_flagged(self) -> bool:
        """True if the order asks a person to review or refund it."""
        return self.is_held or bool(self.duplicate_of)


@dataclass(frozen=True)
class EmailRow:
    """An email of the outbox. `subject` identifies the access or refund it is about."""

    key: str
    template: str
    subject: str
    is_sent: bool


@dataclass(frozen=True)
class SiteLedger:
    """What the site has stored. `figures` are its own numbers that should be 0.

    `refunds_unanswered` counts the refund requests that Stripe has not responded to.
    """

    orders: list[OrderRow] = field(default_factory=list)
    accesses_without_order: list[str] = field(default_factory=list)
    emails: list[EmailRow] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    refunds_unanswered: int = 0


def site_ledger_from_json(printed: str) -> SiteLedger:
    """Return the ledger that `site_ledger.py` printed."""
    fields = json.loads(printed)
    return SiteLedger(
        **{
            **fields,
            "orders": [OrderRow(**order) for order in fields["orders"]],
            "emails": [EmailRow(**email) for email in fields["emails"]],
        }
    )


def read_sandbox_ledger(state: Path) -> list[Payment]:
    """Read every session of the state file. The sandbox, which locks the file, must have ended."""
    connection = sqlite3.connect(f"file:{state}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return _payments(connection)
    finally:
        connection.close()


def _payments(connection: sqlite3.Connection) -> list[Payment]:
    intents = {body["id"]: body for body in _bodies(connection, "payment_intent")}
    refunded: defaultdict[str, int] = defaultdict(int)
    for refund in _bodies(connection, "refund"):
        if refund["status"] not in ("failed", "canceled"):
            refunded[refund["payment_intent"]] += refund["amount"]
    disputes = {
        body["payment_intent"]: {"won": "won", "lost": "lost"}.get(body["status"], "open")
        for body in _bodies(connection, "dispute")
        if not body["status"].startswith("warning_")
    }
    rows = connection.execute("SELECT * FROM checkout_session ORDER BY sequence").fetchall()
    return [_payment(row, intents, refunded, disputes) for row in rows]


def _payment(
    row: sqlite3.Row,
    intents: dict[str, dict[str, Any]],
    refunded: dict[str, int],
    disputes: dict[str, str],
) -> Payment:
    session = json.loads(row["body"])
    intent = intents.get(row["payment_intent"], {})
    return Payment(
        session_id=session["id"],
        order_id=session["metadata"].get("order_id", ""),
        status=session["status"],
        payment_status=session["payment_status"],
        received=intent.get("amount_received", 0),
        refunded=refunded.get(intent.get("id", ""), 0),
        dispute=disputes.get(intent.get("id", ""), ""),
        intent=intent.get("status", ""),
    )


def _bodies(connection: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    rows = connection.execute(f"SELECT body FROM {table} ORDER BY sequence")  # noqa: S608 - our own names
    return [json.loads(row["body"]) for row in rows]
