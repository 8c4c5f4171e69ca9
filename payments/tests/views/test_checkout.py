import logging

import pytest
from django.urls import reverse

from catalog.models import Access
from payments.models import Order
from payments.stripe_integration import create_checkout_session

CREATE = "POST /v1/checkout/sessions"
SENTENCE = (
    "Unable to connect to payment service. Please check your internet connection and try again. "
    "You have not been charged. The problem is most likely on our side."
)


@pytest.fixture
def url(test_bank):
    return reverse("payments:checkout", args=[test_bank.slug])


@pytest.fixture
def detail(test_bank):
    return reverse("catalog:detail", args=[test_bank.slug])


def test_purchase_leads_to_the_payment_page(client, sandbox, learner, url):
    client.force_login(learner)
    response = client.post(url)
    assert response.status_code == 303
    assert response["Location"] == Order.objects.get().session_url


def test_stranger_signs_up_and_continues_the_purchase(client, sandbox, url):
    response = client.post(url)
    assert response.status_code == 303
    assert response["Location"] == "/accounts/signup/?next=%2Fpayments%2Fbuy%2Fgit%2F"
    assert (Order.objects.count(), sandbox.control.count(CREATE)) == (0, 0)


BUY = "/payments/buy/git/"


def test_purchase_continues_after_the_price_is_confirmed(client, sandbox, learner, test_bank):
    client.force_login(learner)
    page = client.get(BUY).text
    assert ("$19.00" in page, 'action="/payments/checkout/git/"' in page) == (True, True)
    assert (Order.objects.count(), sandbox.control.requests()) == (0, [])


def test_free_bank_continues_after_one_confirmation(client, learner, make_bank):
    make_bank("free", price_minor=0)
    client.force_login(learner)
    page = client.get("/payments/buy/free/").text
    assert ("Get it free" in page, Access.objects.exists()) == (True, False)


def test_owner_has_nothing_to_confirm(client, owner, detail):
    client.force_login(owner)
    assert client.get(BUY)["Location"] == detail


def test_purchase_to_confirm_asks_a_stranger_to_sign_in(client, test_bank):
    assert client.get(BUY)["Location"] == "/accounts/login/?next=/payments/buy/git/"


def test_draft_cannot_be_confirmed(client, learner, make_bank):
    make_bank("draft", status="draft")
    client.force_login(learner)
    assert client.get("/payments/buy/draft/").status_code == 404


def test_purchase_is_post_only(client, learner, url):
    client.force_login(learner)
    assert client.get(url).status_code == 405


def test_purchase_needs_the_token_of_the_form(sandbox, learner, url):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(learner)
    assert strict.post(url).status_code == 403
    assert not Order.objects.exists()


@pytest.mark.usefixtures("stopped_clock")
def test_40_clicks_make_at_most_12_calls_and_one_order(client, sandbox, learner, url):
    client.force_login(learner)
    statuses = [client.post(url).status_code for _press in range(40)]
    assert statuses == [303] * 12 + [429] * 28
    assert len(sandbox.control.requests()) <= 12
    assert Order.objects.count() == 1


def test_purchase_of_a_draft_is_not_found(client, sandbox, learner, make_bank):
    bank = make_bank("draft", status="draft")
    client.force_login(learner)
    assert client.post(reverse("payments:checkout", args=[bank.slug])).status_code == 404


def test_owner_is_sent_back_and_never_charged(client, sandbox, owner, url, detail):
    client.force_login(owner)
    response = client.post(url, follow=True)
    assert response.redirect_chain == [(detail, 303)]
    assert "You already own this test bank. You have not been charged." in response.text
    assert (Order.objects.count(), sandbox.control.count(CREATE)) == (0, 0)


def test_price_that_stripe_does_not_accept_is_refused_without_a_call(
    client, sandbox, learner, make_bank
):
    bank = make_bank("dear", currency="UGX", price_minor=550)
    client.force_login(learner)
    response = client.post(reverse("payments:checkout", args=[bank.slug]), follow=True)
    words = "because our payment service does not accept its price"
    assert (response.redirect_chain, words in response.text) == ([("/banks/dear/", 303)], True)
    assert (Order.objects.count(), sandbox.control.requests()) == (0, [])


def test_free_bank_is_granted_at_once(client, sandbox, learner, make_bank):
    bank = make_bank("free", price_minor=0)
    client.force_login(learner)
    for _click in range(2):
        client.post(reverse("payments:checkout", args=[bank.slug]))
    assert [access.source_kind for access in Access.objects.all()] == ["free"]
    assert sandbox.control.count(CREATE) == 0


def test_failure_page_shows_the_incident_code_of_the_log(
    client, settings, forget_stripe_client, learner, url, caplog
):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    client.force_login(learner)
    with caplog.at_level(logging.ERROR, logger="payments.monitoring.incidents"):
        response = client.post(url)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert SENTENCE in response.text
    code = response.context["incident"].code
    assert f"incident={code}" in caplog.text
    assert "cause=NET-REFUSED stage=connect" in caplog.text
    assert Order.objects.get().status == "pending"
    for secret in ("127.0.0.1", "proxy", "Traceback", "APIConnectionError", "NET-"):
        assert secret not in response.text


def test_retry_after_a_failure_makes_no_second_order(
    client, settings, forget_stripe_client, sandbox_program, learner, url
):
    from payments.stripe import client as stripe_client
    from testing.sandbox import SECRET_KEY

    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    client.force_login(learner)
    client.post(url)
    settings.STRIPE_API_BASE = sandbox_program.url
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    stripe_client.stripe_client.cache_clear()
    sandbox_program.control.clear_faults()
    sandbox_program.control.forget_requests()
    assert client.post(url).status_code == 303
    assert (Order.objects.count(), sandbox_program.control.count(CREATE)) == (1, 1)


def test_error_of_stripe_is_not_called_a_connection_failure(client, sandbox, learner, url):
    sandbox.control.fault("status", status=403, times=5)
    client.force_login(learner)
    response = client.post(url)
    assert response.status_code == 503
    assert "The payment service could not start your payment." in response.text
    assert "internet connection" not in response.text


@pytest.mark.parametrize(
    ("fault", "begins"),
    [
        ({"kind": "cut_before", "times": 5}, "Unable to connect to payment service. "),
        (
            {"kind": "status", "status": 500, "times": 5, "saved": False},
            "The payment service could ",
        ),
    ],
)
def test_failure_after_checkout_was_shown_does_not_mention_a_charge(
    client, sandbox, learner, test_bank, url, fault, begins
):
    paid = create_checkout_session(test_bank, learner)
    sandbox.control.pay(paid.id)
    sandbox.control.fault(**fault)
    client.force_login(learner)
    response = client.post(url)
    assert response.status_code == 503
    assert begins in response.text
    assert "If you have already paid, do not pay again" in response.text
    assert "You have not been charged." not in response.text


def test_canceling_at_stripe_returns_to_the_bank_with_a_message(client, order, learner, detail):
    client.force_login(learner)
    response = client.get(reverse("payments:cancelled", args=[order.pk]), follow=True)
    assert response.redirect_chain == [(detail, 302)]
    assert "You have not been charged." in response.text
    order.refresh_from_db()
    assert order.status == "pending"


def test_canceling_at_stripe_after_paying_in_another_tab_shows_the_order(
    client, sandbox, learner, test_bank
):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    client.force_login(learner)
    client.get(reverse("payments:success", args=[session.order.pk]))
    response = client.get(reverse("payments:cancelled", args=[session.order.pk]), follow=True)
    assert response.redirect_chain == [(reverse("payments:success", args=[session.order.pk]), 302)]
    assert "You have not been charged." not in response.text


def test_content_security_policy_lets_the_form_end_on_checkout(client, test_bank, settings):
    policy = client.get("/")["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
    assert directives["form-action"].split() == ["'self'", settings.CHECKOUT_ORIGIN]
    assert directives["script-src"] == "'self'"
    assert directives["style-src"] == "'self'"
