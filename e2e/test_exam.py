"""A whole exam with the keyboard alone, and one with touch alone."""

import re

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from testing.every_page import LEARNER, sign_in
from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("demo")]

EXAM = "/practice/exam/sql-foundations/"
QUESTIONS = 20
PHONE: ViewportSize = {"width": 375, "height": 667}
IS_IN_ANSWER = "document.activeElement.matches('#answer .choices input, #id_answer')"


def start_exam(page: Page, demo: str) -> None:
    visitor = Visitor(page=page, base_url=demo)
    sign_in(visitor, LEARNER, next_path=EXAM)
    page.wait_for_url(f"**{EXAM}")
    page.get_by_role("button", name=re.compile("Start exam|Continue exam")).press("Enter")


def expect_keys(page: Page) -> None:
    """Wait for session.js, which handles the keys. It adds the live region as it starts."""
    expect(page.locator("body > [role=status]")).to_be_attached()


def expect_question(page: Page, number: int) -> None:
    expect(page.locator(".eyebrow")).to_contain_text(f"Question {number} of {QUESTIONS}")


def expect_result(page: Page) -> None:
    expect(page.get_by_role("heading", name="Your results")).to_be_visible()
    expect(page.get_by_text(f"of {QUESTIONS} points")).to_be_visible()
    expect(page.get_by_text("questions answered")).to_have_count(0)


def answer_by_keys(page: Page) -> None:
    """The question has the focus; two Tabs lead to the first choice, besides what scrolls."""
    # The browser sets the focus after the question is there.
    expect(page.locator("#stem")).to_be_focused()
    expect_keys(page)
    tabs = 0
    while not page.evaluate(IS_IN_ANSWER):
        page.keyboard.press("Tab")
        tabs += not page.evaluate("document.activeElement.matches('#stem *')")
    assert tabs <= 2
    if page.locator("#id_answer").count():
        page.keyboard.type("7")
    else:
        page.keyboard.press("2")
        expect(page.locator(".choices input").nth(1)).to_be_checked()
    page.keyboard.press("Enter")


def test_exam_is_taken_with_the_keyboard_alone(demo: str, page: Page) -> None:
    start_exam(page, demo)
    for number in range(1, QUESTIONS + 1):
        expect_question(page, number)
        answer_by_keys(page)
    expect(page.get_by_text("You answered every question.")).to_be_focused()
    while page.evaluate("document.activeElement.textContent.trim()") != "Submit exam":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect_result(page)


def test_exam_is_taken_with_touch_alone(demo: str, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True)
    page = context.new_page()
    start_exam(page, demo)
    for number in range(1, QUESTIONS + 1):
        expect_question(page, number)
        if page.locator("#id_answer").count():
            page.locator("#id_answer").tap()
            page.locator("#id_answer").fill("7")
        else:
            page.locator("label.choice").nth(1).tap()
        page.get_by_role("button", name=re.compile("^Save and")).tap()
    page.get_by_role("button", name="Submit exam").tap()
    expect_result(page)
    context.close()


def test_keys_flag_say_the_time_and_show_the_sheet(demo: str, page: Page) -> None:
    start_exam(page, demo)
    flag = page.locator("[data-flag]")
    expect_keys(page)
    before = flag.get_attribute("aria-pressed")
    page.keyboard.press("f")
    expect(flag).not_to_have_attribute("aria-pressed", str(before))
    page.keyboard.press("t")
    expect(page.locator("body > [role=status]")).to_contain_text("Time left")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
