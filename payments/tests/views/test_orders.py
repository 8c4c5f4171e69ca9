"""A buyer's orders: the return page, the receipt and the history; strangers and others."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from catalog.models import Access
from outbox.models import OutgoingMail
from payments.domain.fulfillment import fulfill
from payments.domain.order_life_cycle import mark_expired
from payments.domain.order_placement import get_or_place_order
from payments.models import Order
from payments.stripe.client import payment_breaker, stripe_client
from payments.stripe_integration import create_checkout_session
from payments.tests.conftest import RETURN_URLS
from payments.tests.stripe_events import deliver, dispute_event, paid_event, refund_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True


@pytest.fixture
def paid(order, facts, at):
    return fulfill(facts(order), source="webhook", at=at)


def page(client, order, name=""):
    path = f"/payments/orders/{order.pk}/{name}/" if name else f"/payments/success/{order.pk}/"
    return client.get(path)


def text(client, order):
    return " ".join(page(client, order).content.decode().split())


@pytest.mark.parametrize(
    ("events", "words", "practises"),
    [
        ([], "Thank you", True),
        ([refund_event], "This order was refunded", False),
        (
            [lambda order: refund_event(order, amount=900)],
            "This order was partially refunded",
            True,
        ),
        ([dispute_event], "Your bank has disputed this payment", False),
        (
            [lambda order: dispute_event(order, status="lost")],
            "Your bank reversed this payment",
            False,
        ),
    ],
)
def test_page_explains_each_order_state(client, order, learner, events, words, practises):
    deliver(client, paid_event(order))
    for event in events:
        deliver(client, event(order))
    client.force_login(learner)
    told = text(client, order)
    assert f"<h1>{words}</h1>" in told
    assert ("/practice/start/" in told) == practises


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"held": "the amount", "granted_at": None}, "We received your payment"),
        ({"granted_at": None}, "You paid twice"),
    ],
)
def test_page_of_a_held_payment(client, paid, learner, make_order, change, words):
    Access.objects.all().delete()
    duplicate = {} if "held" in change else {"duplicate_of": make_order}
    Order.objects.filter(pk=paid.pk).update(**change, **duplicate)
    client.force_login(learner)
    assert f"<h1>{words}</h1>" in text(client, paid)


@pytest.mark.parametrize(
    ("ends_in", "source", "ran_out"),
    [
        (timedelta(0), "webhook", True),
        (timedelta(0), "reconciliation", True),
        # Canceled: the event comes before the row, or the other way around.
        (timedelta(hours=23), "webhook", False),
        (timedelta(hours=23), "purchase", False),
    ],
)
def test_canceled_order_says_whether_its_time_ran_out(client, order, at, ends_in, source, ran_out):
    Order.objects.filter(pk=order.pk).update(session_expires_at=at + ends_in)
    mark_expired(order, source=source, at=at)
    client.force_login(order.user)
    told = text(client, order)
    assert "<h1>This order was canceled</h1>" in told
    assert ("The order was not paid in time." in told) == ran_out


@pytest.fixture
def make_order(learner, at):
    return Order.objects.create(
        user=learner, email=learner.email, mode="sandbox", amount_minor=1, currency="USD",
        idempotency_key="another", request="{}", created_at=at,
    )  # fmt: skip


def test_check_payment_asks_stripe_and_shows_the_result(client, sandbox, learner, test_bank):
    session = create_checkout_session(test_bank, learner)
    client.force_login(learner)
    url = f"/payments/orders/{session.order.pk}/check/"
    response = client.post(url, follow=True)
    assert "We checked, but no payment has been received yet." in response.content.decode()
    sandbox.control.pay(session.id)
    response = client.post(url, follow=True)
    assert response.redirect_chain == [(f"/payments/success/{session.order.pk}/", 303)]
    assert "We checked, and your payment has been received." in response.content.decode()


def test_check_payment_without_stripe_says_that_nothing_is_lost(
    client, sandbox, learner, test_bank
):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.fault("cut_before", times=20)
    client.force_login(learner)
    response = client.post(f"/payments/orders/{session.order.pk}/check/", follow=True)
    assert (
        "We could not check your payment right now. Your order is safe" in response.content.decode()
    )


def test_check_payment_of_another_account_says_so(client, sandbox, learner, test_bank, settings):
    order = create_checkout_session(test_bank, learner).order
    Order.objects.update(account="acct_former")
    settings.STRIPE_ACCOUNT = "acct_new"
    client.force_login(learner)
    response = client.post(f"/payments/orders/{order.pk}/check/", follow=True)
    assert "to a payment account that this site no longer uses" in response.text


@pytest.mark.usefixtures("stopped_clock")
def test_check_payment_is_rate_limited(client, sandbox, learner, test_bank):
    order = create_checkout_session(test_bank, learner).order
    client.force_login(learner)
    for _time in range(8):
        client.post(f"/payments/orders/{order.pk}/check/")
    assert sandbox.control.count("GET /v1/checkout/sessions/{id}") == 6
    assert "We just checked" in text(client, order)


@pytest.mark.usefixtures("stopped_clock")
def test_opening_the_return_page_40_times_asks_stripe_20_times(client, sandbox, learner, test_bank):
    order = create_checkout_session(test_bank, learner).order
    client.force_login(learner)
    statuses = {client.get(f"/payments/success/{order.pk}/").status_code for _time in range(40)}
    assert sandbox.control.count("GET /v1/checkout/sessions/{id}") == 20
    assert statuses == {200}


def test_receipt_names_the_payment_and_its_refunds(client, order, learner):
    deliver(client, paid_event(order))
    deliver(client, refund_event(order, amount=900))
    client.force_login(learner)
    told = page(client, order, "receipt").content.decode()
    for words in (order.lines.get().title, "$19.00", "− $9.00", "$10.00", str(order.pk)):
        assert words in told
    assert "This is a test payment. You have not been charged." in told


def test_unpaid_order_has_no_receipt(client, order, learner):
    client.force_login(learner)
    response = page(client, order, "receipt")
    assert (response.status_code, response["Location"]) == (303, f"/payments/success/{order.pk}/")


def test_the_receipt_is_sent_again_on_request(client, paid, learner, monkeypatch):
    cache.clear()
    monkeypatch.setattr(
        "payments.views.orders.timezone.now", lambda: datetime(2026, 11, 2, 12, 30, 5, tzinfo=UTC)
    )
    client.force_login(learner)
    url = f"/payments/orders/{paid.pk}/resend/"
    for _click in range(2):
        assert client.post(url).status_code == 303
    mails = OutgoingMail.objects.filter(template="payments/email/access_ready")
    assert mails.count() == 2
    first, again = mails.order_by("pk")
    assert first.context == again.context


def test_fourth_request_for_a_receipt_says_how_long_to_wait(client, paid, learner):
    client.force_login(learner)
    url = f"/payments/orders/{paid.pk}/resend/"
    told = [client.post(url, follow=True).text for _time in range(4)]
    assert [bool(re.search(r"Try again in \d+ minutes?\.", text)) for text in told] == [
        False,
        False,
        False,
        True,
    ]


def test_unpaid_order_gets_no_receipt_mail(client, order, learner):
    client.force_login(learner)
    client.post(f"/payments/orders/{order.pk}/resend/")
    assert not OutgoingMail.objects.exists()


REQUESTS = [
    ("get", "/payments/success/{}/"),
    ("get", "/payments/orders/{}/receipt/"),
    ("post", "/payments/orders/{}/check/"),
    ("post", "/payments/orders/{}/resend/"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_order_of_other_learner_is_404(client, paid, other_learner, seller, method, path):
    for person in (other_learner, seller):
        client.force_login(person)
        assert getattr(client, method)(path.format(paid.pk)).status_code == 404
    assert OutgoingMail.objects.count() == 1


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_order_pages_ask_strangers_to_sign_in(client, paid, method, path):
    response = getattr(client, method)(path.format(paid.pk))
    assert (response.status_code, response["Location"][:17]) == (302, "/accounts/login/?")


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_orders_of_another_mode_are_not_shown(client, paid, learner, settings, method, path):
    settings.STRIPE_MODE = "test"
    client.force_login(learner)
    assert getattr(client, method)(path.format(paid.pk)).status_code == 404
    assert paid.lines.get().title not in client.get("/payments/orders/").content.decode()


@pytest.mark.parametrize("path", [path for method, path in REQUESTS if method == "post"])
def test_check_payment_is_post_only(client, paid, learner, path):
    client.force_login(learner)
    assert client.get(path.format(paid.pk)).status_code == 405


def test_missing_order_is_404(client, learner):
    client.force_login(learner)
    assert client.get(f"/payments/success/{uuid.uuid4()}/").status_code == 404


def test_return_page_asks_stripe_and_gives_access(client, sandbox, learner, test_bank):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    client.force_login(learner)
    response = client.get(reverse("payments:success", args=[session.order.pk]))
    assert "We received your payment, and your test bank is ready." in response.text
    assert Access.objects.get().learner == learner


def test_return_page_grants_nothing_without_stripes_answer(client, sandbox, learner, test_bank):
    session = create_checkout_session(test_bank, learner)
    client.force_login(learner)
    response = client.get(reverse("payments:success", args=[session.order.pk]))
    assert "<h1>Not paid yet</h1>" in response.text
    assert "http-equiv" not in response.text
    assert not Access.objects.exists()


def test_return_page_without_stripe_says_that_it_is_being_confirmed(
    client, sandbox, learner, test_bank
):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    sandbox.control.fault("cut_before", times=5)
    client.force_login(learner)
    response = client.get(reverse("payments:success", args=[session.order.pk]))
    assert response.status_code == 200
    assert "We are confirming your payment" in response.text
    assert "Do not pay again." in response.text
    assert '<meta http-equiv="refresh" content="5">' in response.text
    sandbox.control.clear_faults()
    payment_breaker.cache_clear()
    stripe_client.cache_clear()
    assert "Thank you" in client.get(response.request["PATH_INFO"]).text


@pytest.mark.parametrize("name", ["success", "cancelled"])
def test_order_of_another_learner_is_not_found(client, order, other_learner, name):
    client.force_login(other_learner)
    assert client.get(reverse(f"payments:{name}", args=[order.pk])).status_code == 404


@pytest.mark.parametrize("name", ["success", "cancelled"])
def test_order_asks_a_stranger_to_sign_in(client, order, name):
    response = client.get(reverse(f"payments:{name}", args=[order.pk]))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")


def test_history_shows_own_orders_only(client, order, learner, other_learner):
    client.force_login(learner)
    assert "Bank git" in client.get(reverse("payments:orders")).text
    client.force_login(other_learner)
    assert "No orders yet" in client.get(reverse("payments:orders")).text


def test_history_asks_a_stranger_to_sign_in(client, db):
    assert client.get(reverse("payments:orders")).status_code == 302


@pytest.mark.parametrize("orders", [1, 3])
def test_history_costs_the_same_for_one_and_three_orders(
    client, learner, make_bank, django_assert_num_queries, orders, at
):
    for number in range(orders):
        get_or_place_order(
            learner=learner,
            test_bank=make_bank(f"bank-{number}"),
            mode="sandbox",
            account="",
            return_urls=RETURN_URLS,
            at=at,
        )
    client.force_login(learner)
    with django_assert_num_queries(4):
        client.get(reverse("payments:orders"))
