"""The ways in which people read and press: by keyboard alone, without motion, on paper."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.journey import Visitor
from testing.walk import BANK, FREE_BANK, LEARNER, answer, send, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

MOST_STOPS = 90

# What has the keyboard: its name, whether its ring is seen, and whether something lies on it.
STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const ring = one.closest(".choice, .bank-card") ?? one;
  const box = one.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  const width = (part) => parseFloat(getComputedStyle(part).outlineWidth);
  const style = (part) => getComputedStyle(part).outlineStyle;
  const seen = [one, ring].some((part) => style(part) !== "none" && width(part) >= 2);
  const free = !!top && (one.contains(top) || top.contains(one) || ring.contains(top));
  return { name: `${one.tagName} ${one.textContent.trim().slice(0, 40)}`, seen, free };
}"""


def stops_of(page: Page) -> list[dict[str, Any]]:
    """Every place where the keyboard stops on the page, one after another."""
    stops: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            break
        stops.append(stop)
    return stops


@pytest.mark.proof
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("path", ["/", "/banks/", BANK, f"{BANK}sample/1/", "/accounts/signup/"])
def test_the_keyboard_is_seen_wherever_it_stops(
    demo: str, browser: Browser, path: str, width: int
) -> None:
    """WCAG 2.4.7 and 2.4.11: the ring shows, and no bar or card lies on what has it."""
    context = browser.new_context(viewport={"width": width, "height": 700})
    page = context.new_page()
    Visitor(page=page, shop=demo).open(path)
    stops = stops_of(page)
    assert [stop["name"] for stop in stops if not stop["seen"]] == []
    assert [stop["name"] for stop in stops if not stop["free"]] == []
    assert 8 <= len(stops) < MOST_STOPS
    context.close()


def test_a_sample_is_found_and_answered_by_keyboard_alone(demo: str, page: Page) -> None:
    Visitor(page=page, shop=demo).open("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("git")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=git")
    _tab_to(page, "a[href='/banks/git-in-practice/']")
    _tab_to(page, "a[href$='/sample/1/']")
    _press_until(page, "input[name=choice]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".choice--right")).to_have_count(1)
    _tab_to(page, "a[href$='/sample/2/']")


def test_what_is_removed_is_asked_about_and_the_keyboard_comes_back(demo: str, page: Page) -> None:
    visitor = Visitor(page=page, shop=demo)
    _reviews_free_bank(visitor)
    visitor.open(f"{FREE_BANK}review/")
    _press_until(page, "button[popovertarget]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".dialog")).to_be_hidden()
    expect(page.locator("button[popovertarget]").first).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{FREE_BANK}")
    visitor.sees("Your review is gone.")


def test_a_note_is_put_away_with_and_without_scripts(demo: str, browser: Browser) -> None:
    for has_scripts in (True, False):
        context = browser.new_context(java_script_enabled=has_scripts)
        page = context.new_page()
        _reviews_free_bank(Visitor(page=page, shop=demo))
        expect(page.locator(".toast")).to_have_count(1)
        page.locator(".toast__close").click()
        expect(page.locator(".toast")).to_have_count(0)
        context.close()


def test_nothing_moves_for_whoever_asks_for_it(demo: str, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    Visitor(page=page, shop=demo).open(f"{BANK}sample/1/")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(one => "
        "getComputedStyle(one).transitionDuration !== '0s' || "
        "getComputedStyle(one).animationName !== 'none').length"
    )
    assert moving == 0
    context.close()


def test_a_result_prints_on_one_page(demo: str, page: Page) -> None:
    visitor = Visitor(page=page, shop=demo)
    _owns_free_bank(visitor)
    send(page, "/practice/start/")
    page.wait_for_url("**/practice/**")
    answer(page)
    page.goto(page.url.rstrip("/").rpartition("/")[0] + "/")
    send(page, "/finish/")
    page.emulate_media(media="print")
    for part in (".site-nav", ".site-foot", ".breadcrumb", ".button", ".ribbon", ".missed"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.locator(".score__figure")).to_be_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


def _owns_free_bank(visitor: Visitor) -> None:
    """The demo's learner at the page of the free bank, which is theirs."""
    sign_in(visitor, LEARNER, following=FREE_BANK)
    visitor.page.wait_for_url(f"**{FREE_BANK}")
    if visitor.page.locator("form[action*='/payments/checkout/']").count():
        send(visitor.page, "/payments/checkout/")
        visitor.open(FREE_BANK)


def _reviews_free_bank(visitor: Visitor) -> None:
    """They publish a review, or change it, and are at the page of the bank."""
    _owns_free_bank(visitor)
    visitor.open(f"{FREE_BANK}review/")
    visitor.page.get_by_label("4 – good").check()
    visitor.page.locator("main form button[type=submit]").first.click()
    visitor.page.wait_for_url(f"**{FREE_BANK}")


def _press_until(page: Page, target: str) -> None:
    """Tab until the keyboard is there."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("target => document.activeElement.matches(target)", target):
            return
    raise AssertionError(f"the keyboard never came to {target}")


def _tab_to(page: Page, target: str) -> None:
    """Tab until the keyboard is there, press Enter, and arrive."""
    _press_until(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")
