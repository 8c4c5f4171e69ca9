"""Questions with formulas, code, tables and drawings, on a phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from e2e.journey import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

# Of the demo's banks: a question with two tables and a long line of code, and one whose
# explanation has formulas and whose stem has a drawing.
CODE = "/banks/sql-foundations/sample/2/"
FORMULA = "/banks/statistics/sample/3/"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 375, "height": 812})
    yield context.new_page()
    context.close()


def fits(page: Page) -> bool:
    """True where nothing makes the page wider than the screen, and axe-core has no complaint."""
    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    assert [fault["id"] for fault in found.response["violations"]] == []
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_code_keeps_its_lines_and_scrolls_within_itself(demo: str, phone: Page) -> None:
    Visitor(page=phone, shop=demo).open(CODE)
    code = phone.locator("pre").first
    assert code.evaluate("one => one.scrollWidth > one.clientWidth")
    assert code.evaluate("one => getComputedStyle(one).whiteSpace").startswith("pre")
    expect(phone.locator(".stem table")).to_have_count(2)
    assert fits(phone)


def test_math_font_comes_with_the_first_formula(demo: str, phone: Page) -> None:
    fonts: list[str] = []
    phone.on("request", lambda sent: fonts.append(sent.url) if "stix" in sent.url else None)
    Visitor(page=phone, shop=demo).open(FORMULA)
    expect(phone.locator(".stem img")).to_be_visible()
    phone.wait_for_load_state("networkidle")
    assert fonts == []
    phone.locator("main article form input[name=number]").fill("68")
    phone.locator("main article form button[type=submit]").click()
    expect(phone.locator(".explanation math").first).to_be_visible()
    phone.wait_for_load_state("networkidle")
    assert len(fonts) == 1
    assert fits(phone)


def test_drawing_is_described_and_moves_nothing(demo: str, phone: Page) -> None:
    Visitor(page=phone, shop=demo).open(FORMULA)
    drawing = phone.locator(".stem img")
    assert (drawing.get_attribute("alt") or "").startswith("A bell curve")
    assert drawing.get_attribute("width") == "960"
    assert drawing.evaluate("one => one.clientWidth <= innerWidth")
