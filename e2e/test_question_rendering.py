"""Questions with formulas, code, tables and images on a phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("demo")]

# In the demo's banks: a question with two tables and a long line of code, and one with formulas
# in its explanation and an image in its stem.
CODE = "/banks/sql-foundations/sample/2/"
FORMULA = "/banks/statistics/sample/3/"
# Two of its choices hold two pieces of code each.
TWO_PIECES = "/banks/git-in-practice/sample/2/"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 375, "height": 812})
    yield context.new_page()
    context.close()


def fits(page: Page) -> bool:
    """Return whether the page fits the screen, after axe-core found no violation."""
    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    assert [violation["id"] for violation in found.response["violations"]] == []
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_long_code_scrolls_within_its_block(demo: str, phone: Page) -> None:
    Visitor(page=phone, base_url=demo).open(CODE)
    code = phone.locator("pre").first
    assert code.evaluate("code => code.scrollWidth > code.clientWidth")
    assert code.evaluate("code => getComputedStyle(code).whiteSpace").startswith("pre")
    expect(phone.locator(".stem table")).to_have_count(2)
    assert fits(phone)


def test_math_font_loads_with_the_first_formula(demo: str, phone: Page) -> None:
    fonts: list[str] = []
    phone.on("request", lambda sent: fonts.append(sent.url) if "stix" in sent.url else None)
    Visitor(page=phone, base_url=demo).open(FORMULA)
    expect(phone.locator(".stem img")).to_be_visible()
    phone.wait_for_load_state("networkidle")
    assert fonts == []
    phone.locator("main article form input[name=number]").fill("68")
    phone.locator("main article form .button--primary").click()
    expect(phone.locator(".explanation math").first).to_be_visible()
    phone.wait_for_load_state("networkidle")
    assert len(fonts) == 1
    assert fits(phone)


def test_image_has_alt_text_and_reserved_space(demo: str, phone: Page) -> None:
    Visitor(page=phone, base_url=demo).open(FORMULA)
    image = phone.locator(".stem img")
    assert (image.get_attribute("alt") or "").startswith("A bell curve")
    assert image.get_attribute("width") == "960"
    assert image.evaluate("image => image.clientWidth <= innerWidth")


def test_two_pieces_of_code_stand_on_one_line(demo: str, browser: Browser) -> None:
    """A second inline element of a choice gets no margin, as a second paragraph would."""
    context = browser.new_context(viewport={"width": 1280, "height": 812})
    page = context.new_page()
    Visitor(page=page, base_url=demo).open(TWO_PIECES)
    choices = page.locator(".choice__text", has=page.locator("code ~ code"))
    assert choices.count() == 2
    plain = page.locator(".choice__text:not(:has(code))").first.evaluate("one => one.clientHeight")
    for choice in choices.all():
        assert choice.evaluate("one => one.clientHeight") < 1.3 * plain
    context.close()
