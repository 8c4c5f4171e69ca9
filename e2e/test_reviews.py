"""An owner practices and reviews a bank, and a visitor reads the review."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from testing.every_page import NEWCOMER, sign_in
from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("demo")]

BANK = "/banks/http-warm-up/"


def test_owner_reviews_and_visitor_reads(demo: str, page: Page) -> None:
    owner = Visitor(page=page, base_url=demo)
    sign_in(owner, NEWCOMER)
    page.wait_for_url("**/my-banks/")
    owner.open(BANK)
    expect(page.get_by_text("Write a review")).to_have_count(0)
    owner.click("Get it free")
    owner.expect_text("You own this test bank")

    owner.click("Practice")
    owner.answer_any(0)
    owner.open("/my-banks/")
    owner.expect_text(" answered")
    expect(page.locator("[data-fragment]").first).to_contain_text(re.compile(r"1 of \d+ answered"))
    expect(page.get_by_role("button", name="Continue")).to_be_visible()

    owner.open(BANK)
    owner.click("Write a review")
    page.get_by_label("4 – good").check()
    page.get_by_label("Your review").fill("Short, and <b>exact</b>.")
    owner.click("Publish review")
    owner.expect_text("Thank you.")

    page.context.clear_cookies()
    owner.open(BANK)
    owner.expect_text("Short, and <b>exact</b>.")
    expect(page.get_by_role("link", name="Write a review")).to_have_count(0)
    block = page.locator("script[type='application/ld+json']").text_content()
    product, _breadcrumb = json.loads(block or "")["@graph"]
    assert product["aggregateRating"]["ratingValue"] == "4.0"
    assert product["offers"]["price"] == "0.00"
