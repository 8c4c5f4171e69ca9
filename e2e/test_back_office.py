"""The back office in a browser: its content security policy lets its own pages work."""

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from testing.every_page import BACK_OFFICE, SELLER, sign_in
from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("demo")]


@pytest.fixture
def console_errors(page: Page) -> list[str]:
    """The errors and warnings in the browser's console."""
    messages: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            messages.append(f"{page.url}: {message.text}")

    page.on("console", listen)
    page.on("pageerror", lambda error: messages.append(f"{page.url}: {error}"))
    return messages


def test_every_page_loads_without_console_errors(
    demo: str, page: Page, console_errors: list[str]
) -> None:
    sign_in(Visitor(page=page, base_url=demo), SELLER, next_path="/admin/")
    expect(page).to_have_url(f"{demo}/admin/")
    for path in BACK_OFFICE.values():
        page.goto(f"{demo}{path}", wait_until="networkidle")
        assert page.url == f"{demo}{path}"
    assert console_errors == []


def test_access_is_granted_viewed_and_closed(
    demo: str, page: Page, console_errors: list[str]
) -> None:
    sign_in(Visitor(page=page, base_url=demo), SELLER, next_path="/admin/catalog/access/add/")
    for field, text in (("learner", "learner@demo"), ("test_bank", "Git")):
        page.locator(f".field-{field} .select2-selection").click()
        page.locator(".select2-search__field").fill(text)
        page.locator(".select2-results__option--highlighted").first.click()
    page.get_by_label("Length in days").fill("30")
    page.get_by_label("Reason").fill("Won our quiz")
    page.get_by_role("button", name="Save and view").click()
    expect(page.get_by_text("Won our quiz")).to_be_visible()
    page.get_by_role("link", name="Close access").click()
    page.locator("#modal-overlay, [role=dialog], form").get_by_label("Reason").fill("A test")
    page.get_by_role("button", name="Close access").click()
    expect(page.get_by_text("Access closed.")).to_be_visible()
    assert console_errors == []
