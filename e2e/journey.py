"""The steps of a person in the browser, for tests that tell a whole story."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from testing.site import code_in

PAYING_CARD = "4242 4242 4242 4242"


@dataclass(frozen=True)
class Visitor:
    """A person at a shop, with what they see in front of them."""

    page: Page
    shop: str

    def open(self, path: str) -> None:
        """Go to an address of the shop."""
        response = self.page.goto(self.shop + path)
        assert response is not None
        assert response.ok, response.status

    def press(self, name: str) -> None:
        """Press the button or link with this name."""
        self.page.locator(
            "button, a", has_text=re.compile(f"^\\s*{re.escape(name)}\\s*$")
        ).first.click()

    def sees(self, text: str) -> None:
        """The text stands on the page."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def tries(self, place: int) -> None:
        """Answer the question in front of them, whatever its kind, and check the answer."""
        self.page.get_by_role("button", name="Check answer").wait_for()
        choices = self.page.locator(".choices input")
        if choices.count():
            choices.nth(min(place, choices.count() - 1)).check()
        else:
            self.page.locator("main form input[type=text], main form input[inputmode]").fill("1")
        self.press("Check answer")

    def answers(self, questions: Sequence[Mapping[str, Any]]) -> None:
        """Give the right answer to one question after another, to the result.

        The questions are as they stand in a file of JSON Lines.
        """
        for number, question in enumerate(questions, start=1):
            self.sees(f"Question {number} of {len(questions)}")
            self._gives_right_answer(question)
            self.press("Check answer")
            expect(self.page.get_by_text("Right: your answer").first).to_be_visible()
            expect(self.page.locator(".choice--wrong")).to_have_count(0)
            self.press("Next question" if number < len(questions) else "See the result")

    def _gives_right_answer(self, question: Mapping[str, Any]) -> None:
        if "answers" in question:
            [first, *_others] = question["answers"]
            right = first if isinstance(first, str) else first.get("value") or first.get("low")
            self.page.get_by_label("Your answer").fill(str(right or first["text"]))
            return
        choices = question.get("choices") or [{"right": question["answer"] is True}, {}]
        rights = [place for place, choice in enumerate(choices) if choice.get("right")] or [1]
        for place in rights:
            self.page.locator(".choices input").nth(place).check()

    def signs_up(self, email: str, password: str) -> None:
        """Fill in the sign-up form that is in front of them."""
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.locator("main form button[type=submit]").first.click()

    def enters_code_from(self, mail: str) -> None:
        """Type the code that the mail brought."""
        self.page.locator("input[name=code]").fill(code_in(mail))
        self.page.locator("main form button[type=submit]").first.click()

    def reads_newest_demo_mail(self) -> str:
        """The text of the newest mail on the demo's page of mails, read in a tab of its own."""
        tab = self.page.context.new_page()
        tab.goto(f"{self.shop}/demo/mails/")
        text = tab.locator("article").first.inner_text()
        tab.close()
        return text

    def pays(self, card: str = PAYING_CARD) -> None:
        """Fill in the sandbox's payment page and pay."""
        self.page.get_by_label("Card number").fill(card)
        self.page.get_by_label("Expiration date").fill("12 / 40")
        self.page.get_by_label("Security code").fill("123")
        self.page.locator("main form button[type=submit]").first.click()
