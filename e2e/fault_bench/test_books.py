"""Both books are read as they are written: rows planted in a database, and a sandbox's file."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Access, Category, TestBank
from delivery.models import OutgoingMail
from e2e.fault_bench.books import (
    Bought,
    MailRow,
    Payment,
    ShopBooks,
    read_books,
    sandbox_books,
    shop_books,
)
from e2e.fault_bench.counting import ACCESS_MAIL, counts, violations
from payments.models import Order, OrderLine
from sandbox.tests.factories import client_for, session_params
from testing.sandbox import running_sandbox


@pytest.fixture
def order(db: None) -> Order:
    """A paid order of a learner, without its access."""
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


def give_access(order: Order) -> Access:
    """The access that the order's line gives."""
    line = order.lines.get()
    assert order.user is not None
    return Access.objects.create(
        learner=order.user,
        test_bank=line.test_bank,
        source_kind=Access.Source.ORDER,
        source_id=str(order.pk),
        starts_at=timezone.now(),
    )


def queue_mail(order: Order) -> OutgoingMail:
    """The mail that tells of it, sent."""
    now = timezone.now()
    return OutgoingMail.objects.create(
        key=f"access-{order.pk}-1",
        recipient=order.email,
        language="en",
        template=ACCESS_MAIL,
        context={"order": str(order.pk), "title": "Git"},
        queued_at=now,
        due_at=now,
        sent_at=now,
    )


def test_shop_is_read(order: Order) -> None:
    give_access(order)
    queue_mail(order)
    books = shop_books()
    key = str(order.pk)
    assert books.orders == [
        Bought(
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
    assert books.mails == [
        MailRow(f"access-{key}-1", ACCESS_MAIL, f"order={key} title=Git", is_sent=True)
    ]
    assert books.accesses_of_no_order == []
    assert read_books(json.dumps(asdict(books))) == books


def wrong(order: Order, payment: Payment) -> set[str]:
    """The kinds of wrong in the database beside this payment."""
    books: ShopBooks = shop_books()
    post = {f"<{mail.key}@127.0.0.1>": 1 for mail in books.mails}
    counted = counts(violations([payment], books, post, kills=0))
    return {kind for kind, number in counted.items() if number}


def paid_for(order: Order, **changes: int) -> Payment:
    """What Stripe has of the order."""
    return Payment(
        "cs_1",
        str(order.pk),
        "complete",
        "paid",
        received=999,
        intent="succeeded",
        refunded=changes.get("refunded", 0),
    )


def test_database_that_is_right_is_found_right(order: Order) -> None:
    give_access(order)
    queue_mail(order)
    assert wrong(order, paid_for(order)) == set()


def test_missing_access_and_mail_are_found_in_the_database(order: Order) -> None:
    assert wrong(order, paid_for(order)) == {
        "money taken without access",
        "mails that were never queued",
    }


def test_withheld_access_is_none(order: Order) -> None:
    access = give_access(order)
    queue_mail(order)
    Access.objects.filter(pk=access.pk).update(withheld_from=timezone.now())
    assert wrong(order, paid_for(order)) == {"money taken without access"}


def test_access_after_all_went_back_is_found_in_the_database(order: Order) -> None:
    give_access(order)
    queue_mail(order)
    Order.objects.filter(pk=order.pk).update(status="refunded", refunded_minor=999)
    kinds = wrong(order, paid_for(order, refunded=999))
    assert kinds == {"access without money", "figures of the shop that are not 0"}


def test_access_of_no_order_is_found_in_the_database(order: Order) -> None:
    give_access(order)
    queue_mail(order)
    other = User.objects.create(email="ben@example.org")
    Access.objects.filter(source_id=str(order.pk)).update(learner=other)
    stray = give_access(order)
    Access.objects.filter(pk=stray.pk).update(source_id="no-order")
    assert shop_books().accesses_of_no_order == ["no-order"]


def test_sandbox_is_read(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, tls=False) as running:
        sessions = client_for(running).v1.checkout.sessions
        control = running.control

        def session(order: str) -> str:
            return sessions.create(session_params(metadata={"order_id": order})).id

        def paid(order: str) -> str:
            intent: str = control.pay(session(order))["payment_intent"]
            return intent

        paid("paid")
        control.refund(paid("part"), amount=500)
        control.fail_refund(control.refund(paid("came back"))["id"])
        control.dispute(paid("disputed"))
        control.close_dispute(control.dispute(paid("lost"))["id"], "lost")
        control.dispute(paid("asked about"), inquiry=True)
        control.pay(session("on its way"), card="debit")
        failing = session("failed")
        control.pay(failing, card="debit-fails")
        control.settle(failing, comes=False)
        control.expire(session("expired"))
        session("")
    read = {payment.order_id: payment for payment in sandbox_books(tmp_path / "sandbox.sqlite3")}
    kept = {order: payment.kept for order, payment in read.items() if payment.received}
    assert kept == {
        "paid": 1999,
        "part": 1499,
        "came back": 1999,
        "disputed": 0,
        "lost": 0,
        "asked about": 1999,
    }
    assert (read["on its way"].fails, read["failed"].fails) == (False, True)
    assert (read["expired"].status, read[""].status) == ("expired", "open")
