"""`make screenshots`: every page of the demo, on a phone and a desk, in light and dark.

They go to `screenshots/`, which git ignores, to be looked at one by one.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from e2e.journey import Visitor
from testing.browser import running_browser
from testing.demo import copy_project, ready_demo
from testing.site import ROOT

FOLDER = ROOT / "screenshots"
LEARNER, PASSWORD = "learner@demo.example", "practise-makes-perfect"
BANK = "/banks/git-in-practice/"


@dataclass
class Camera:
    """Takes the page as it is under the name of its step."""

    page: Page
    suffix: str

    def take(self, name: str) -> None:
        """Write NAME-WIDTH-SCHEME.png, the whole page."""
        self.page.screenshot(path=FOLDER / f"{name}-{self.suffix}.png", full_page=True)


def photograph(browser: Browser, shop: str, *, width: int, scheme: str) -> None:
    """Walk through the shop as a visitor and as the demo's learner."""
    context = browser.new_context(
        viewport={"width": width, "height": 812},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    camera = Camera(page, f"{width}-{scheme}")
    visitor = Visitor(page=page, shop=shop)
    for name, path in {
        "list": "/",
        "detail": BANK,
        "detail-free": "/banks/http-warm-up/",
        "sample": f"{BANK}sample/1/",
        "sign-up": "/accounts/signup/",
        "sign-in": "/accounts/login/",
        "mails": "/demo/mails/",
    }.items():
        visitor.open(path)
        camera.take(name)
    page.goto(f"{shop}/no-such-page/")
    camera.take("not-found")
    visitor.open(f"{BANK}sample/1/")
    page.locator("input[type=radio]").nth(0).check()
    visitor.press("Check answer")
    camera.take("sample-answered")
    _as_learner(visitor, camera)
    context.close()


def _as_learner(visitor: Visitor, camera: Camera) -> None:
    page = visitor.page
    visitor.open("/accounts/login/")
    page.get_by_label("Email").fill(LEARNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/my-banks/")
    camera.take("my-banks-empty")
    visitor.open("/payments/orders/")
    camera.take("orders-empty")
    visitor.open("/banks/git-in-practice/")
    if page.get_by_role("button", name="Purchase").count():
        visitor.press("Purchase")
        page.wait_for_url("**/c/pay/**")
        camera.take("payment")
        visitor.pays()
        page.wait_for_url("**/payments/success/**")
        camera.take("success")
        visitor.open(BANK)
    camera.take("detail-owned")
    visitor.press("Practise")
    page.wait_for_url("**/practice/**")
    camera.take("question")
    page.locator("input[type=radio]").nth(1).check()
    visitor.press("Check answer")
    camera.take("question-answered")
    visitor.press("Next question")
    page.locator("input[type=radio]").nth(1).check()
    visitor.press("Check answer")
    camera.take("question-wrong")
    visitor.press("Finish now")
    camera.take("result-so-far")
    visitor.press("Finish this round")
    camera.take("result")
    for name, path in {"my-banks": "/my-banks/", "orders": "/payments/orders/"}.items():
        visitor.open(path)
        camera.take(name)


def main() -> int:
    """Photograph a fresh demo."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
        copy_project(Path(folder))
        with ready_demo(Path(folder)) as shop:
            for width in (375, 1280):
                for scheme in ("light", "dark"):
                    sys.stdout.write(f"{width} px, {scheme}\n")
                    photograph(browser, shop, width=width, scheme=scheme)
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
