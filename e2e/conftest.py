"""A browser, a page that fails the test on script errors, and a demo."""

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
    """One Chromium per module. Playwright does not allow a second one at the same time."""
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
def page(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page without cookies. Script errors and policy violations fail the test."""
    # Chromium does not intercept a request that passes through a service worker which became
    # active before the route was set.
    routed = request.node.get_closest_marker("routes_requests") is not None
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, service_workers="block" if routed else "allow"
    )
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
