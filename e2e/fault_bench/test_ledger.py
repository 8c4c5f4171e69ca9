"""Both ledgers are read as written, and violations in the site's database are found."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Access, Category, TestBank
from e2e.fault_bench.invariants import (
    ACCESS_EMAIL,
    ACCESS_WITHOUT_PAYMENT,
    EMAIL_NOT_QUEUED,
    FIGURE_NOT_ZERO,
    PAID_WITHOUT_ACCESS,
    count_by_kind,
    violations,
)
from e2e.fault_bench.ledger import (
    EmailRow,
    OrderRow,
    Payment,
    read_sandbox_ledger,
    site_ledger_from_json,
)
from e2e.fault_bench.site_ledger import read_site_ledger
from outbox.models import OutgoingMail
from payments.models import Order, OrderLine
from sandbox.tests.factories import client_for, session_params
from testing.sandbox import running_sandbox


@pytest.fixture
def order(db: None) -> Order:
    """A paid order without its access."""
    now = timezone.now()
    learner = User.objects.create(email="ann@example.org")
    category = Category.objects.create(slug="git", title="Git")
    test_bank = TestBank.objects.create(slug="git", title="Git", category=category, price_minor=999)
    placed = Order.objects.create(
        user=learner,
        email=learner.email,
        mode=Order.Mode.SANDBOX,
        status=Order.Status.PAID,
        amount_minor=999,
        currency="USD",
        idempotency_key="k",
        request="{}",
        session_id="cs_1",
        payment_intent_id="pi_1",
        paid_minor=999,
        paid_currency="USD",
        created_at=now,
        paid_at=now,
        granted_at=now,
    )
    OrderLine.objects.create(order=placed, test_bank=test_bank, title="Git", amount_minor=999)
    return placed


def grant_access(order: Order) -> Access:
    """Grant the access of the order's line."""
    line = order.lines.get()
    assert order.user is not None
    return Access.objects.create(
        learner=order.user,
        test_bank=line.test_bank,
        source_kind=Access.Source.ORDER,
        source_id=str(order.pk),
        starts_at=timezone.now(),
    )


def send_email(order: Order) -> OutgoingMail:
    """Queue the email about the access, as sent."""
    now = timezone.now()
    return OutgoingMail.objects.create(
        key=f"access-{order.pk}-1",
        recipient=order.email,
        language="en",
        template=ACCESS_EMAIL,
        context={"title": "Git"},
        queued_at=now,
        due_at=now,
        sent_at=now,
    )


def test_site_ledger_is_read(order: Order) -> None:
    grant_access(order)
    send_email(order)
    ledger = read_site_ledger()
    key = str(order.pk)
    assert ledger.orders == [
        OrderRow(
            id=key,
            learner="ann@example.org",
            bank="git",
            status="paid",
            session_id="cs_1",
            is_paid=True,
            is_granted=True,
            paid_minor=999,
            accesses=1,
        )
    ]
    assert ledger.emails == [
        EmailRow(f"access-{key}-1", ACCESS_EMAIL, f"order={key} title=Git", is_sent=True)
    ]
    assert ledger.accesses_without_order == []
    assert site_ledger_from_json(json.dumps(asdict(ledger))) == ledger


def violated(payment: Payment) -> set[str]:
    """Return the kinds of violations in the database, given this payment."""
    ledger = read_site_ledger()
    accepted = {f"<{email.key}@127.0.0.1>": 1 for email in ledger.emails}
    counted = count_by_kind(violations([payment], ledger, accepted, worker_kills=0))
    return {kind for kind, number in counted.items() if number}


def paid_for(order: Order, **changes: int) -> Payment:
    """Return the order's payment at Stripe."""
    return Payment(
        "cs_1",
        str(order.pk),
        "complete",
        "paid",
        received=999,
        intent="succeeded",
        refunded=changes.get("refunded", 0),
    )


def test_consistent_database_has_no_violations(order: Order) -> None:
    grant_access(order)
    send_email(order)
    assert violated(paid_for(order)) == set()


def test_missing_access_and_email_are_found(order: Order) -> None:
    assert violated(paid_for(order)) == {PAID_WITHOUT_ACCESS, EMAIL_NOT_QUEUED}


def test_withheld_access_does_not_count(order: Order) -> None:
    access = grant_access(order)
    send_email(order)
    Access.objects.filter(pk=access.pk).update(withheld_from=timezone.now())
    assert violated(paid_for(order)) == {PAID_WITHOUT_ACCESS}


def test_access_after_a_full_refund_is_found(order: Order) -> None:
    grant_access(order)
    send_email(order)
    Order.objects.filter(pk=order.pk).update(status="refunded", refunded_minor=999)
    kinds = violated(paid_for(order, refunded=999))
    assert kinds == {ACCESS_WITHOUT_PAYMENT, FIGURE_NOT_ZERO}


def test_access_without_an_order_is_found(order: Order) -> None:
    grant_access(order)
    send_email(order)
    other = User.objects.create(email="ben@example.org")
    Access.objects.filter(source_id=str(order.pk)).update(learner=other)
    stray = grant_access(order)
    Access.objects.filter(pk=stray.pk).update(source_id="no-order")
    assert read_site_ledger().accesses_without_order == ["no-order"]


def test_sandbox_ledger_is_read(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False) as running:
        sessions = client_for(running).v1.checkout.sessions
        control = running.control

        def session(order: str) -> str:
            return sessions.create(session_params(metadata={"order_id": order})).id

        def paid(order: str) -> str:
            intent: str = control.pay(session(order))["payment_intent"]
            return intent

        paid("paid")
        control.refund(paid("partial"), amount=500)
        control.fail_refund(control.refund(paid("refund failed"))["id"])
        control.dispute(paid("disputed"))
        control.close_dispute(control.dispute(paid("lost"))["id"], "lost")
        control.dispute(paid("inquiry"), inquiry=True)
        control.pay(session("pending"), card="debit")
        failing = session("failed")
        control.pay(failing, card="debit-fails")
        control.settle(failing, comes=False)
        control.expire(session("expired"))
        session("")
    ledger = read_sandbox_ledger(tmp_path / "sandbox.sqlite3")
    by_order = {payment.order_id: payment for payment in ledger}
    net = {order: payment.net for order, payment in by_order.items() if payment.received}
    assert net == {
        "paid": 1999,
        "partial": 1499,
        "refund failed": 1999,
        "disputed": 0,
        "lost": 0,
        "inquiry": 1999,
    }
    assert (by_order["pending"].has_failed, by_order["failed"].has_failed) == (False, True)
    assert (by_order["expired"].status, by_order[""].status) == ("expired", "open")
