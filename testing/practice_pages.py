"""Visit the pages of practice in each of their states, signed in as the demo's learner."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from testing.visitor import Visitor, click_through, submit_answer, submit_form

# Called with each page and its name.
OnPage = Callable[[Page, str], None]

BANK = "sql-foundations"
SAMPLES = "/practice/samples/git-in-practice/"
TEN, MISTAKES = f"/practice/ten/{BANK}/", f"/practice/mistakes/{BANK}/"


def visit_samples(visitor: Visitor, on_page: OnPage) -> None:
    """Answer every sample of a bank, without an account."""
    page = visitor.page
    visitor.open(SAMPLES)
    on_page(page, "samples")
    submit_answer(page)
    on_page(page, "samples-answered")
    while page.locator("main form .button--primary").count():
        click_through(page, page.locator("main form .button--primary").first)
        if page.locator(".choices input, main form input[inputmode]").count():
            submit_answer(page)
    on_page(page, "samples-result")


def visit_sessions(visitor: Visitor, on_page: OnPage) -> None:
    """Take an exam with its pause, and an own session; open sessions of mistakes and of ten."""
    page = visitor.page
    _exam(visitor, on_page)
    visitor.open("/practice/")
    submit_form(page, "/practice/mistakes/")
    on_page(page, "mistakes")
    _write_note(page, on_page)
    visitor.open("/practice/")
    submit_form(page, "/practice/ten/")
    on_page(page, "ten")
    visitor.open("/practice/new/?state=wrong&count=2&minutes=5")
    on_page(page, "session-builder-chosen")
    submit_form(page, "/practice/new/start/")
    on_page(page, "own-session")
    visitor.open("/practice/")
    on_page(page, "practice-open-sessions")
    visitor.open("/practice/offline/")
    on_page(page, "practice-offline")


def _exam(visitor: Visitor, on_page: OnPage) -> None:
    page = visitor.page
    visitor.open(f"/practice/exam/{BANK}/")
    if page.locator("main input[name=pause]").count():
        page.locator("main input[name=pause]").check()
    submit_form(page, f"/practice/exam/{BANK}/start/")
    attempt = re.sub(r"\d+/$", "", page.url)
    on_page(page, "exam-question")
    submit_answer(page)
    on_page(page, "exam-next-question")
    flag = page.locator("main button[data-flag]")
    # A flag stays with the question, and this learner was here before in another variant.
    if flag.get_attribute("aria-pressed") == "false":
        flag.click()
    page.locator("main button[data-flag][aria-pressed=true]").wait_for()
    on_page(page, "exam-flagged")
    page.goto(f"{attempt}finish/")
    on_page(page, "exam-review")
    page.goto(f"{attempt}2/")
    if page.locator("button[form=pause]").count():
        click_through(page, page.locator("button[form=pause]").first)
        on_page(page, "paused")
        submit_form(page, "/resume/")
    page.goto(f"{attempt}finish/")
    submit_form(page, "/finish/")
    on_page(page, "exam-result")
    page.goto(f"{attempt}1/")
    on_page(page, "exam-question-closed")


def _write_note(page: Page, on_page: OnPage) -> None:
    click_through(page, page.locator("main a[href$='/note/']").first)
    on_page(page, "note")
