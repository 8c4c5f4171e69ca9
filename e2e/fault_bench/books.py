"""Both books as rows: what the shop wrote into its database, and the sandbox into its file.

`python -m e2e.fault_bench.books` prints the shop's, as JSON, inside of the site under test.
"""

import json
import sqlite3
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Payment:
    """A Checkout session of the sandbox, and what became of its money, in smallest units.

    `refunded` is what went back and stayed there. `dispute` is "", open, won or lost;
    `intent` the status of its payment, "" where nobody tried to pay.
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
    def kept(self) -> int:
        """What the shop has of it."""
        return 0 if self.dispute in ("open", "lost") else self.received - self.refunded

    @property
    def fails(self) -> bool:
        """True for a bank debit that did not come."""
        waits = self.status == "complete" and self.payment_status == "unpaid"
        return waits and self.intent != "processing"


@dataclass(frozen=True)
class Bought:
    """An order of the shop. `accesses` counts the live ones that it gave.

    `seller_said` is what refunds that were made here want of the access: "closed" or "left"
    (also for a while); "" where nobody chose.
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
    seller_said: str = ""

    @property
    def is_flagged(self) -> bool:
        """True where a person is asked to look, or to pay back."""
        return self.is_held or bool(self.duplicate_of)


@dataclass(frozen=True)
class MailRow:
    """A mail of the outbox. `subject` names what it tells: an access, a refund, …"""

    key: str
    template: str
    subject: str
    is_sent: bool


@dataclass(frozen=True)
class ShopBooks:
    """What the shop has written down. `figures` are its own numbers that should be 0.

    `refunds_asked` counts the refunds that Stripe has given no answer to.
    """

    orders: list[Bought] = field(default_factory=list)
    accesses_of_no_order: list[str] = field(default_factory=list)
    mails: list[MailRow] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    refunds_asked: int = 0


def sandbox_books(state: Path) -> list[Payment]:
    """Every session in the sandbox's file. It must have ended: it shares the file with nobody."""
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


def shop_books() -> ShopBooks:
    """All that the database of this process's settings holds."""
    from collections import Counter

    from django.conf import settings
    from django.utils import timezone

    from catalog.models import Access
    from payments.models import Order, Refund, StripeEvent
    from payments.monitoring.health_counters import health_counters

    now = timezone.now()
    live = Counter(
        access.source_id
        for access in Access.objects.filter(source_kind=Access.Source.ORDER)
        if access.is_live(now)
    )
    orders = [
        _bought(order, live)
        for order in Order.objects.prefetch_related("lines__test_bank", "refunds")
    ]
    return ShopBooks(
        orders=orders,
        accesses_of_no_order=sorted(live.keys() - {order.id for order in orders}),
        mails=_mails(),
        figures=health_counters(mode=settings.STRIPE_MODE, at=now).numbers,
        refunds_asked=Refund.objects.filter(status=Refund.Status.ASKED).count(),
        events=dict(Counter(StripeEvent.objects.values_list("status", flat=True))),
    )


def _bought(order: Any, live: dict[str, int]) -> Bought:
    (line,) = order.lines.all()
    return Bought(
        id=str(order.pk),
        learner=order.email,
        bank=line.test_bank.slug,
        status=order.status,
        session_id=order.session_id or "",
        is_paid=order.paid_at is not None,
        is_granted=order.granted_at is not None,
        is_held=bool(order.held),
        duplicate_of=str(order.duplicate_of_id or ""),
        paid_minor=order.paid_minor or 0,
        refunded_minor=order.refunded_minor,
        accesses=live[str(order.pk)],
        seller_said=_said_of([refund for refund in order.refunds.all() if refund.counts]),
    )


def _said_of(refunds: list[Any]) -> str:
    choices = {refund.access for refund in refunds}
    if "revoke" in choices:
        return "closed"
    return "left" if choices and "" not in choices else ""


def _mails() -> list[MailRow]:
    from delivery.models import OutgoingMail

    return [
        MailRow(
            key=mail.key,
            template=mail.template,
            subject=" ".join(f"{name}={mail.context.get(name)}" for name in ("order", "title")),
            is_sent=mail.sent_at is not None,
        )
        for mail in OutgoingMail.objects.order_by("pk")
    ]


def read_books(printed: str) -> ShopBooks:
    """The books that the command printed."""
    read = json.loads(printed)
    return ShopBooks(
        **{
            **read,
            "orders": [Bought(**order) for order in read["orders"]],
            "mails": [MailRow(**mail) for mail in read["mails"]],
        }
    )


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(asdict(shop_books()), sys.stdout)
