"""`make screenshots`: every page of the demo, on a phone and a desk, in light and dark, in Arabic.

They go to `screenshots/`, which git ignores, to be looked at one by one.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from testing.browser import running_browser
from testing.demo import copy_project, ready_demo
from testing.site import ROOT
from testing.walk import through_the_back_office, through_the_shop

FOLDER = ROOT / "screenshots"
# What people put on paper.
PRINTED = {"result", "receipt"}
# By the end of a picture's name: width, scheme, language.
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


def photograph(browser: Browser, shop: str, variant: str) -> None:
    """Write NAME-VARIANT.png of every page, the whole page; and as printed, where it is."""
    width, scheme, language = VARIANTS[variant]

    def take(page: Page, name: str) -> None:
        picture(page, f"{name}-{variant}")
        if name in PRINTED:
            page.emulate_media(media="print")
            picture(page, f"{name}-{variant}-print")
            page.emulate_media(media="screen")

    # The back office speaks English.
    walks = [through_the_shop, *([through_the_back_office] if language == "en" else [])]
    for walk in walks:
        context = browser.new_context(
            viewport={"width": width, "height": 812},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=language,
        )
        walk(context.new_page(), shop, take)
        context.close()


def picture(page: Page, name: str) -> None:
    """Write one page, with the pictures that come only when one scrolls to them."""
    page.evaluate("document.querySelectorAll('img').forEach((one) => (one.loading = 'eager'))")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name}.png", full_page=True)


def main(wanted: list[str]) -> int:
    """Photograph a fresh demo, in the variants that are named, or in all; 2 if one is unknown."""
    if unknown := [name for name in wanted if name not in VARIANTS]:
        sys.stderr.write(f"Unknown: {', '.join(unknown)}. There are: {', '.join(VARIANTS)}.\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
        copy_project(Path(folder))
        with ready_demo(Path(folder)) as shop:
            for name in wanted or VARIANTS:
                sys.stdout.write(f"{name}\n")
                photograph(browser, shop, name)
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
