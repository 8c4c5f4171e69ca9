"""The payment page over plain HTTP, as a browser without JavaScript uses it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from sandbox.tests.factories import (
    BUYER,
    CANCEL_URL,
    CARD,
    browse,
    client_for,
    page_url,
    session_at,
    session_params,
    status_at,
)
from testing.sandbox import RunningSandbox


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(1999, "usd", "$19.99"), (1999, "jpy", "¥1,999"), (1990, "kwd", "KWD 1.990")],
)
def test_page_shows_what_is_bought(
    client: stripe.StripeClient, amount: int, currency: str, shown: str
) -> None:
    page = browse("GET", page_url(client, unit_amount=amount, currency=currency))
    assert page.status_code == 200
    assert f'<button class="pay" type="submit">Pay {shown}</button>' in page.text
    assert "Network &amp; Security" in page.text
    assert f'href="{CANCEL_URL}"' in page.text
    assert "You will not be charged." in page.text


def test_page_has_a_strict_content_security_policy(client: stripe.StripeClient) -> None:
    page = browse("GET", page_url(client))
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self' http://127.0.0.1:9"
    )
    assert page.headers["Cache-Control"] == "no-store"
    assert "style=" not in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("name", ["page.css", "logo.svg"])
def test_assets_are_served(sandbox: RunningSandbox, name: str) -> None:
    assert browse("GET", f"{sandbox.url}/_assets/{name}").status_code == 200


def test_payment_redirects_to_the_success_url(client: stripe.StripeClient) -> None:
    url = page_url(client)
    response = browse("POST", url, **BUYER, **CARD)
    assert response.status_code == 303
    session = url.rpartition("/")[2]
    assert response.headers["Location"] == f"http://127.0.0.1:9/done?session={session}"
    assert status_at(client, url) == ("complete", "paid")


def test_concurrent_submissions_are_charged_once(empty_sandbox: RunningSandbox) -> None:
    client = client_for(empty_sandbox)
    url = page_url(client)
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: browse("POST", url, **BUYER, **CARD), range(4)))
    assert [response.status_code for response in responses] == [303] * 4
    assert len(client.v1.events.list({"type": "payment_intent.succeeded"}).data) == 1
    assert client.v1.balance.retrieve().pending[0].amount == 1999


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("4000000000000002", "Your card was declined. You have not been charged."),
        ("4000 0000 0000 9995", "Your card has insufficient funds. You have not been charged."),
    ],
)
def test_declined_card_allows_another_card(
    client: stripe.StripeClient, number: str, message: str
) -> None:
    url = page_url(client)
    declined = browse("POST", url, **BUYER, **{**CARD, "number": number})
    assert declined.status_code == 200
    assert f'role="alert">{message}</p>' in declined.text
    assert 'value="buyer@example.org"' in declined.text
    assert status_at(client, url) == ("open", "unpaid")
    assert browse("POST", url, **BUYER, **CARD).status_code == 303


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"email": "nobody"}, "Enter an email address"),
        ({"number": "4111 1111 1111 1111"}, "Never enter a real card"),
        ({"number": ""}, "Use one of the test cards above"),
        ({"expiry": "12 / 20"}, "Enter a future expiration date"),
        ({"expiry": "13 / 34"}, "Enter a future expiration date"),
        ({"cvc": "12"}, "Enter any three digits"),
    ],
)
def test_invalid_field_is_marked_and_nothing_is_charged(
    client: stripe.StripeClient, changes: dict[str, str], message: str
) -> None:
    url = page_url(client)
    page = browse("POST", url, **{**BUYER, **CARD, **changes})
    assert page.status_code == 200
    assert message in page.text
    assert page.text.count('aria-invalid="true"') == 1
    assert status_at(client, url) == ("open", "unpaid")


def test_prefilled_email_is_used(client: stripe.StripeClient) -> None:
    url = page_url(client, customer_email="known@example.org")
    assert 'name="email"' not in browse("GET", url).text
    assert browse("POST", url, **CARD).status_code == 303
    session = session_at(client, url)
    assert session.customer_details is not None
    assert session.customer_details.email == "known@example.org"


def test_free_order_needs_no_card(client: stripe.StripeClient) -> None:
    url = page_url(client, unit_amount=0)
    page = browse("GET", url)
    assert 'name="number"' not in page.text
    assert "Complete order" in page.text
    assert browse("POST", url, **BUYER).status_code == 303
    assert status_at(client, url) == ("complete", "no_payment_required")


def test_test_card_fills_in_the_form(client: stripe.StripeClient) -> None:
    page = browse("GET", f"{page_url(client)}?card=declined")
    assert 'value="4000 0000 0000 0002"' in page.text
    assert page.text.count('aria-current="true"') == 1


def test_complete_page_links_to_the_success_url(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    url = page_url(client)
    session = url.rpartition("/")[2]
    sandbox.control.pay(session)
    page = browse("GET", url)
    assert "This order is complete" in page.text
    assert f'href="http://127.0.0.1:9/done?session={session}"' in page.text


def test_expired_page_accepts_no_payment(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    url = page_url(client)
    sandbox.control.expire(url.rpartition("/")[2])
    for method in ("GET", "POST"):
        page = browse(method, url, **BUYER, **CARD)
        assert page.status_code == 200
        assert "This payment page has expired" in page.text
    assert status_at(client, url) == ("expired", "unpaid")


def test_unknown_session_is_404(sandbox: RunningSandbox) -> None:
    page = browse("GET", f"{sandbox.url}/c/pay/cs_test_nothing")
    assert page.status_code == 404
    assert "Payment page not found" in page.text


def test_text_of_the_seller_is_escaped(client: stripe.StripeClient) -> None:
    params = session_params()
    params["line_items"][0]["price_data"]["product_data"]["name"] = "<script>$name</script>"
    session = client.v1.checkout.sessions.create(params)
    assert session.url is not None
    page = browse("GET", session.url)
    assert "&lt;script&gt;$name&lt;/script&gt;" in page.text


def test_card_number_is_not_stored(own_sandbox: RunningSandbox) -> None:
    browse("POST", page_url(client_for(own_sandbox)), **BUYER, **CARD)
    state = own_sandbox.log.parent
    stored = b"".join(path.read_bytes() for path in state.iterdir() if path.is_file())
    logged = str(own_sandbox.control.call("GET", "requests"))
    for number in ("4242 4242", "42424242"):
        assert number.encode() not in stored
        assert number not in logged
