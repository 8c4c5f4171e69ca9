"""The payment page in Chromium: its policy lets the buyer through, and nothing spills over.

Needs Chromium and Playwright.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.tests.conftest import Shop, bank, client_of
from testing.browser import running_browser
from testing.sandbox import RunningSandbox

pytestmark = pytest.mark.browser


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


def test_buyer_is_declined_then_pays_and_reaches_the_shop(
    page: Page, sandbox: RunningSandbox, shop: Shop
) -> None:
    done = shop.url.replace("payments/webhook/", "done")
    params = bank(success_url=f"{done}?session={{CHECKOUT_SESSION_ID}}")
    session = client_of(sandbox).v1.checkout.sessions.create(params)
    page.goto(session.url or "")
    page.get_by_role("link", name="Is declined").click()
    page.get_by_label("E-mail").fill("buyer@example.org")
    page.get_by_role("button", name="Pay $19.99").click()
    expect(page.get_by_role("alert")).to_have_text("The card was declined. Nothing was charged.")
    expect(page.get_by_role("alert")).to_be_in_viewport()
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_role("button", name="Pay $19.99").click()
    expect(page).to_have_url(f"{done}?session={session.id}")
    assert sandbox.control.pay(session.id)["payment_status"] == "paid"


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_spills_over_the_side(
    browser: Browser, sandbox: RunningSandbox, width: int
) -> None:
    params = bank(123_450, "kwd", customer_email=f"{'long' * 15}@{'domain' * 8}.example")
    params["line_items"][0]["price_data"]["product_data"]["name"] = "W" * 80
    session = client_of(sandbox).v1.checkout.sessions.create(params)
    context = browser.new_context(viewport={"width": width, "height": 640})
    opened = context.new_page()
    refused: list[str] = []
    opened.on("console", lambda message: refused.append(message.text))
    opened.goto(session.url or "")
    assert opened.evaluate("document.documentElement.scrollWidth") == width
    assert refused == []
    context.close()
