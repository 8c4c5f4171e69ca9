"""Mails about money: to the account's address of today, with the bank, the number, the seller."""

import pytest
from django.utils.html import strip_tags

from outbox.models import OutgoingMail
from outbox.services import message
from payments.domain.fulfillment import fulfill
from payments.domain.receipts import queue_receipts_again
from payments.models import Order, Refund
from payments.tests.stripe_events import deliver, paid_event, refund_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True


def mails():
    return [message(mail) for mail in OutgoingMail.objects.order_by("pk")]


@pytest.fixture
def moved(order, learner):
    """The buyer confirmed another address after placing the order."""
    learner.email = "new@example.org"
    learner.save(update_fields=["email"])
    return Order.objects.get()


def test_receipt_and_refund_go_to_the_current_address(client, moved, at):
    deliver(client, paid_event(moved))
    queue_receipts_again(Order.objects.get(), at=at)
    deliver(client, refund_event(moved))
    assert [mail.to for mail in mails()] == [["new@example.org"]] * 3


def test_mail_of_an_erased_account_goes_to_the_address_of_the_order(client, order, learner):
    deliver(client, paid_event(order))
    learner.delete()
    deliver(client, refund_event(order))
    assert mails()[-1].to == ["learner@example.org"]


def test_receipt_names_the_seller_and_its_own_number(settings, order, facts, at):
    settings.SELLER_NAME = "Exam House Ltd"
    settings.SELLER_ADDRESS = "1 Main Street, Dublin"
    settings.SELLER_TAX_ID = "IE1234567T"
    settings.SUPPORT_EMAIL = "help@example.org"
    paid = fulfill(facts(order), source="webhook", at=at)
    body = mails()[0].body
    assert paid.receipt_number == "TEST-000001"
    wanted = [
        f"receipt {paid.receipt_number} for your payment on Nov. 2, 2026",
        "Seller: Exam House Ltd\n1 Main Street, Dublin\nTax ID: IE1234567T",
        "127.0.0.1 · help@example.org",
        f"Order number: {order.number}",
    ]
    assert [words for words in wanted if words not in body] == []


def test_receipt_of_a_seller_without_details_names_the_site(order, facts, at):
    fulfill(facts(order), source="webhook", at=at)
    assert "Seller: Testbank\n\n" in mails()[0].body
    assert "Tax ID" not in mails()[0].body


@pytest.mark.parametrize(
    ("amount", "access", "words"),
    [
        (1900, "", "Your access to Bank git has ended."),
        (900, "", "Your access to Bank git has not changed."),
        (1900, "keep", "You still have access to Bank git."),
        (900, "revoke", "Your access to Bank git has ended."),
        (900, "shorten", "Your access to Bank git ends on Nov. 2, 2026."),
    ],
)
def test_refund_mail_names_the_bank_and_the_state_of_the_access(
    client, order, at, amount, access, words
):
    deliver(client, paid_event(order))
    until = at if access == "shorten" else None
    Refund.objects.create(
        order=order, amount_minor=amount, currency="USD", status="pending", created_at=at,
        stripe_id="re_1", access=access, access_until=until,
    )  # fmt: skip
    deliver(client, refund_event(order, amount=amount))
    mail = mails()[-1]
    assert mail.subject.endswith(" for Bank git")
    assert words in mail.body


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        (
            "help@example.org",
            "To arrange another way to receive your refund, write to help@example.org and include "
            "the order number, {number}.",
        ),
        ("", "We will contact you to arrange another way to send your refund."),
    ],
)
def test_mail_of_a_failed_refund_says_whom_to_contact(client, settings, order, contact, words):
    settings.SUPPORT_EMAIL = contact
    deliver(client, paid_event(order))
    for status in ("succeeded", "failed"):
        deliver(client, refund_event(order, status=status))
    mail = mails()[-1]
    told = (
        "We tried to refund $19.00, but the refund failed, and the money was returned to us. "
    ) + words.format(number=order.number)
    assert mail.subject == "Your refund of $19.00 failed"
    assert told in mail.body
    assert told in strip_tags(mail.alternatives[0][0])
