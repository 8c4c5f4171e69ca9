"""`make screenshots`: every page of the demo by width, color scheme and language.

Writes to `screenshots/`, which git ignores.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from testing.browser import running_browser
from testing.demo import copy_project, ready_demo
from testing.every_page import visit_back_office, visit_site
from testing.site import ROOT

FOLDER = ROOT / "screenshots"
# Pages that people print.
PRINTED = {"result", "receipt"}
# Width, color scheme and language, by the suffix of the file name.
VARIANTS = {
    **{
        f"{width}-{scheme}": (width, scheme, "en")
        for width in (375, 1280)
        for scheme in ("light", "dark")
    },
    "375-ar": (375, "light", "ar"),
    "1280-ar": (1280, "light", "ar"),
    "375-de": (375, "light", "de"),
}


def take_screenshots(browser: Browser, base_url: str, variant: str) -> None:
    """Write NAME-VARIANT.png of every page, and NAME-VARIANT-print.png of those in PRINTED."""
    width, scheme, language = VARIANTS[variant]

    def on_page(page: Page, name: str) -> None:
        screenshot(page, f"{name}-{variant}")
        if name in PRINTED:
            page.emulate_media(media="print")
            screenshot(page, f"{name}-{variant}-print")
            page.emulate_media(media="screen")

    # The back office is in English only.
    tours = [visit_site, *([visit_back_office] if language == "en" else [])]
    for tour in tours:
        context = browser.new_context(
            viewport={"width": width, "height": 812},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=language,
        )
        tour(context.new_page(), base_url, on_page)
        context.close()


def screenshot(page: Page, name: str) -> None:
    """Write the full page, with the images that load only when they are scrolled into view."""
    page.evaluate("document.querySelectorAll('img').forEach((image) => (image.loading = 'eager'))")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name}.png", full_page=True)


def main(variants: list[str]) -> int:
    """Take screenshots of a fresh demo in these variants, or in all. Return 2 for an unknown one."""
    if unknown := [name for name in variants if name not in VARIANTS]:
        sys.stderr.write(f"Unknown: {', '.join(unknown)}. Choose from: {', '.join(VARIANTS)}.\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
        copy_project(Path(folder))
        with ready_demo(Path(folder)) as base_url:
            for name in variants or VARIANTS:
                sys.stdout.write(f"{name}\n")
                take_screenshots(browser, base_url, name)
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} screenshots in {FOLDER}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
