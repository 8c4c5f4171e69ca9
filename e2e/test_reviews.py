"""An owner practises, sees how far they are, reviews the bank; a visitor reads and believes it."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from e2e.journey import Visitor
from testing.walk import NEWCOMER, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

BANK = "/banks/http-warm-up/"


def test_an_owner_reviews_and_a_visitor_reads(demo: str, page: Page) -> None:
    owner = Visitor(page=page, shop=demo)
    sign_in(owner, NEWCOMER)
    page.wait_for_url("**/my-banks/")
    owner.open(BANK)
    expect(page.get_by_text("Write a review")).to_have_count(0)
    owner.press("Get it for free")
    owner.sees("This test bank is yours")

    owner.press("Practise")
    owner.tries(0)
    owner.open("/my-banks/")
    owner.sees(" answered")
    expect(page.locator("[data-fragment]").first).to_contain_text(re.compile(r"1 of \d+ answered"))
    expect(page.get_by_role("button", name="Go on")).to_be_visible()

    owner.open(BANK)
    owner.press("Write a review")
    page.get_by_label("4 – good").check()
    page.get_by_label("In your words").fill("Short, and <b>exact</b>.")
    owner.press("Publish the review")
    owner.sees("Thank you.")

    page.context.clear_cookies()
    owner.open(BANK)
    owner.sees("Short, and <b>exact</b>.")
    expect(page.get_by_role("link", name="Write a review")).to_have_count(0)
    block = page.locator("script[type='application/ld+json']").text_content()
    product, _way = json.loads(block or "")["@graph"]
    assert product["aggregateRating"]["ratingValue"] == "4.0"
    assert product["offers"]["price"] == "0.00"
