"""Parts that the stories share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from testing.browser import running_browser
from testing.demo import prepare_once, ready_demo


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the stories of a file: Playwright lets no second one run beside it."""
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def prepared_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose demo has started before, one for all workers of the run."""
    base: Path = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "prepared-demo"
    prepare_once(folder)
    return folder


@pytest.fixture(scope="module")
def clone(prepared_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project for the stories of a file, with the demo's data."""
    folder: Path = tmp_path_factory.mktemp("clone")
    shutil.copytree(prepared_demo, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def demo(clone: Path) -> Iterator[str]:
    """The address of a demo, as `make demo` starts it, for the stories of a file."""
    with ready_demo(clone) as address:
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
