"""The whole site with JavaScript off: search, try a sample, sign up, buy, practice."""

import re
import time

import pytest
from playwright.sync_api import Browser, expect

from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("demo")]


def test_visitor_buys_and_practices_without_javascript(demo: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    visitor = Visitor(page=page, base_url=demo)

    visitor.open("/")
    page.get_by_label("Search test banks").fill("comit")
    page.get_by_role("button", name="Search").click()
    visitor.expect_text("Git in practice")
    visitor.open("/banks/")
    page.get_by_label("Sort by").select_option("price")
    visitor.click("Apply")
    expect(page).to_have_url(re.compile(r"sort=price"))
    page.get_by_role("link", name="Git in practice").click()
    visitor.click("Sample question 1")
    visitor.answer_any(0)
    expect(page.locator(".explanation")).to_be_visible()

    visitor.click("View test bank")
    visitor.click("Purchase")
    email = f"mira-{time.time_ns()}@example.org"
    visitor.sign_up(email, "a-long-pass-phrase-7")
    visitor.enter_code_from(visitor.demo_email_to(email))
    visitor.click("Purchase")
    visitor.pay()
    visitor.expect_text("Thank you")

    visitor.click("Practice")
    visitor.answer_any(0)
    visitor.click("Next question")
    visitor.answer_any(0)
    visitor.click("Finish")
    visitor.click("Finish session")
    visitor.expect_text("Your results")
    visitor.open("/my-banks/")
    visitor.expect_text("Git in practice")
    context.close()
