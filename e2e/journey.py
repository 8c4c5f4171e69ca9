"""The steps of a person in the browser, for tests that tell a whole story."""

import re
from dataclasses import dataclass

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

    def answers(self, keys: list[int]) -> None:
        """Take these choices, counted from 0, one question after another, to the result."""
        for number, key in enumerate(keys, start=1):
            self.sees(f"Question {number} of {len(keys)}")
            self.page.locator("input[type=radio]").nth(key).check()
            self.press("Check answer")
            expect(self.page.locator(".choice--right")).to_have_count(1)
            self.press("Next question" if number < len(keys) else "See the result")

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
        self.page.get_by_label("Expires").fill("12 / 40")
        self.page.get_by_label("Security code").fill("123")
        self.page.locator("main form button[type=submit]").first.click()
