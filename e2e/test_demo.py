"""The demo: start, stop, restart, and a purchase from sign-up to result."""

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from testing.demo import copy_project, ready_demo, started_demo, words
from testing.site import DIRECT, ROOT, free_port
from testing.visitor import Visitor

GIT = ROOT / "demo/content/git-in-practice/questions.jsonl"
QUESTIONS = [json.loads(line) for line in GIT.read_text(encoding="utf-8").splitlines()]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


@pytest.fixture
def demo(clone: Path) -> Iterator[str]:
    with ready_demo(clone) as address:
        yield address


@pytest.fixture
def unstarted(tmp_path: Path) -> Path:
    """A copy of the project whose demo has never started."""
    copy_project(tmp_path)
    return tmp_path


@pytest.mark.proof
def test_new_visitor_buys_and_practices(demo: str, page: Page) -> None:
    visitor = Visitor(page=page, base_url=demo)
    email = f"mira-{time.time_ns()}@example.org"

    visitor.open("/banks/git-in-practice/")
    visitor.click("Sample question 1")
    page.locator("input[type=radio]").nth(1).check()
    page.locator("main form button[type=submit]").first.click()
    visitor.expect_text("Correct")

    visitor.open("/banks/git-in-practice/")
    visitor.click("Purchase")
    expect(page).to_have_url(re.compile(r"/accounts/signup/\?next="))
    visitor.sign_up(email, "a-long-pass-phrase-7")
    visitor.enter_code_from(visitor.demo_email_to(email))
    expect(page).to_have_url(f"{demo}/payments/buy/git-in-practice/")

    visitor.click("Purchase")
    expect(page).to_have_url(re.compile(r"/c/pay/cs_"))
    visitor.expect_text("You will not be charged.")
    visitor.pay()
    expect(page).to_have_url(re.compile(r"/payments/success/"))
    visitor.expect_text("Thank you")

    with page.expect_navigation():
        visitor.click("Practice")
    assert QUESTIONS[0]["explanation"][:20] not in page.content()
    visitor.answer_correctly(QUESTIONS)
    visitor.expect_text("Your results")
    visitor.expect_text(f"{len(QUESTIONS)} of {len(QUESTIONS)} points")


@pytest.mark.proof
def test_ctrl_c_stops_every_process(clone: Path) -> None:
    with ready_demo(clone) as address:
        port = int(address.rpartition(":")[2])
    assert "The demo has stopped." in words(clone)
    for part in (port, port + 1):
        with pytest.raises(OSError, match="refused"):
            DIRECT.open(f"http://127.0.0.1:{part}/", timeout=2)


@pytest.mark.proof
def test_second_start_keeps_the_data(clone: Path) -> None:
    for _start in range(2):
        with ready_demo(clone) as address, DIRECT.open(address, timeout=5) as answer:
            assert b"Git in practice" in answer.read()
    assert "  Git in practice: " not in words(clone)


@pytest.mark.proof
def test_demo_leaves_the_site_in_the_same_folder_alone(clone: Path) -> None:
    with ready_demo(clone):
        assert not (clone / ".env").exists()
        assert not (clone / "var" / "testbank.sqlite3").exists()


def test_port_in_use_is_named(unstarted: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started_demo(unstarted, port) as process:
            assert process.wait(timeout=120) == 2
    assert f"Port {port} is in use. Choose another with `make demo PORT=" in words(unstarted)


def test_demo_refuses_a_live_key_in_the_environment(unstarted: Path) -> None:
    with started_demo(unstarted, free_port(), STRIPE_SECRET_KEY="sk_live_example") as process:
        assert process.wait(timeout=120) == 2
    assert "STRIPE_SECRET_KEY in the environment is not a sandbox key." in words(unstarted)
    assert "sk_live_example" not in words(unstarted)
