"""The back office in a real browser: its policy lets its own pages work, and nothing else."""

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from e2e.journey import Visitor
from testing.walk import BACK_OFFICE, SELLER, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser's console says is wrong: refused by policy, missing, broken."""
    heard: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            heard.append(f"{page.url}: {message.text}")

    page.on("console", listen)
    page.on("pageerror", lambda error: heard.append(f"{page.url}: {error}"))
    return heard


@pytest.mark.proof
def test_every_page_works_under_its_policy(demo: str, page: Page, complaints: list[str]) -> None:
    sign_in(Visitor(page=page, shop=demo), SELLER, following="/admin/")
    expect(page).to_have_url(f"{demo}/admin/")
    for path in BACK_OFFICE.values():
        page.goto(f"{demo}{path}", wait_until="networkidle")
        assert page.url == f"{demo}{path}"
    assert complaints == []


def test_an_access_is_granted_tried_and_closed(
    demo: str, page: Page, complaints: list[str]
) -> None:
    sign_in(Visitor(page=page, shop=demo), SELLER, following="/admin/catalog/access/add/")
    for field, words in (("learner", "learner@demo"), ("test_bank", "Git")):
        page.locator(f".field-{field} .select2-selection").click()
        page.locator(".select2-search__field").fill(words)
        page.locator(".select2-results__option--highlighted").first.click()
    page.get_by_label("Days").fill("30")
    page.get_by_label("Reason").fill("Won our quiz")
    page.get_by_role("button", name="Save and view").click()
    expect(page.get_by_text("Won our quiz")).to_be_visible()
    page.get_by_role("link", name="Close this access").click()
    page.locator("#modal-overlay, [role=dialog], form").get_by_label("Reason").fill("A test")
    page.get_by_role("button", name="Close it").click()
    expect(page.get_by_text("The access is closed.")).to_be_visible()
    assert complaints == []
