"""The payment page over plain HTTP, as a browser without JavaScript uses it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from sandbox.tests.conftest import CANCEL_URL, bank, client_of
from testing.sandbox import RunningSandbox

PAYS = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "code": "123"}
BUYER = {"email": "buyer@example.org"}


def browse(method: str, url: str, **fields: str) -> requests.Response:
    """One step of a browser that stops before redirects."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, data=fields, timeout=10, allow_redirects=False)


def address(client: stripe.StripeClient, **changes: Any) -> str:
    """The payment page of a new session."""
    url = client.v1.checkout.sessions.create(bank(**changes)).url
    assert url is not None
    return url


def status_of(client: stripe.StripeClient, url: str) -> tuple[str | None, str]:
    """Status and payment status of the session that a page belongs to."""
    session = client.v1.checkout.sessions.retrieve(url.rpartition("/")[2])
    return session.status, session.payment_status


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(1999, "usd", "$19.99"), (1999, "jpy", "¥1,999"), (1990, "kwd", "KWD 1.990")],
)
def test_page_shows_what_is_bought(
    client: stripe.StripeClient, amount: int, currency: str, shown: str
) -> None:
    page = browse("GET", address(client, unit_amount=amount, currency=currency))
    assert page.status_code == 200
    assert f'<button class="pay" type="submit">Pay {shown}</button>' in page.text
    assert "Network &amp; Security" in page.text
    assert f'href="{CANCEL_URL}"' in page.text
    assert "no real card, no money moves" in page.text


def test_page_is_held_to_a_strict_policy(client: stripe.StripeClient) -> None:
    page = browse("GET", address(client))
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self' http://127.0.0.1:9"
    )
    assert page.headers["Cache-Control"] == "no-store"
    assert "style=" not in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("name", ["page.css", "mark.svg"])
def test_assets_are_served(sandbox: RunningSandbox, name: str) -> None:
    assert browse("GET", f"{sandbox.url}/_assets/{name}").status_code == 200


def test_paying_leads_to_the_success_page(client: stripe.StripeClient) -> None:
    url = address(client)
    answer = browse("POST", url, **BUYER, **PAYS)
    assert answer.status_code == 303
    session = url.rpartition("/")[2]
    assert answer.headers["Location"] == f"http://127.0.0.1:9/done?session={session}"
    assert status_of(client, url) == ("complete", "paid")


def test_tabs_that_pay_at_once_are_charged_once(own_sandbox: RunningSandbox) -> None:
    client = client_of(own_sandbox)
    url = address(client)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: browse("POST", url, **BUYER, **PAYS), range(4)))
    assert [answer.status_code for answer in answers] == [303] * 4
    assert len(client.v1.events.list({"type": "payment_intent.succeeded"}).data) == 1
    assert client.v1.balance.retrieve().pending[0].amount == 1999


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("4000000000000002", "The card was declined. Nothing was charged."),
        ("4000 0000 0000 9995", "The card has insufficient funds. Nothing was charged."),
    ],
)
def test_declined_card_may_be_followed_by_another(
    client: stripe.StripeClient, number: str, message: str
) -> None:
    url = address(client)
    declined = browse("POST", url, **BUYER, **{**PAYS, "number": number})
    assert declined.status_code == 200
    assert f'role="alert">{message}</p>' in declined.text
    assert 'value="buyer@example.org"' in declined.text
    assert status_of(client, url) == ("open", "unpaid")
    assert browse("POST", url, **BUYER, **PAYS).status_code == 303


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"email": "nobody"}, "Write your e-mail address"),
        ({"number": "4111 1111 1111 1111"}, "Never type the number of a real card"),
        ({"number": ""}, "Only the test cards above work here"),
        ({"expiry": "12 / 20"}, "Write a month and year to come"),
        ({"expiry": "13 / 34"}, "Write a month and year to come"),
        ({"code": "12"}, "Write any three digits"),
    ],
)
def test_wrong_field_is_named_and_nothing_is_charged(
    client: stripe.StripeClient, changes: dict[str, str], message: str
) -> None:
    url = address(client)
    page = browse("POST", url, **{**BUYER, **PAYS, **changes})
    assert page.status_code == 200
    assert message in page.text
    assert page.text.count('aria-invalid="true"') == 1
    assert status_of(client, url) == ("open", "unpaid")


def test_known_email_is_not_asked_for(client: stripe.StripeClient) -> None:
    url = address(client, customer_email="known@example.org")
    assert 'name="email"' not in browse("GET", url).text
    assert browse("POST", url, **PAYS).status_code == 303
    session = client.v1.checkout.sessions.retrieve(url.rpartition("/")[2])
    assert session.customer_details is not None
    assert session.customer_details.email == "known@example.org"


def test_free_order_asks_for_no_card(client: stripe.StripeClient) -> None:
    url = address(client, unit_amount=0)
    page = browse("GET", url)
    assert 'name="number"' not in page.text
    assert "Complete order" in page.text
    assert browse("POST", url, **BUYER).status_code == 303
    assert status_of(client, url) == ("complete", "no_payment_required")


def test_test_card_can_be_chosen(client: stripe.StripeClient) -> None:
    page = browse("GET", f"{address(client)}?card=declined")
    assert 'value="4000 0000 0000 0002"' in page.text
    assert page.text.count('aria-current="true"') == 1


def test_complete_page_leads_back_to_the_shop(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    url = address(client)
    session = url.rpartition("/")[2]
    sandbox.control.pay(session)
    page = browse("GET", url)
    assert "This order is complete" in page.text
    assert f'href="http://127.0.0.1:9/done?session={session}"' in page.text


def test_expired_page_takes_no_payment(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    url = address(client)
    sandbox.control.expire(url.rpartition("/")[2])
    for method in ("GET", "POST"):
        page = browse(method, url, **BUYER, **PAYS)
        assert page.status_code == 200
        assert "This payment page has expired" in page.text
    assert status_of(client, url) == ("expired", "unpaid")


def test_unknown_page_says_so(sandbox: RunningSandbox) -> None:
    page = browse("GET", f"{sandbox.url}/c/pay/cs_test_nothing")
    assert page.status_code == 404
    assert "There is no such payment page" in page.text


def test_text_of_the_shop_is_escaped(client: stripe.StripeClient) -> None:
    params = bank()
    params["line_items"][0]["price_data"]["product_data"]["name"] = "<script>$name</script>"
    session = client.v1.checkout.sessions.create(params)
    assert session.url is not None
    page = browse("GET", session.url)
    assert "&lt;script&gt;$name&lt;/script&gt;" in page.text


def test_card_number_is_kept_nowhere(own_sandbox: RunningSandbox) -> None:
    browse("POST", address(client_of(own_sandbox)), **BUYER, **PAYS)
    state = own_sandbox.log.parent
    kept = b"".join(path.read_bytes() for path in state.iterdir() if path.is_file())
    told = str(own_sandbox.control.call("GET", "requests"))
    for number in ("4242 4242", "42424242"):
        assert number.encode() not in kept
        assert number not in told
