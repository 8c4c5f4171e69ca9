"""What an order's page says and offers while it is not paid; canceling it."""

from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone

from conftest import NOON
from outbox.models import OutgoingMail
from outbox.services import message
from payments.domain.fulfillment import fulfill
from payments.flows.checkout import cancel_order
from payments.flows.reconciliation import reconcile
from payments.models import OpenCheckout, Order
from payments.stripe_integration import create_checkout_session
from payments.tests.stripe_events import deliver, event_of

pytestmark = pytest.mark.django_db

EXPIRE = "POST /v1/checkout/sessions/{id}/expire"


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True


@pytest.fixture
def session(sandbox, test_bank, learner):
    return create_checkout_session(test_bank, learner)


@pytest.fixture
def debit(session, sandbox):
    """The buyer chose a bank debit, and the money has not arrived."""
    sandbox.control.pay(session.id, card="debit")
    return session


@pytest.fixture
def page(client, session, learner):
    client.force_login(learner)
    return lambda: client.get(reverse("payments:success", args=[session.order.pk])).text


@pytest.fixture
def cancel(client, session, learner):
    client.force_login(learner)
    url = reverse("payments:cancel", args=[session.order.pk])
    return lambda: client.post(url, follow=True).text


def heading(text):
    return text.partition("<h1>")[2].partition("</h1>")[0]


def test_unpaid_order_shows_its_expiry_and_continues(page):
    text = page()
    assert heading(text) == "Not paid yet"
    offered = ["You have until ", "Continue to payment", "Cancel this order"]
    assert [words in text for words in offered] == [True] * 3


def test_page_of_a_processing_payment(debit, page):
    assert heading(page()) == "Your payment is processing"
    assert "Cancel this order" not in page()
    assert Order.objects.get().events.filter(kind="processing").count() == 1


@pytest.mark.parametrize("by", ["webhook", "reconciliation"])
def test_processing_payment_is_recorded_by_each_source(client, debit, by):
    if by == "webhook":
        deliver(client, event_of(debit.order, payment_status="unpaid", id=debit.id))
    else:
        at = timezone.now()
        reconcile(mode="sandbox", since=at, at=at)
    assert Order.objects.get().is_processing


def test_delayed_payment_that_fails_says_why_and_is_mailed(client, debit, sandbox, page):
    page()
    sandbox.control.settle(debit.id, comes=False)
    failed = event_of(
        debit.order,
        kind="checkout.session.async_payment_failed",
        id=debit.id,
        payment_status="unpaid",
    )
    for _time in range(2):
        deliver(client, failed)
    text = page()
    assert heading(text) == "Your payment failed"
    assert ("The payment did not arrive." in text, "Try again" in text) == (True, True)
    mail = message(OutgoingMail.objects.get(key__startswith="failed-"))
    assert mail.subject == "Your payment for Bank git failed"
    assert debit.order.number in mail.body


def test_reason_of_a_declined_payment_is_told(client, session, page):
    Order.objects.update(status="failed")
    session.order.events.create(
        kind="declined", detail={"code": "insufficient_funds"}, at=timezone.now()
    )
    assert "The account did not have enough funds." in page()


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"status": "pending"}, "Payment not started"),
        ({"status": "open"}, "Not paid yet"),
        ({"status": "open", "processing_since": NOON}, "Payment processing"),
        ({"status": "expired"}, "Canceled, not paid"),
        ({"status": "failed"}, "Payment failed"),
        ({"status": "paid"}, "On hold"),
        ({"status": "paid", "granted_at": NOON}, "Paid"),
        ({"status": "paid", "duplicate_of_id": UUID(int=1)}, "Paid twice"),
    ],
)
def test_name_of_the_state(fields, name):
    assert Order(**fields).state_name == name


def test_order_is_named_by_its_number_and_its_bank(client, session, learner):
    client.force_login(learner)
    text = client.get(reverse("payments:orders")).text
    assert (session.order.number in text, "Bank git" in text, "Not paid yet" in text) == (
        True,
        True,
        True,
    )
    assert str(session.order.pk) not in text.replace(
        reverse("payments:success", args=[session.order.pk]), ""
    )


def test_canceled_order_is_expired_at_stripe_first(cancel, session, sandbox):
    assert "The order was canceled. You have not been charged." in cancel()
    assert sandbox.control.session(session.id)["status"] == "expired"
    assert (Order.objects.get().status, OpenCheckout.objects.count()) == ("expired", 0)
    cancel()
    assert sandbox.control.count(EXPIRE) == 1


def test_payment_during_cancellation_grants_access(cancel, session, sandbox):
    sandbox.control.pay(session.id)
    assert "This order was paid before it could be canceled." in cancel()
    assert Order.objects.get().status == "paid"


def test_payment_on_its_way_cannot_be_canceled(cancel, debit):
    assert "so this order can no longer be canceled" in cancel()
    assert Order.objects.get().is_processing


def test_order_that_stripe_cannot_expire_stays(cancel, session, sandbox):
    sandbox.control.fault("cut_before", times=20)
    assert "because the payment service is not responding" in cancel()
    assert Order.objects.get().status == "open"


def test_order_of_another_account_stays(cancel, sandbox, settings):
    Order.objects.update(account="acct_former")
    settings.STRIPE_ACCOUNT = "acct_new"
    sandbox.control.forget_requests()
    assert "because it belongs to a payment account that this site no longer uses" in cancel()
    assert (Order.objects.get().status, sandbox.control.requests()) == ("open", [])


def test_order_that_was_never_sent_is_canceled_without_a_call(order, sandbox, at):
    assert cancel_order(order, at=at).status == "expired"
    assert sandbox.control.requests() == []


def test_late_payment_wins_over_a_canceled_order(order, facts, at):
    cancel_order(order, at=at)
    assert fulfill(facts(order), source="webhook", at=at).status == "paid"


def test_canceling_is_for_the_buyer_only(client, session, other_learner):
    url = reverse("payments:cancel", args=[session.order.pk])
    assert client.post(url).status_code == 302
    client.force_login(other_learner)
    assert client.post(url).status_code == 404
    assert Order.objects.get().status == "open"


def of_bank(client):
    return client.get("/payments/orders/of/git/").text.partition("data-fragment")[2]


def test_page_of_the_bank_says_that_a_payment_is_on_its_way(client, debit, page):
    page()
    text = of_bank(client)
    assert ("Your payment is processing." in text, "/payments/checkout/" in text) == (True, False)
    assert "data-fragments" in client.get("/banks/git/").text


def test_page_of_the_bank_names_an_order_that_is_not_paid(client, session, learner):
    client.force_login(learner)
    assert "You have an unpaid order." in of_bank(client)


def test_page_of_the_bank_hides_orders_of_others(client, session, other_learner):
    assert client.get("/payments/orders/of/git/").status_code == 302
    client.force_login(other_learner)
    assert of_bank(client) == ""
