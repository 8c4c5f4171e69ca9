"""The site by keyboard alone, with reduced motion, and in print."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from testing.every_page import BANK, FREE_BANK, LEARNER, sign_in
from testing.visitor import Visitor, submit_answer, submit_form

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("demo")]

MAX_STOPS = 90

# The focused element: its name, whether its focus ring shows, and whether anything covers it.
FOCUSED = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null;
  const ring = focused.closest(".choice, .bank-card") ?? focused;
  const box = focused.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  const width = (element) => parseFloat(getComputedStyle(element).outlineWidth);
  const style = (element) => getComputedStyle(element).outlineStyle;
  const outlined = (element) => style(element) !== "none" && width(element) >= 2;
  const hasRing = [focused, ring].some(outlined);
  const isOnTop =
    !!top && (focused.contains(top) || top.contains(focused) || ring.contains(top));
  const name = `${focused.tagName} ${focused.textContent.trim().slice(0, 40)}`;
  return { name, hasRing, isOnTop };
}"""


def tab_stops(page: Page) -> list[dict[str, Any]]:
    """Return every element that Tab focuses, in order."""
    stops: list[dict[str, Any]] = []
    for _ in range(MAX_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            break
        stops.append(stop)
    return stops


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("path", ["/", "/banks/", BANK, f"{BANK}sample/1/", "/accounts/signup/"])
def test_focus_is_visible_at_every_tab_stop(
    demo: str, browser: Browser, path: str, width: int
) -> None:
    """WCAG 2.4.7 and 2.4.11: the focus ring shows, and nothing covers the focused element."""
    context = browser.new_context(viewport={"width": width, "height": 700})
    page = context.new_page()
    Visitor(page=page, base_url=demo).open(path)
    stops = tab_stops(page)
    assert [stop["name"] for stop in stops if not stop["hasRing"]] == []
    assert [stop["name"] for stop in stops if not stop["isOnTop"]] == []
    assert 8 <= len(stops) < MAX_STOPS
    context.close()


def test_sample_is_found_and_answered_by_keyboard(demo: str, page: Page) -> None:
    Visitor(page=page, base_url=demo).open("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("git")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=git")
    _follow(page, "a[href='/banks/git-in-practice/']")
    _follow(page, "a[href$='/sample/1/']")
    _focus(page, "input[name=choice]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".choice--right")).to_have_count(1)
    _follow(page, "a[href$='/sample/2/']")


def test_removal_is_confirmed_and_focus_returns(demo: str, page: Page) -> None:
    visitor = Visitor(page=page, base_url=demo)
    _review_free_bank(visitor)
    visitor.open(f"{FREE_BANK}review/")
    _focus(page, "button[popovertarget]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".dialog")).to_be_hidden()
    expect(page.locator("button[popovertarget]").first).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{FREE_BANK}")
    visitor.expect_text("Your review was deleted.")


def test_message_is_dismissed_with_and_without_javascript(demo: str, browser: Browser) -> None:
    for has_javascript in (True, False):
        context = browser.new_context(java_script_enabled=has_javascript)
        page = context.new_page()
        _review_free_bank(Visitor(page=page, base_url=demo))
        expect(page.locator(".toast")).to_have_count(1)
        page.locator(".toast__close").click()
        expect(page.locator(".toast")).to_have_count(0)
        context.close()


def test_reduced_motion_stops_all_animation(demo: str, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    Visitor(page=page, base_url=demo).open(f"{BANK}sample/1/")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(element => "
        "getComputedStyle(element).transitionDuration !== '0s' || "
        "getComputedStyle(element).animationName !== 'none').length"
    )
    assert moving == 0
    context.close()


def test_selects_have_the_arrow_of_the_browser_in_forced_colors(
    demo: str, browser: Browser
) -> None:
    """High-contrast modes remove background images that are gradients, such as our arrow."""
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    Visitor(page=page, base_url=demo).open("/banks/")
    select = page.get_by_label("Sort by")
    assert select.evaluate("(select) => getComputedStyle(select).appearance") == "auto"
    context.close()


def test_result_prints_on_one_page(demo: str, page: Page) -> None:
    visitor = Visitor(page=page, base_url=demo)
    _get_free_bank(visitor)
    submit_form(page, "/practice/start/")
    page.wait_for_url("**/practice/**")
    submit_answer(page)
    page.goto(page.url.rstrip("/").rpartition("/")[0] + "/finish/")
    submit_form(page, "/finish/")
    page.emulate_media(media="print")
    for part in (".site-nav", ".site-foot", ".breadcrumb", ".button", ".ribbon", ".missed"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.locator(".score__figure")).to_be_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


def _get_free_bank(visitor: Visitor) -> None:
    """Sign in as the demo's learner, get the free bank, and open its page."""
    sign_in(visitor, LEARNER, next_path=FREE_BANK)
    visitor.page.wait_for_url(f"**{FREE_BANK}")
    if visitor.page.locator("form[action*='/payments/checkout/']").count():
        submit_form(visitor.page, "/payments/checkout/")
        visitor.open(FREE_BANK)


def _review_free_bank(visitor: Visitor) -> None:
    """Publish or change a review of the free bank."""
    _get_free_bank(visitor)
    visitor.open(f"{FREE_BANK}review/")
    visitor.page.get_by_label("4 – good").check()
    visitor.page.locator("main form button[type=submit]").first.click()
    visitor.page.wait_for_url(f"**{FREE_BANK}")


def _focus(page: Page, target: str) -> None:
    """Press Tab until the element has focus."""
    for _ in range(MAX_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("target => document.activeElement.matches(target)", target):
            return
    raise AssertionError(f"Tab never reached {target}")


def _follow(page: Page, target: str) -> None:
    """Focus a link by keyboard, press Enter, and wait for the page."""
    _focus(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")
