"""With the browser's font at 200 %, every page fits a phone, and no text is cut off."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from testing.browser import running_browser
from testing.every_page import visit_site, visit_studio

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("large-font")]

WIDTH = 375
LARGE = 32  # pixels; browsers begin with 16
# Text that sticks out of the screen or of an element that hides what overflows. What can be scrolled
# to is not cut off; an excerpt of a stem is, on purpose, after two lines.
CUT_OFF = """(width) => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const parent = text.parentElement;
    if (!text.data.trim() || !parent.checkVisibility({ visibilityProperty: true })) continue;
    if (parent.closest(".visually-hidden, .skip, .missed__stem, svg, math, option")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    let box = range.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    let [left, right, top, bottom] = [0, width, -Infinity, Infinity];
    for (let one = parent; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      const edge = one.getBoundingClientRect();
      if (["auto", "scroll"].includes(style.overflowX)) { left = -Infinity; right = Infinity; break; }
      if (["hidden", "clip"].includes(style.overflowX)) {
        left = Math.max(left, edge.left);
        right = Math.min(right, edge.right);
      }
      if (["hidden", "clip"].includes(style.overflowY)) {
        top = Math.max(top, edge.top);
        bottom = Math.min(bottom, edge.bottom);
      }
    }
    if (box.left < left - 1 || box.right > right + 1 || box.top < top - 2 || box.bottom > bottom + 2)
      found.push(`${parent.tagName}.${parent.className}: ${text.data.trim().slice(0, 50)}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def large_font() -> Iterator[Browser]:
    """A browser whose user chose a font twice as large."""
    with running_browser(f"--blink-settings=defaultFontSize={LARGE}") as browser:
        yield browser


def test_no_page_is_cut_off_at_twice_the_font_size(demo: str, large_font: Browser) -> None:
    context = large_font.new_context(
        viewport={"width": WIDTH, "height": 812}, reduced_motion="reduce"
    )
    faults: list[str] = []

    def check(page: Page, name: str) -> None:
        size = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
        assert size >= LARGE
        if page.evaluate("document.documentElement.scrollWidth") > WIDTH:
            faults.append(f"{name}: wider than {WIDTH} px")
        faults.extend(f"{name}: {fault}" for fault in page.evaluate(CUT_OFF, WIDTH))

    visit_site(context.new_page(), demo, check)
    context.close()
    assert faults == []


def test_no_studio_page_is_wider_than_the_phone_at_twice_the_font_size(
    demo: str, large_font: Browser
) -> None:
    context = large_font.new_context(viewport={"width": WIDTH, "height": 812})
    widths: dict[str, int] = {}

    def on_page(page: Page, name: str) -> None:
        widths[name] = page.evaluate("document.documentElement.scrollWidth")

    visit_studio(context.new_page(), demo, on_page)
    context.close()
    assert {name: width for name, width in widths.items() if width > WIDTH} == {}
