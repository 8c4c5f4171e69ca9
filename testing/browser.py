"""Chromium through Playwright, for browser tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from testing.parts import require

CHROMIUM = Path("/usr/bin/chromium")
# How long an expectation waits for the page: only a failing one waits so long.
expect.set_options(timeout=30_000)
# Without these Chromium looks for its maker's servers at every start.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running_browser(*arguments: str) -> Iterator[Browser]:
    """A headless Chromium; skips (or fails) by name where there is none."""
    require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=[*ARGUMENTS, *arguments]
        )
        try:
            yield browser
        finally:
            browser.close()
