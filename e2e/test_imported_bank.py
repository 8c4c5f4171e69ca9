"""A bank of 360 questions: imported, published, bought and practiced in the browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from testing.long_bank import QUESTIONS, key_of, long_bank
from testing.parts import SHARED
from testing.sandbox import running_sandbox
from testing.site import Site, free_port, new_site
from testing.visitor import Visitor
from testing.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.xdist_group("real-bank")]

# The keys are known by their places.
IN_ORDER = """
from catalog.models import TestBank
TestBank.objects.update(keeps_question_order=True, keeps_choice_order=True)
"""
PUBLISHED = "written-by-qti_package_maker/aiken-technician-2026-2030.txt"


@dataclass
class Bank:
    """A file of 360 questions, with the position of each question's key."""

    file: Path
    keys: list[int]


@pytest.fixture(params=["ours", pytest.param("published", marks=pytest.mark.shared)])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Bank:
    """A generated bank, and one that others published."""
    if request.param == "published":
        return published_bank()
    file = tmp_path / "long.txt"
    file.write_text(long_bank())
    return Bank(file, [key_of(number) for number in range(1, QUESTIONS + 1)])


def published_bank() -> Bank:
    """Return it with its keys from an independent list."""
    lines = (SHARED / "questions" / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    expected = [row for row in map(json.loads, lines) if row["file"] == PUBLISHED]
    keys = [
        next(
            position for position, option in enumerate(row["options"]) if option["fraction"] == 100
        )
        for row in expected
    ]
    return Bank(SHARED / "questions" / PUBLISHED, keys)


@pytest.fixture
def site(tmp_path: Path, bank: Bank) -> Iterator[Site]:
    """A site that sells the bank, and a sandbox that delivers events to it."""
    port = free_port()
    with running_sandbox(
        tmp_path, tls=False, webhook_url=f"http://127.0.0.1:{port}/payments/webhook/"
    ) as sandbox:
        created = new_site(tmp_path, sandbox.site_settings, {}, port=port)
        imported = created.manage(
            *("import_bank", str(bank.file), "--bank", "technician"),
            *("--title", "Technician", "--price", "2500", "--publish"),
        )
        assert imported.returncode == 0, imported.stderr
        assert f"{QUESTIONS} questions added to technician." in imported.stdout
        ordered = created.manage("shell", stdin=IN_ORDER)
        assert ordered.returncode == 0, ordered.stderr
        with created.serving():
            yield created


def test_imported_bank_is_bought_and_practiced(site: Site, bank: Bank, page: Page) -> None:
    keys = bank.keys
    assert len(keys) == QUESTIONS
    visitor = Visitor(page=page, base_url=site.url)
    visitor.open("/banks/technician/")
    visitor.expect_text("360 questions")
    visitor.click("Purchase")
    visitor.sign_up("radio@example.org", "a-long-pass-phrase-7")
    wait_until(lambda: "Subject:" in site.log())
    visitor.enter_code_from(site.log())
    visitor.click("Purchase")
    visitor.pay()
    visitor.expect_text("Thank you")
    visitor.click("Practice")
    for number, key in enumerate(keys[:12], start=1):
        visitor.expect_text(f"Question {number} of {QUESTIONS}")
        page.locator("input[type=radio]").nth(key).check()
        visitor.click("Check answer")
        visitor.expect_text("Your answer (correct)")
        visitor.click("Next question")
    # A page that is opened while another loads may be given up.
    visitor.expect_text(f"Question 13 of {QUESTIONS}")
    visitor.open("/my-banks/")
    visitor.click("Continue")
    visitor.expect_text(f"Question 13 of {QUESTIONS}")
    page.locator("input[type=radio]").nth((keys[12] + 1) % 4).check()
    visitor.click("Check answer")
    visitor.expect_text("Correct answer")
    visitor.click("Finish")
    visitor.expect_text(f"You have not answered {QUESTIONS - 13} questions yet.")
    visitor.click("Finish session")
    expect(page).to_have_url(re.compile(r"/practice/[0-9a-f-]+/$"))
    visitor.expect_text(f"12 of {QUESTIONS} points")
