"""`make screenshots`: every page of the demo by width, color scheme and language.

Writes to `screenshots/`, which git ignores.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, Page

from testing.browser import running_browser
from testing.demo import copy_project, ready_demo
from testing.every_page import visit_back_office, visit_site, visit_studio
from testing.site import ROOT

FOLDER = ROOT / "screenshots"
# Pages that people print.
PRINTED = {"result", "receipt"}


class Variant(NamedTuple):
    """How a browser shows the pages. `font_pixels` is the size that its user has chosen."""

    width: int
    scheme: Literal["light", "dark"] = "light"
    language: str = "en"
    font_pixels: int = 16


# By the suffix of the file name.
VARIANTS = {
    "375-light": Variant(375),
    "375-dark": Variant(375, "dark"),
    "1280-light": Variant(1280),
    "1280-dark": Variant(1280, "dark"),
    "375-ar": Variant(375, language="ar"),
    "1280-ar": Variant(1280, language="ar"),
    "375-de": Variant(375, language="de"),
    "320-de": Variant(320, language="de"),
    "375-large": Variant(375, font_pixels=32),
}


def take_screenshots(browser: Browser, base_url: str, name: str) -> list[Path]:
    """Write NAME-VARIANT.png of every page, and NAME-VARIANT-print.png of those in PRINTED.

    Return the paths in the order of the visit.
    """
    variant = VARIANTS[name]
    written: list[Path] = []

    def on_page(page: Page, page_name: str) -> None:
        written.append(screenshot(page, f"{page_name}-{name}"))
        if page_name in PRINTED:
            page.emulate_media(media="print")
            written.append(screenshot(page, f"{page_name}-{name}-print"))
            page.emulate_media(media="screen")

    # The back office is in English only.
    office = [visit_back_office] if variant.language == "en" else []
    tours = [visit_site, *office, visit_studio]
    for tour in tours:
        context = browser.new_context(
            viewport={"width": variant.width, "height": 812},
            color_scheme=variant.scheme,
            locale=variant.language,
        )
        tour(context.new_page(), base_url, on_page)
        context.close()
    return written


def screenshot(page: Page, name: str) -> Path:
    """Write the full page, with the images that load only when they are scrolled into view."""
    page.evaluate("document.querySelectorAll('img').forEach((image) => (image.loading = 'eager'))")
    page.wait_for_load_state("networkidle")
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


def photograph(variants: list[str]) -> Iterator[tuple[str, list[Path]]]:
    """Take screenshots of a fresh demo: each variant's name, and the paths of its pages."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        with ready_demo(Path(folder)) as base_url:
            for name in variants:
                # A setting of the browser, as its user has it: media queries in rem follow it.
                font = f"--blink-settings=defaultFontSize={VARIANTS[name].font_pixels}"
                with running_browser(font) as browser:
                    paths = take_screenshots(browser, base_url, name)
                yield name, paths


def chosen(names: list[str]) -> list[str]:
    """All variants if none is named. Exits with a message for an unknown one."""
    if unknown := [name for name in names if name not in VARIANTS]:
        sys.exit(f"Unknown: {', '.join(unknown)}. Choose from: {', '.join(VARIANTS)}.")
    return names or list(VARIANTS)


def main(names: list[str]) -> None:
    """Take the screenshots."""
    for name, paths in photograph(chosen(names)):
        sys.stdout.write(f"{name}: {len(paths)} screenshots in {FOLDER}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
