"""What the API refuses, and with which of Stripe's errors."""

import time
from typing import Any

import pytest
import requests
import stripe

from sandbox.tests.factories import (
    client_for,
    session_params,
)
from testing.sandbox import RunningSandbox


def line(**changes: Any) -> Any:
    """Return line items with these changes to the price data."""
    price = {**session_params()["line_items"][0]["price_data"], **changes}
    return [{"quantity": 1, "price_data": price}]


def without(name: str) -> Any:
    """Return the parameters of a session without this one."""
    return {key: value for key, value in session_params().items() if key != name}


PRICE = "line_items[0][price_data]"
REFUSED = [
    (without("mode"), "mode", "parameter_missing"),
    (without("line_items"), "line_items", "parameter_missing"),
    (without("success_url"), "success_url", "parameter_missing"),
    (session_params(mode="subscription"), "mode", None),
    (session_params(bogus=1), "bogus", "parameter_unknown"),
    (session_params(payment_method_types=["card"]), "payment_method_types", "parameter_unknown"),
    (session_params(automatic_tax={"enabled": True}), "automatic_tax", None),
    (session_params(success_url="/done"), "success_url", "url_invalid"),
    (session_params(success_url="javascript:alert(1)"), "success_url", "url_invalid"),
    (session_params(success_url="http://shop/\r\nSet-Cookie: a=b"), "success_url", "url_invalid"),
    (session_params(cancel_url="http://["), "cancel_url", "url_invalid"),
    (session_params(customer_email="nobody"), "customer_email", "email_invalid"),
    (session_params(client_reference_id="x" * 201), "client_reference_id", None),
    (session_params(client_reference_id=""), "client_reference_id", "parameter_invalid_empty"),
    (session_params(metadata={"k" * 41: "v"}), "metadata", None),
    (session_params(expires_at=1), "expires_at", None),
    (session_params(expires_at=int(time.time()) + 25 * 3600), "expires_at", None),
    (session_params(expand=["customer"]), "expand[0]", None),
    (session_params(allow_promotion_codes="perhaps"), "allow_promotion_codes", None),
    (
        session_params(line_items=[{"quantity": 1, "price": "price_1"}]),
        "line_items[0][price]",
        None,
    ),
    (session_params(line_items=[{"quantity": 1}]), PRICE, "parameter_missing"),
    (session_params(line_items=line(currency="dollars")), f"{PRICE}[currency]", None),
    (
        session_params(line_items=line(product_data={})),
        f"{PRICE}[product_data]",
        "parameter_missing",
    ),
    (session_params(19.99), f"{PRICE}[unit_amount]", "parameter_invalid_integer"),
    (session_params(-1), f"{PRICE}[unit_amount]", "parameter_invalid_integer"),
    (session_params(49), "line_items", "amount_too_small"),
    (session_params(49, "jpy"), "line_items", "amount_too_small"),
    (session_params(29, "gbp"), "line_items", "amount_too_small"),
    (session_params(1999, "kwd"), "line_items", "parameter_invalid_integer"),
    (session_params(1950, "isk"), "line_items", "parameter_invalid_integer"),
    (
        session_params(line_items=[*line(), *line(currency="eur")]),
        "line_items[1][price_data][currency]",
        None,
    ),
]


@pytest.mark.parametrize(
    ("params", "param", "code"), REFUSED, ids=[f"{row[1]}-{row[2]}" for row in REFUSED]
)
def test_invalid_parameter_is_named(
    client: stripe.StripeClient, params: Any, param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)
    assert caught.value.request_id is not None
    assert caught.value.request_id.startswith("req_")


@pytest.mark.parametrize("seconds", [31 * 60, 24 * 3600 - 60])
def test_expiry_within_bounds_is_accepted(client: stripe.StripeClient, seconds: int) -> None:
    expires_at = int(time.time()) + seconds
    session = client.v1.checkout.sessions.create(session_params(expires_at=expires_at))
    assert session.expires_at == expires_at


@pytest.mark.parametrize(("amount", "currency"), [(50, "usd"), (50, "jpy"), (1990, "kwd")])
def test_minimum_amounts_are_accepted(
    client: stripe.StripeClient, amount: int, currency: str
) -> None:
    session = client.v1.checkout.sessions.create(session_params(amount, currency))
    assert (session.amount_total, session.currency) == (amount, currency)


def test_unknown_api_key_is_401_with_the_key_masked(sandbox: RunningSandbox) -> None:
    with pytest.raises(stripe.AuthenticationError) as caught:
        client_for(sandbox, "sk_test_0123456789abcd").v1.accounts.retrieve_current()
    assert caught.value.http_status == 401
    assert caught.value.user_message == "Invalid API Key provided: sk_test_****abcd"


def direct(running: RunningSandbox, method: str, path: str, **options: Any) -> requests.Response:
    """Send one request without stripe-python, and without the environment's proxies."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{running.url}{path}", timeout=10, **options)


def test_missing_api_key_is_401(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "GET", "/v1/balance")
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_api_key_as_user_name_is_accepted(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "GET", "/v1/balance", auth=(sandbox.secret_key, ""))
    assert response.status_code == 200


def test_responses_have_stripes_headers(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "GET", "/v1/balance")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Stripe-Version"] == stripe.api_version
    assert response.headers["Request-Id"].startswith("req_")
    assert "Date" in response.headers


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/customers"), ("DELETE", "/v1/balance"), ("GET", "/v2/core")]
)
def test_unknown_url_is_404_in_stripes_shape(
    sandbox: RunningSandbox, method: str, path: str
) -> None:
    response = direct(sandbox, method, path, auth=(sandbox.secret_key, ""))
    assert response.status_code == 404
    assert response.json()["error"]["message"].startswith("Unrecognized request URL")


@pytest.mark.parametrize("body", ["a[b=1", "mode=payment&mode=payment", "a=1&a[b]=1"])
def test_malformed_form_is_refused(sandbox: RunningSandbox, body: str) -> None:
    response = direct(
        sandbox, "POST", "/v1/checkout/sessions", data=body, auth=(sandbox.secret_key, "")
    )
    assert response.status_code == 400


def test_body_without_a_length_is_refused(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "POST", "/v1/checkout/sessions", data=iter([b"mode=payment"]))
    assert response.status_code == 411


def test_large_body_is_refused(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "POST", "/v1/checkout/sessions", data=b"x" * 1_000_001)
    assert response.status_code == 413
