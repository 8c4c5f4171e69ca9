"""`create_checkout_session` against the sandbox: the purchase up to Stripe's page."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Access
from catalog.services import grant_access
from payments.errors import AlreadyOwned, FreeBank, NotOnSale, NotPayable
from payments.flows.checkout import cancel_order, confirm_payment
from payments.models import OpenCheckout, Order
from payments.stripe import transport
from payments.stripe_integration import (
    APIConnectionError,
    APIError,
    InvalidRequestError,
    StripeError,
    create_checkout_session,
)

CREATE = "POST /v1/checkout/sessions"

pytestmark = pytest.mark.django_db


def test_new_session_is_stored_in_the_order(sandbox, test_bank, learner):
    session = create_checkout_session(test_bank, learner)
    assert session.url.startswith(f"{sandbox.url}/c/pay/")
    order = Order.objects.get()
    assert (order.status, order.session_id, order.session_url) == ("open", session.id, session.url)
    assert (order.mode, order.email) == ("sandbox", learner.email)


def test_addresses_without_a_request_come_from_site_url(sandbox, settings, test_bank, learner):
    settings.SITE_URL = "https://shop.example"
    order = create_checkout_session(test_bank, learner).order
    assert (
        json.loads(order.request)["success_url"]
        == f"https://shop.example/payments/success/{order.pk}/"
    )
    assert (
        json.loads(order.request)["cancel_url"]
        == f"https://shop.example/payments/cancelled/{order.pk}/"
    )


def test_addresses_with_a_request_are_those_of_its_host(sandbox, rf, test_bank, learner):
    request = rf.post("/", headers={"host": "127.0.0.1:8123"})
    order = create_checkout_session(test_bank, learner, request).order
    assert json.loads(order.request)["success_url"].startswith(
        "http://127.0.0.1:8123/payments/success/"
    )


def test_second_request_returns_the_same_session(sandbox, test_bank, learner):
    first = create_checkout_session(test_bank, learner)
    second = create_checkout_session(test_bank, learner)
    assert (second.id, second.order) == (first.id, first.order)
    assert sandbox.control.count(CREATE) == 1


def test_changed_price_expires_the_old_session_first(sandbox, test_bank, learner):
    first = create_checkout_session(test_bank, learner)
    test_bank.price_minor = 2900
    test_bank.save(update_fields=["price_minor"])
    second = create_checkout_session(test_bank, learner)
    assert second.id != first.id
    assert sandbox.control.count("POST /v1/checkout/sessions/{id}/expire") == 1
    assert set(Order.objects.values_list("status", "amount_minor")) == {
        ("expired", 1900),
        ("open", 2900),
    }


def test_lost_response_is_requested_again_with_the_same_key(sandbox, test_bank, learner):
    sandbox.control.fault("cut_after", times=10)
    with pytest.raises(APIConnectionError):
        create_checkout_session(test_bank, learner)
    assert Order.objects.get().status == "pending"
    sandbox.control.clear_faults()
    session = create_checkout_session(test_bank, learner)
    assert Order.objects.get().session_id == session.id
    asked = [entry for entry in sandbox.control.requests() if entry["method"] == "POST"]
    assert {entry["headers"]["Idempotency-Key"] for entry in asked} == {
        session.order.idempotency_key
    }
    assert len({entry["body"] for entry in asked}) == 1


def test_buyer_does_not_see_one_lost_response(sandbox, test_bank, learner):
    sandbox.control.fault("cut_after", times=1)
    create_checkout_session(test_bank, learner)
    assert Order.objects.get().status == "open"
    assert sandbox.control.count(CREATE) == 2


def test_session_is_searched_once_its_key_may_have_expired(sandbox, test_bank, learner):
    sandbox.control.fault("cut_after", times=10)
    with pytest.raises(APIConnectionError):
        create_checkout_session(test_bank, learner)
    sandbox.control.clear_faults()
    sandbox.control.forget_requests()
    Order.objects.update(asked_at=timezone.now() - timedelta(hours=23, minutes=1))
    session = create_checkout_session(test_bank, learner)
    assert sandbox.control.count(CREATE) == 0
    assert Order.objects.get().session_id == session.id


def test_new_order_replaces_an_old_request_that_never_arrived(sandbox, test_bank, learner):
    sandbox.control.fault("cut_before", times=10)
    with pytest.raises(APIConnectionError):
        create_checkout_session(test_bank, learner)
    sandbox.control.clear_faults()
    Order.objects.update(asked_at=timezone.now() - timedelta(hours=25))
    create_checkout_session(test_bank, learner)
    assert sorted(Order.objects.values_list("status", flat=True)) == ["expired", "open"]


def test_paid_session_without_a_webhook_is_fulfilled_instead_of_sold_again(
    sandbox, test_bank, learner
):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    with pytest.raises(AlreadyOwned):
        create_checkout_session(test_bank, learner)
    assert Order.objects.get().status == "paid"
    assert Access.objects.get().source_id == str(session.order.pk)


def test_new_order_replaces_an_order_of_another_account(sandbox, settings, test_bank, learner):
    settings.STRIPE_ACCOUNT = "acct_former"
    former = create_checkout_session(test_bank, learner)
    settings.STRIPE_ACCOUNT = "acct_new"
    sandbox.control.forget_requests()
    again = create_checkout_session(test_bank, learner)
    assert (again.order.account, again.order != former.order) == ("acct_new", True)
    assert Order.objects.get(pk=former.order.pk).status == "expired"
    assert [one["operation"] for one in sandbox.control.requests()] == [
        "POST /v1/checkout/sessions"
    ]


def test_new_order_replaces_one_whose_session_is_unknown_to_the_account(
    sandbox, test_bank, learner
):
    create_checkout_session(test_bank, learner)
    Order.objects.update(session_id="cs_test_ofAnotherAccount")
    session = create_checkout_session(test_bank, learner)
    states = dict(Order.objects.values_list("session_id", "status"))
    assert states == {"cs_test_ofAnotherAccount": "expired", session.id: "open"}


def test_order_whose_session_is_unknown_to_the_account_can_be_canceled(
    sandbox, test_bank, learner, at
):
    order = create_checkout_session(test_bank, learner).order
    order.session_id = "cs_test_ofAnotherAccount"
    order.save(update_fields=["session_id"])
    cancel_order(order, at=at)
    assert Order.objects.get().status == "expired"


def test_new_order_replaces_an_expired_session(sandbox, test_bank, learner):
    first = create_checkout_session(test_bank, learner)
    sandbox.control.expire(first.id)
    second = create_checkout_session(test_bank, learner)
    assert second.id != first.id
    assert Order.objects.get(session_id=first.id).status == "expired"


def test_confirm_payment_asks_stripe(sandbox, test_bank, learner):
    session = create_checkout_session(test_bank, learner)
    assert confirm_payment(session.order).status == "open"
    sandbox.control.pay(session.id)
    assert confirm_payment(Order.objects.get()).status == "paid"
    assert Access.objects.count() == 1


def test_owner_is_never_charged(sandbox, test_bank, owner):
    with pytest.raises(AlreadyOwned):
        create_checkout_session(test_bank, owner)
    assert (Order.objects.count(), sandbox.control.count(CREATE)) == (0, 0)


def test_owner_whose_access_ended_may_buy_again(sandbox, test_bank, learner, at):
    grant_access(
        learner=learner,
        test_bank=test_bank,
        source_kind="order",
        source_id="old",
        starts_at=at - timedelta(days=40),
        access_days=30,
    )
    assert create_checkout_session(test_bank, learner).url


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"price_minor": 0}, FreeBank),
        ({"status": "withdrawn"}, NotOnSale),
        ({"price_minor": 49}, NotPayable),
        ({"price_minor": 500, "currency": "XXX"}, NotPayable),
    ],
)
def test_what_cannot_be_bought_is_refused(sandbox, make_bank, learner, fields, error):
    with pytest.raises(error):
        create_checkout_session(make_bank("other", **fields), learner)
    assert (Order.objects.exists(), sandbox.control.count(CREATE)) == (False, 0)


@pytest.mark.parametrize(
    ("currency", "amount"), [("USD", 1999), ("JPY", 1999), ("KWD", 1990), ("EUR", 50)]
)
def test_amounts_are_sent_in_the_smallest_unit(sandbox, make_bank, learner, currency, amount):
    bank = make_bank("abroad", currency=currency, price_minor=amount)
    session = create_checkout_session(bank, learner)
    told = sandbox.control.pay(session.id)
    assert (told["currency"], told["amount_total"]) == (currency.lower(), amount)
    assert confirm_payment(Order.objects.get()).held == ""


def test_refused_request_keeps_the_order_until_the_price_is_fixed(sandbox, make_bank, learner):
    bank = make_bank("cheap", price_minor=400)
    sandbox.control.fault("status", status=400, method="POST", times=2)
    with pytest.raises(InvalidRequestError):
        create_checkout_session(bank, learner)
    assert Order.objects.get().status == "pending"
    bank.price_minor = 500
    bank.save(update_fields=["price_minor"])
    create_checkout_session(bank, learner)
    assert sorted(Order.objects.values_list("status", flat=True)) == ["failed", "open"]


def test_unknown_key_is_an_authentication_error(sandbox, settings, test_bank, learner):
    settings.STRIPE_SECRET_KEY = "sk_sandbox_another"
    with pytest.raises(StripeError) as raised:
        create_checkout_session(test_bank, learner)
    assert (type(raised.value).__name__, raised.value.http_status) == ("AuthenticationError", 401)


def test_server_error_of_stripe_is_an_api_error(sandbox, test_bank, learner):
    sandbox.control.fault("status", status=500, times=10)
    with pytest.raises(APIError):
        create_checkout_session(test_bank, learner)


def test_server_error_stored_with_the_key_gets_a_new_key(sandbox, test_bank, learner):
    sandbox.control.fault("status", status=500, method="POST")
    session = create_checkout_session(test_bank, learner)
    assert sorted(Order.objects.values_list("status", "session_id")) == [
        ("expired", None),
        ("open", session.id),
    ]


def test_session_behind_a_stored_server_error_is_found(sandbox, test_bank, learner):
    sandbox.control.fault("cut_after", times=10)
    with pytest.raises(APIConnectionError):
        create_checkout_session(test_bank, learner)
    sandbox.control.clear_faults()
    order = Order.objects.get()
    sandbox.control.forget_keys()
    sandbox.control.fault("status", status=500, method="POST")
    session = create_checkout_session(test_bank, learner)
    assert (session.order.pk, Order.objects.count()) == (order.pk, 1)


def click(test_bank, learner):
    """Purchase in a thread, and return the id of the session."""
    try:
        return create_checkout_session(test_bank, learner).id
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_give_one_session(sandbox, settings, test_bank, learner):
    # Until one was answered, half of the calls may be out.
    settings.STRIPE_MAX_CALLS = 8

    with ThreadPoolExecutor(4) as pool:
        sessions = set(pool.map(click, [test_bank] * 4, [learner] * 4))
    assert len(sessions) == 1
    assert (Order.objects.count(), OpenCheckout.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_second_click_waits_while_stripe_processes_the_first(sandbox, test_bank, learner):
    """Stripe takes longer to create a session than the pauses before the usual retries."""
    sandbox.control.fault("hang", seconds=1.5, method="POST")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(click, [test_bank] * 2, [learner] * 2)
    assert first == second


def test_request_that_never_ends_at_stripe_is_given_up(
    sandbox, monkeypatch, test_bank, learner, caplog
):
    caplog.set_level("INFO", logger="payments.stripe.transport")
    monkeypatch.setattr(transport, "FIRST_BACKOFF_WHILE_IN_USE_SECONDS", 0.0)
    sandbox.control.fault("status", status=409, times=50)
    with pytest.raises(APIError):
        create_checkout_session(test_bank, learner)
    assert caplog.text.count("cause=API-409") == transport.MAX_TRIES_WHILE_IN_USE
