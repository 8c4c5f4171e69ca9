"""`make lighthouse`: Google's Lighthouse over the demo's pages, on a slow phone.

Prints each page's scores with their goals, and writes them to `var/lighthouse.json`. Lighthouse
simulates a slow network and processor, so scores differ little between machines.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from testing.browser import ARGUMENTS, CHROMIUM, running_browser
from testing.demo import copy_project, ready_demo
from testing.every_page import BANK, FREE_BANK, LEARNER, sign_in
from testing.site import ROOT
from testing.visitor import Visitor

GOAL = 95
SCORES = ("performance", "accessibility", "best-practices", "seo")
PROGRAM = ROOT / "tools" / "lighthouse" / "node_modules" / ".bin" / "lighthouse"
FOLDER = ROOT / "var"


def question_page(browser: Browser, shop: str) -> tuple[str, str]:
    """Return the URL of a practice question, and the cookies that it needs."""
    context = browser.new_context()
    page = context.new_page()
    visitor = Visitor(page=page, base_url=shop)
    sign_in(visitor, LEARNER, next_path=FREE_BANK)
    page.wait_for_url(f"**{FREE_BANK}")
    visitor.click("Get it free")
    page.get_by_role("button", name="Practice").first.click()
    page.wait_for_url("**/practice/**")
    cookies = "; ".join(f"{one.get('name')}={one.get('value')}" for one in context.cookies())
    address = page.url
    context.close()
    return address, cookies


def measured(address: str, cookies: str, report: Path) -> dict[str, int]:
    """Return a page's scores, 0 to 100, and write the full report."""
    headers = [f"--extra-headers={json.dumps({'Cookie': cookies})}"] if cookies else []
    command = [
        str(PROGRAM),
        address,
        "--quiet",
        "--output=json",
        f"--output-path={report}",
        f"--only-categories={','.join(SCORES)}",
        f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}",
        *headers,
    ]
    environment = os.environ | {"CHROME_PATH": str(CHROMIUM)}
    # Chromium sometimes misses the beginning of its own trace; Lighthouse says: run it again.
    if subprocess.run(command, env=environment, check=False, timeout=180).returncode:
        subprocess.run(command, env=environment, check=True, timeout=180)
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    for name, audit in found["audits"].items():
        if audit["score"] is not None and audit["score"] < 0.9:
            sys.stdout.write(f"    {name}: {audit['title']} {audit.get('displayValue', '')}\n")
    return {name: round(found["categories"][name]["score"] * 100) for name in SCORES}


def main() -> int:
    """Measure a fresh demo; return 1 if a score is below its goal."""
    FOLDER.mkdir(exist_ok=True)
    results: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        with ready_demo(Path(folder)) as shop:
            with running_browser() as browser:
                question, cookies = question_page(browser, shop)
            pages = {"home": "/", "list": "/banks/", "detail": BANK}
            targets = {name: (shop + path, "") for name, path in pages.items()}
            for name, (address, given) in (targets | {"practice": (question, cookies)}).items():
                report = FOLDER / f"lighthouse-{name}.json"
                results[name] = measured(address, given, report)
                shown = "  ".join(f"{score} {points}" for score, points in results[name].items())
                sys.stdout.write(f"{name:10}{shown}   (goal {GOAL})\n")
    (FOLDER / "lighthouse.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    return int(any(points < GOAL for page in results.values() for points in page.values()))


if __name__ == "__main__":
    sys.exit(main())
