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


def test_access_is_looked_up_and_closed_in_the_studio(
    demo: str, page: Page, console_errors: list[str]
) -> None:
    sign_in(Visitor(page=page, base_url=demo), SELLER, next_path="/admin/catalog/access/")
    page.get_by_role("link", name="Grant access").first.click()
    page.wait_for_url("**/studio/access/grant/")
    page.go_back()
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name="Extend or end access in the studio").first.click()
    page.wait_for_url("**/studio/access/*/")
    expect(page.locator("main h1")).to_be_visible()
    assert console_errors == []
