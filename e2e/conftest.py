"""Parts that the stories share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from testing.browser import running_browser
from testing.demo import copy_project, ready_demo


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the stories of a file: Playwright lets no second one run beside it."""
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo, as `make demo` starts it, for the stories of a file."""
    folder: Path = tmp_path_factory.mktemp("clone")
    copy_project(folder)
    with ready_demo(folder) as address:
        yield address


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A fresh person: no cookies. Faults of scripts and of the content policy fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    yield page
    page.screenshot(path=str(tmp_path / "last.png"))
    context.close()
    assert faults == []
