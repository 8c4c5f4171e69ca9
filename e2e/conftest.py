"""A browser, a page that fails the test on script errors, and a demo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from testing.browser import running_browser
from testing.demo import copy_project, ready_demo


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium per module. Playwright does not allow a second one at the same time."""
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo, started as `make demo` starts it."""
    folder: Path = tmp_path_factory.mktemp("clone")
    copy_project(folder)
    with ready_demo(folder) as base_url:
        yield base_url


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page without cookies. Script errors and policy violations fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            errors.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    yield page
    page.screenshot(path=str(tmp_path / "last.png"))
    context.close()
    assert errors == []
