"""A visitor whose browser runs no scripts: find, read, try, sign up, buy, practise."""

import re
import time

import pytest
from playwright.sync_api import Browser, expect

from e2e.journey import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def test_everything_works_without_scripts(demo: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    visitor = Visitor(page=page, shop=demo)

    visitor.open("/")
    page.get_by_label("Search test banks").fill("comit")
    page.get_by_role("button", name="Search").click()
    visitor.sees("Git in practice")
    visitor.open("/banks/")
    page.get_by_label("Order").select_option("price")
    visitor.press("Show")
    expect(page).to_have_url(re.compile(r"sort=price"))
    page.get_by_role("link", name="Git in practice").click()
    visitor.press("Sample question 1")
    visitor.tries(0)
    expect(page.locator(".explanation")).to_be_visible()

    visitor.press("To the test bank")
    visitor.press("Purchase")
    visitor.signs_up(f"mira-{time.time_ns()}@example.org", "a-long-pass-phrase-7")
    visitor.enters_code_from(visitor.reads_newest_demo_mail())
    visitor.press("Purchase")
    visitor.pays()
    visitor.sees("Thank you")

    visitor.press("Practise")
    visitor.tries(0)
    visitor.press("Next question")
    visitor.tries(0)
    visitor.press("Finish now")
    visitor.press("Finish this round")
    visitor.sees("Your result")
    visitor.open("/my-banks/")
    visitor.sees("Git in practice")
    context.close()
