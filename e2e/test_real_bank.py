"""A bank of 360 questions: imported, put on sale, bought and practised in the browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.journey import Visitor
from testing.long_bank import QUESTIONS, key_of, long_bank
from testing.parts import SHARED
from testing.sandbox import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET, running_sandbox
from testing.site import Site, free_port, new_site
from testing.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("real-bank")]

PUBLISHED = "written-by-qti_package_maker/aiken-technician-2026-2030.txt"


@dataclass
class Bank:
    """A file of 360 questions, with the place of the correct choice of each."""

    file: Path
    keys: list[int]


@pytest.fixture(params=["ours", pytest.param("published", marks=pytest.mark.shared)])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Bank:
    """A bank that we made, and one that was published by others."""
    if request.param == "published":
        return published_bank()
    file = tmp_path / "long.txt"
    file.write_text(long_bank())
    return Bank(file, [key_of(number) for number in range(1, QUESTIONS + 1)])


def published_bank() -> Bank:
    """With its keys as independent readers found them."""
    lines = (SHARED / "questions" / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    expected = [row for row in map(json.loads, lines) if row["file"] == PUBLISHED]
    keys = [
        next(place for place, option in enumerate(row["options"]) if option["fraction"] == 100)
        for row in expected
    ]
    return Bank(SHARED / "questions" / PUBLISHED, keys)


@pytest.fixture
def shop(tmp_path: Path, bank: Bank) -> Iterator[Site]:
    """A shop with the bank on sale, and a sandbox that tells it of payments."""
    port = free_port()
    with running_sandbox(
        tmp_path, tls=False, webhook_url=f"http://127.0.0.1:{port}/payments/webhook/"
    ) as sandbox:
        dotenv = {
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_BASE": sandbox.url,
            "CHECKOUT_ORIGIN": sandbox.url,
        }
        site = new_site(tmp_path, dotenv, {}, port=port)
        imported = site.manage(
            *("import_bank", str(bank.file), "--bank", "technician"),
            *("--title", "Technician", "--price", "2500", "--publish"),
        )
        assert imported.returncode == 0, imported.stderr
        assert f"{QUESTIONS} questions added to technician." in imported.stdout
        with site.serving():
            yield site


def test_a_real_bank_is_bought_and_practised(shop: Site, bank: Bank, page: Page) -> None:
    keys = bank.keys
    assert len(keys) == QUESTIONS
    visitor = Visitor(page=page, shop=shop.url)
    visitor.open("/banks/technician/")
    visitor.sees("360 questions")
    visitor.press("Purchase")
    visitor.signs_up("radio@example.org", "a-long-pass-phrase-7")
    wait_until(lambda: "Subject:" in shop.log())
    visitor.enters_code_from(shop.log())
    visitor.press("Purchase")
    visitor.pays()
    visitor.sees("Thank you")
    visitor.press("Practise")
    for number, key in enumerate(keys[:12], start=1):
        visitor.sees(f"Question {number} of {QUESTIONS}")
        page.locator("input[type=radio]").nth(key).check()
        visitor.press("Check answer")
        visitor.sees("Right: your answer")
        visitor.press("Next question")
    visitor.open("/my-banks/")
    visitor.press("Go on")
    visitor.sees(f"Question 13 of {QUESTIONS}")
    page.locator("input[type=radio]").nth((keys[12] + 1) % 4).check()
    visitor.press("Check answer")
    visitor.sees("Right answer")
    visitor.press("Finish now")
    expect(page).to_have_url(re.compile(r"/practice/[0-9a-f-]+/$"))
    visitor.sees(f"12 of {QUESTIONS} points")
