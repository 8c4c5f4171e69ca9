"""A visitor in a browser: page object for tests that tell a whole story."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from testing.site import code_in

TEST_CARD = "4242 4242 4242 4242"
MAIL_SECONDS = 20.0
PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")  # in Markdown


@dataclass(frozen=True)
class Visitor:
    """A browser page on the site at `base_url`."""

    page: Page
    base_url: str

    def open(self, path: str) -> None:
        """Open a path of the site. Raises AssertionError if it does not respond with success."""
        response = self.page.goto(self.base_url + path)
        assert response is not None
        assert response.ok, response.status

    def click(self, name: str) -> None:
        """Click the button or link with exactly this name."""
        self.page.locator(
            "button, a", has_text=re.compile(f"^\\s*{re.escape(name)}\\s*$")
        ).first.click()

    def expect_text(self, text: str) -> None:
        """Wait until the text is visible."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def answer_any(self, position: int) -> None:
        """Check an answer to the question on the page, right or wrong, whatever its kind.

        Ends when its feedback is on the page.
        """
        self.page.get_by_role("button", name="Check answer").wait_for()
        choices = self.page.locator(".choices input")
        if choices.count():
            choices.nth(min(position, choices.count() - 1)).check()
        else:
            self.page.locator("main form input[type=text], main form input[inputmode]").fill("1")
        self.click("Check answer")
        # The journal sends the answer first: a page that is opened before would be given up.
        following = self.page.locator(
            "button, a", has_text=re.compile(r"^\s*(Next question|View results)\s*$")
        )
        expect(following.first).to_be_visible()

    def answer_correctly(self, questions: Sequence[Mapping[str, Any]]) -> None:
        """Answer every question correctly, up to the result, in whatever order they come.

        The questions are rows of a bank's JSON Lines file.
        """
        by_stem = {_letters(question["stem"]): question for question in questions}
        for number in range(1, len(questions) + 1):
            self.expect_text(f"Question {number} of {len(questions)}")
            self._fill_in_key(by_stem[_letters(self.page.locator("#stem").inner_text())])
            self.click("Check answer")
            expect(self.page.get_by_text("Your answer (correct)").first).to_be_visible()
            expect(self.page.locator(".choice--wrong")).to_have_count(0)
            self.click("Next question" if number < len(questions) else "View results")

    def _fill_in_key(self, question: Mapping[str, Any]) -> None:
        """Fill in the question's key."""
        if "answers" in question:
            [first, *_others] = question["answers"]
            key = first if isinstance(first, str) else first.get("value") or first.get("low")
            self.page.get_by_label("Your answer").fill(str(key or first["text"]))
            return
        if "choices" not in question:
            self.page.locator(".choices input").nth(0 if question["answer"] else 1).check()
            return
        keys = {_letters(one["text"]) for one in question["choices"] if one.get("right")}
        for row in self.page.locator(".choice").all():
            if _letters(row.locator(".choice__text").inner_text()) in keys:
                row.locator("input").check()

    def sign_up(self, email: str, password: str) -> None:
        """Submit the sign-up form on the page."""
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self._submit()

    def enter_code_from(self, email: str) -> None:
        """Submit the verification code in an email."""
        self.page.locator("input[name=code]").fill(code_in(email))
        self._submit()

    def demo_email_to(self, recipient: str) -> str:
        """Return the text of the newest email to somebody, read in another tab."""
        tab = self.page.context.new_page()
        text = open_demo_email(tab, self.base_url, recipient)
        tab.close()
        return text

    def pay(self, card: str = TEST_CARD) -> None:
        """Pay on the sandbox's payment page."""
        self.page.get_by_label("Card number").fill(card)
        self.page.get_by_label("Expiration date").fill("12 / 40")
        self.page.get_by_label("Security code").fill("123")
        self._submit()

    def _submit(self) -> None:
        self.page.locator("main form button[type=submit]").first.click()


def open_demo_email(page: Page, base_url: str, recipient: str) -> str:
    """Open the demo's emails, and return the text of the newest one to somebody.

    The worker sends emails every two seconds.
    """
    email = page.locator("article", has_text=recipient).first
    ends_at = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < ends_at:
        page.goto(f"{base_url}/demo/mails/")
        if email.count():
            return email.inner_text()
        time.sleep(0.5)
    raise AssertionError(f"no email to {recipient}")


def _letters(text: str) -> str:
    """The letters and digits of a text, which its markup does not change, without its pictures."""
    return re.sub(r"[\W_]", "", PICTURE.sub("", text))


def click_through(page: Page, button: Locator) -> None:
    """Click a button or link, and wait for the page that it leads to."""
    with page.expect_navigation():
        button.click()


def submit_form(page: Page, action: str) -> None:
    """Submit the form whose action contains this, and wait for the next page."""
    click_through(page, page.locator(f"main form[action*='{action}'] button[type=submit]").first)


def submit_answer(page: Page, position: int = 0) -> None:
    """Answer the question on the page in any language, and wait for the next page."""
    choices = page.locator(".choices input")
    if choices.count():
        choices.nth(min(position, choices.count() - 1)).check()
    else:
        page.locator("main article form input:not([type=hidden])").first.fill("1")
    click_through(page, page.locator("main article form .button--primary"))


def submit_credentials(page: Page, email: str, password: str) -> None:
    """Submit the form with the password on the page, and wait for the next page."""
    form = page.locator("main form:has(input[type=password])")
    form.locator("input[type=email], input[name=login]").fill(email)
    form.locator("input[type=password]").first.fill(password)
    click_through(page, form.locator("button[type=submit]").first)
