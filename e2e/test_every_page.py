"""Every page: accessible, no wider than the screen, small, without layout shifts."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, Response, Route, expect

from testing.every_page import BANK, visit_back_office, visit_site, visit_studio
from testing.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("every-page")]

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MAX_BYTES = 60_000
# A hundredth of what counts as good. On a busy machine, the browser shows parts of a page that has
# not arrived whole.
MAX_SHIFT = 0.001
MIN_PAGES, MIN_STUDIO_PAGES = 60, 25
# A tab that is open, and that its row of tabs hides in part.
HIDDEN_TABS = """
[...document.querySelectorAll(".desk-nav [aria-current]")].filter((tab) => {
  const { left, right } = tab.getBoundingClientRect();
  return left < 0 || right > document.documentElement.clientWidth;
}).map((tab) => tab.textContent.trim())
"""
# axe-core counts a choice that lies half under a bar at the edge of the screen as too small.
# Scrolling brings it out, so the bar is measured where it stands in the page.
BARS_IN_THE_PAGE = """(position) => {
  for (const bar of document.querySelectorAll(".toolbar--bottom")) bar.style.position = position;
}"""
TRANSPARENT = re.compile(r"[,/] 0\)$")

SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Findings:
    """The problems of the visited pages, and the number of visits of each."""

    width: int
    language: str
    problems: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def check(self, page: Page, name: str) -> None:
        """Look for violations of WCAG, another language, hidden tabs, and a page that is too wide."""
        self.seen[name] += 1
        page.evaluate(BARS_IN_THE_PAGE, "static")
        found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
        page.evaluate(BARS_IN_THE_PAGE, "")
        self.problems.extend(
            f"{name}: {violation['id']} ({violation['help']}): {node['html'][:200]}"
            for violation in found.response["violations"]
            for node in violation["nodes"]
        )
        if name != "payment" and page.get_attribute("html", "lang") != self.language:
            self.problems.append(f"{name}: not in {self.language}")
        if page.evaluate("document.documentElement.scrollWidth") > self.width:
            self.problems.append(f"{name}: wider than {self.width} px")
        self.problems.extend(f"{name}: {tab} is hidden" for tab in page.evaluate(HIDDEN_TABS))


@contextmanager
def checking(
    browser: Browser, width: int, scheme: Any, language: str
) -> Iterator[tuple[Page, Findings]]:
    """A page of a browser like this, and what is found in it; nothing may be wrong."""
    context = browser.new_context(
        viewport={"width": width, "height": 812},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale=language,
    )
    findings = Findings(width, language)
    yield context.new_page(), findings
    context.close()
    assert findings.problems == []


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (375, "light", "en"),
        (1280, "dark", "en"),
        (375, "dark", "ar"),
        (320, "light", "de"),
    ],
)
def test_every_page_is_accessible_and_fits_the_screen(
    demo: str, browser: Browser, width: int, scheme: Any, language: str
) -> None:
    """axe-core finds no violation of WCAG 2.2 A and AA, and no page is wider than the screen.

    A zoom of 200 % or 400 % on a larger screen leaves 320 px, too.
    """
    with checking(browser, width, scheme, language) as (page, findings):
        visit_site(page, demo, findings.check)
    assert len(findings.seen) >= MIN_PAGES


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(1280, "light", "en"), (375, "dark", "en"), (375, "light", "ar"), (320, "light", "de")],
)
def test_every_page_of_the_studio_is_accessible_and_fits_the_screen(
    demo: str, browser: Browser, width: int, scheme: Any, language: str
) -> None:
    with checking(browser, width, scheme, language) as (page, findings):
        visit_studio(page, demo, findings.check)
    assert len(findings.seen) >= MIN_STUDIO_PAGES


@pytest.mark.parametrize("width", [375, 1280])
def test_every_page_of_the_back_office_fits_the_screen(
    demo: str, browser: Browser, width: int
) -> None:
    too_wide: list[str] = []

    def check(page: Page, name: str) -> None:
        if page.evaluate("document.documentElement.scrollWidth") > width:
            too_wide.append(name)

    context = browser.new_context(viewport={"width": width, "height": 812})
    visit_back_office(context.new_page(), demo, check)
    context.close()
    assert too_wide == []


@pytest.mark.parametrize("path", [BANK, "/", "/banks/", f"{BANK}sample/1/"])
def test_first_view_is_small_without_shifts_or_other_hosts(
    demo: str, browser: Browser, path: str
) -> None:
    """At most 60 kB of styles, scripts and fonts over the network; no layout shift; no other host."""
    context = browser.new_context(viewport={"width": 375, "height": 812})
    context.add_init_script(SHIFTS)
    page = context.new_page()
    sizes: dict[str, int] = {}
    other_hosts: list[str] = []

    def record(response: Response) -> None:
        if not response.url.startswith((demo, "data:")):
            other_hosts.append(response.url)
        if response.request.resource_type in {"stylesheet", "script", "font"}:
            sizes[response.url] = response.request.sizes()["responseBodySize"]

    page.on("response", record)
    page.goto(demo + path, wait_until="networkidle")
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(200)
    assert other_hosts == []
    assert sum(sizes.values()) <= MAX_BYTES, sizes
    assert len(sizes) >= 2
    assert page.evaluate("window.shifts") < MAX_SHIFT
    context.close()


def test_filters_change_the_list_in_place_and_go_back(demo: str, page: Page) -> None:
    visitor = Visitor(page=page, base_url=demo)
    visitor.open("/banks/")
    before = page.locator(".bank-card").count()
    page.evaluate("window.same = true")
    page.get_by_label("Free only").check()
    page.wait_for_url("**/banks/?free=1")
    page.wait_for_selector(".chip")
    assert 0 < page.locator(".bank-card").count() < before
    page.get_by_label("Sort by").select_option("price")
    page.wait_for_url("**/banks/?sort=price&free=1")
    page.go_back()
    page.go_back()
    page.wait_for_url("**/banks/")
    expect(page.locator(".bank-card")).to_have_count(before)
    expect(page.get_by_label("Free only")).not_to_be_checked()
    page.go_forward()
    page.wait_for_selector(".chip")
    expect(page.get_by_label("Free only")).to_be_checked()
    page.locator(".chip").click()
    expect(page.locator(".bank-card")).to_have_count(before)
    assert page.url == f"{demo}/banks/"
    expect(page.get_by_label("Free only")).not_to_be_checked()
    assert page.evaluate("window.same")


def test_price_problem_opens_the_folded_filters(demo: str, page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    Visitor(page=page, base_url=demo).open("/banks/")
    summary, problem = page.locator(".filters__fold > summary"), page.locator("#f-problem")
    summary.click()
    page.get_by_label("Maximum price").fill("cheap")
    page.keyboard.press("Tab")
    page.wait_for_url("**/banks/?up_to=cheap")
    expect(problem).to_be_visible()
    page.go_back()
    expect(problem).to_be_empty()
    summary.click()
    expect(page.get_by_label("Maximum price")).to_be_hidden()
    page.go_forward()
    expect(problem).to_be_visible()


@pytest.mark.routes_requests
def test_outdated_response_is_discarded(demo: str, page: Page) -> None:
    """The list matches the address even if the first response arrives last."""
    visitor = Visitor(page=page, base_url=demo)
    visitor.open("/banks/")
    before = page.locator(".bank-card").count()
    held: list[Route] = []
    page.route("**/banks/?free=1", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    page.get_by_label("Free only").check()
    page.wait_for_url("**/banks/?free=1")
    expect(page.locator("#results[aria-busy=true]")).to_have_count(1)
    # While the list loads, the same cards stay with their text hidden.
    expect(page.locator(".bank-card__text").first).to_have_css("color", TRANSPARENT)
    expect(page.locator(".bank-card")).to_have_count(before)
    page.go_back()
    page.wait_for_selector("#results:not([aria-busy])")
    for route in held:
        with suppress(Error):
            route.continue_()
    page.wait_for_timeout(300)
    assert (page.url, page.locator(".bank-card").count()) == (f"{demo}/banks/", before)
    expect(page.get_by_label("Free only")).not_to_be_checked()
