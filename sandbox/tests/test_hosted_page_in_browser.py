"""The payment page in Chromium: the policy allows a payment, and the page fits the screen.

Needs Chromium and Playwright.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.tests.factories import (
    WebhookReceiver,
    client_for,
    session_params,
)
from testing.browser import running_browser
from testing.sandbox import RunningSandbox

pytestmark = [pytest.mark.browser, pytest.mark.proof]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of this file."""
    with running_browser() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a narrow phone."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_declined_buyer_pays_and_is_redirected(
    page: Page, sandbox: RunningSandbox, receiver: WebhookReceiver
) -> None:
    done = receiver.url.replace("payments/webhook/", "done")
    params = session_params(success_url=f"{done}?session={{CHECKOUT_SESSION_ID}}")
    session = client_for(sandbox).v1.checkout.sessions.create(params)
    page.goto(session.url or "")
    page.get_by_role("link", name="Is declined").click()
    page.get_by_label("Email").fill("buyer@example.org")
    page.get_by_role("button", name="Pay $19.99").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Your card was declined. You have not been charged."
    )
    expect(page.get_by_role("alert")).to_be_in_viewport()
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_role("button", name="Pay $19.99").click()
    expect(page).to_have_url(f"{done}?session={session.id}")
    assert sandbox.control.pay(session.id)["payment_status"] == "paid"


@pytest.mark.parametrize("width", [320, 1280])
def test_page_is_not_wider_than_the_screen(
    browser: Browser, sandbox: RunningSandbox, width: int
) -> None:
    params = session_params(123_450, "kwd", customer_email=f"{'long' * 15}@{'domain' * 8}.example")
    params["line_items"][0]["price_data"]["product_data"]["name"] = "W" * 80
    session = client_for(sandbox).v1.checkout.sessions.create(params)
    context = browser.new_context(viewport={"width": width, "height": 640})
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(session.url or "")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert refused == []
    context.close()
