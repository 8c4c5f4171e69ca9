"""What the API refuses, and in which words of Stripe's."""

import time
from typing import Any

import pytest
import requests
import stripe

from sandbox.tests.conftest import bank, client_of
from testing.sandbox import RunningSandbox


def line(**changes: Any) -> Any:
    """The line items of a purchase, with the price data changed as said."""
    price = {**bank()["line_items"][0]["price_data"], **changes}
    return [{"quantity": 1, "price_data": price}]


def without(name: str) -> Any:
    """A purchase without one parameter."""
    return {key: value for key, value in bank().items() if key != name}


PRICE = "line_items[0][price_data]"
REFUSED = [
    (without("mode"), "mode", "parameter_missing"),
    (without("line_items"), "line_items", "parameter_missing"),
    (without("success_url"), "success_url", "parameter_missing"),
    (bank(mode="subscription"), "mode", None),
    (bank(bogus=1), "bogus", "parameter_unknown"),
    (bank(payment_method_types=["card"]), "payment_method_types", "parameter_unknown"),
    (bank(automatic_tax={"enabled": True}), "automatic_tax", None),
    (bank(success_url="/done"), "success_url", "url_invalid"),
    (bank(success_url="javascript:alert(1)"), "success_url", "url_invalid"),
    (bank(success_url="http://shop/\r\nSet-Cookie: a=b"), "success_url", "url_invalid"),
    (bank(cancel_url="http://["), "cancel_url", "url_invalid"),
    (bank(customer_email="nobody"), "customer_email", "email_invalid"),
    (bank(client_reference_id="x" * 201), "client_reference_id", None),
    (bank(client_reference_id=""), "client_reference_id", "parameter_invalid_empty"),
    (bank(metadata={"k" * 41: "v"}), "metadata", None),
    (bank(expires_at=1), "expires_at", None),
    (bank(expires_at=int(time.time()) + 25 * 3600), "expires_at", None),
    (bank(expand=["customer"]), "expand[0]", None),
    (bank(allow_promotion_codes="perhaps"), "allow_promotion_codes", None),
    (bank(line_items=[{"quantity": 1, "price": "price_1"}]), "line_items[0][price]", None),
    (bank(line_items=[{"quantity": 1}]), PRICE, "parameter_missing"),
    (bank(line_items=line(currency="dollars")), f"{PRICE}[currency]", None),
    (bank(line_items=line(product_data={})), f"{PRICE}[product_data]", "parameter_missing"),
    (bank(19.99), f"{PRICE}[unit_amount]", "parameter_invalid_integer"),
    (bank(-1), f"{PRICE}[unit_amount]", "parameter_invalid_integer"),
    (bank(49), "line_items", "amount_too_small"),
    (bank(49, "jpy"), "line_items", "amount_too_small"),
    (bank(29, "gbp"), "line_items", "amount_too_small"),
    (bank(1999, "kwd"), "line_items", "parameter_invalid_integer"),
    (bank(1950, "isk"), "line_items", "parameter_invalid_integer"),
    (
        bank(line_items=[*line(), *line(currency="eur")]),
        "line_items[1][price_data][currency]",
        None,
    ),
]


@pytest.mark.parametrize(
    ("params", "param", "code"), REFUSED, ids=[f"{row[1]}-{row[2]}" for row in REFUSED]
)
def test_request_is_refused_by_name(
    client: stripe.StripeClient, params: Any, param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)
    assert caught.value.request_id is not None
    assert caught.value.request_id.startswith("req_")


@pytest.mark.parametrize("seconds", [31 * 60, 24 * 3600 - 60])
def test_expiry_within_bounds_is_taken(client: stripe.StripeClient, seconds: int) -> None:
    expires_at = int(time.time()) + seconds
    session = client.v1.checkout.sessions.create(bank(expires_at=expires_at))
    assert session.expires_at == expires_at


@pytest.mark.parametrize(("amount", "currency"), [(50, "usd"), (50, "jpy"), (1990, "kwd")])
def test_smallest_amounts_are_taken(
    client: stripe.StripeClient, amount: int, currency: str
) -> None:
    session = client.v1.checkout.sessions.create(bank(amount, currency))
    assert (session.amount_total, session.currency) == (amount, currency)


def test_unknown_key_is_401_with_the_key_masked(sandbox: RunningSandbox) -> None:
    with pytest.raises(stripe.AuthenticationError) as caught:
        client_of(sandbox, "sk_test_0123456789abcd").v1.accounts.retrieve_current()
    assert caught.value.http_status == 401
    assert caught.value.user_message == "Invalid API Key provided: sk_test_****abcd"


def direct(running: RunningSandbox, method: str, path: str, **options: Any) -> requests.Response:
    """One request without stripe-python, and without the environment's proxies."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{running.url}{path}", timeout=10, **options)


def test_no_key_is_401(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "GET", "/v1/balance")
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_key_as_user_name_is_let_in(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "GET", "/v1/balance", auth=(sandbox.secret_key, ""))
    assert response.status_code == 200


def test_answers_carry_stripes_headers(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "GET", "/v1/balance")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Stripe-Version"] == stripe.api_version
    assert response.headers["Request-Id"].startswith("req_")
    assert "Date" in response.headers


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/customers"), ("DELETE", "/v1/balance"), ("GET", "/v2/core")]
)
def test_what_is_not_here_is_404_in_stripes_shape(
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


def test_body_beyond_reason_is_refused(sandbox: RunningSandbox) -> None:
    response = direct(sandbox, "POST", "/v1/checkout/sessions", data=b"x" * 1_000_001)
    assert response.status_code == 413
