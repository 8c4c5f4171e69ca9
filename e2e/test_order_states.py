"""Browser tests of the pages that a buyer sees in each state of an order."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from testing.every_page import PASSWORD, stripe_failing
from testing.sandbox import SandboxControl
from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("demo")]

BANK, OTHER, THIRD = "git-in-practice", "statistics", "networking-for-developers"
# Called with the name of each state, for screenshots.
OnState = Callable[[str], None]


def nothing(_name: str) -> None:
    """Leave the page as it is."""


def control(base_url: str) -> SandboxControl:
    """The demo's sandbox, on the port after the site's."""
    return SandboxControl(f"http://127.0.0.1:{int(base_url.rpartition(':')[2]) + 1}")


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def buy_as_newcomer(visitor: Visitor, bank: str = BANK) -> int:
    """Go from a bank's page to Stripe's as a new buyer; return how many clicks it took."""
    page = visitor.page
    visitor.open(f"/banks/{bank}/")
    visitor.click("Purchase")
    page.wait_for_url("**/accounts/signup/**")
    email = f"buyer-{time.time_ns()}@demo.example"
    visitor.sign_up(email, PASSWORD)
    page.wait_for_url("**/confirm-email/**")
    visitor.enter_code_from(visitor.demo_email_to(email))
    page.wait_for_url(f"**/payments/buy/{bank}/")
    expect(page.locator(".price")).to_contain_text("$")
    visitor.click("Purchase")
    page.wait_for_url("**/c/pay/**")
    return 4


def open_checkout(visitor: Visitor, bank: str) -> str:
    """Go to Stripe's page as somebody who is signed in; return the order's page."""
    visitor.open(f"/banks/{bank}/")
    visitor.click("Purchase")
    visitor.page.wait_for_url("**/c/pay/**")
    return newest_order(visitor)


def newest_order(visitor: Visitor) -> str:
    tab = visitor.page.context.new_page()
    tab.goto(f"{visitor.base_url}/payments/orders/")
    path = tab.locator("main a[href*='/payments/success/']").first.get_attribute("href")
    tab.close()
    return path or ""


def session_of(page: Page) -> str:
    found = re.search(r"cs_\w+", page.url)
    assert found
    return found[0]


def pay_with(visitor: Visitor, method: str) -> str:
    """Pay with a test payment method of the sandbox; return the session's id."""
    page, session = visitor.page, session_of(visitor.page)
    page.goto(f"{page.url}?card={method}")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/payments/success/**")
    return session


def open_until(visitor: Visitor, path: str, words: str) -> None:
    """Open a page until its heading is there: a webhook may still be on its way."""
    for _try in range(40):
        visitor.open(path)
        if visitor.page.get_by_role("heading", level=1).inner_text() == words:
            return
        visitor.page.wait_for_timeout(250)
    heading(visitor.page, words)


def unpaid_and_canceled(visitor: Visitor, on_state: OnState) -> None:
    page, order = visitor.page, open_checkout(visitor, OTHER)
    visitor.open(order)
    heading(page, "Not paid yet")
    visitor.expect_text("You have until")
    on_state("not-paid")
    visitor.click("Continue to payment")
    page.wait_for_url("**/c/pay/**")
    visitor.open(order)
    visitor.click("Cancel this order")
    heading(page, "This order was canceled")
    on_state("canceled")


def confirming_then_paid(visitor: Visitor, on_state: OnState) -> None:
    page, sandbox = visitor.page, control(visitor.base_url)
    sandbox.pause_webhooks()
    with stripe_failing(visitor.base_url):
        visitor.pay()
        page.wait_for_url("**/payments/success/**")
        heading(page, "We are confirming your payment")
        on_state("confirming")
    # The page refreshes itself.
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you", timeout=60_000)
    on_state("paid")
    sandbox.resume_webhooks()


def on_its_way_then_failed(visitor: Visitor, on_state: OnState) -> None:
    order = open_checkout(visitor, OTHER)
    session = pay_with(visitor, "debit-fails")
    heading(visitor.page, "Your payment is processing")
    on_state("on-its-way")
    visitor.open(f"/banks/{OTHER}/")
    visitor.expect_text("Your payment is processing.")
    on_state("detail-on-its-way")
    control(visitor.base_url).settle(session, comes=False)
    open_until(visitor, order, "Your payment failed")
    on_state("failed")
    visitor.expect_text("You can try again")


def refunded_and_disputed(visitor: Visitor, on_state: OnState) -> None:
    sandbox = control(visitor.base_url)
    order = open_checkout(visitor, OTHER)
    payment = sandbox.session(pay_with(visitor, "pays"))["payment_intent"]
    sandbox.refund(payment)
    open_until(visitor, order, "This order was refunded")
    on_state("refunded")
    order = open_checkout(visitor, THIRD)
    payment = sandbox.session(pay_with(visitor, "pays"))["payment_intent"]
    sandbox.dispute(payment)
    open_until(visitor, order, "Your bank has disputed this payment")
    on_state("disputed")
    visitor.open("/my-banks/")
    visitor.expect_text("because this purchase was refunded")
    visitor.expect_text("because the payment was disputed")
    on_state("my-banks-ended")


def held(visitor: Visitor, clone: Path, on_state: OnState) -> None:
    """Pay an amount that differs from the order's."""
    order = open_checkout(visitor, OTHER)
    changes = "from payments.models import Order; Order.objects.filter(status='open').update(amount_minor=1)"
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", changes],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "TESTBANK_ENV_FILE": ".env.demo"},
        check=True,
        capture_output=True,
        timeout=120,
    )
    pay_with(visitor, "pays")
    open_until(visitor, order, "We received your payment")
    visitor.expect_text("Your order needs a manual review")
    on_state("held")
    visitor.open("/payments/orders/")
    on_state("orders")


def test_buyer_reads_what_an_order_waits_for(demo: str, clone: Path, page: Page) -> None:
    visitor = Visitor(page=page, base_url=demo)
    pages = count_pages(page)
    clicks = buy_as_newcomer(visitor)
    confirming_then_paid(visitor, nothing)
    # The bank, sign-up, the code, the price, Stripe's page, "paid".
    assert (len(pages) <= 6, clicks + 1) == (True, 5), pages
    unpaid_and_canceled(visitor, nothing)
    on_its_way_then_failed(visitor, nothing)
    refunded_and_disputed(visitor, nothing)
    held(visitor, clone, nothing)


def count_pages(page: Page) -> list[str]:
    """The addresses that the buyer sees, without the code of a session or an order."""
    seen: list[str] = []

    def note(url: str) -> None:
        path = re.sub(r"[0-9a-f-]{36}|cs_\w+", "…", url.partition("?")[0])
        if path not in seen:
            seen.append(path)

    page.on("framenavigated", lambda frame: note(frame.url))
    return seen
