"""The demo, started as a stranger starts it, and a purchase from sign-up to result."""

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.journey import Visitor
from testing.demo import ready_demo, started_demo, words
from testing.site import DIRECT, ROOT, free_port

GIT = ROOT / "catalog/demo_banks/git-in-practice/questions.jsonl"
QUESTIONS = [json.loads(line) for line in GIT.read_text(encoding="utf-8").splitlines()]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


@pytest.fixture
def demo(clone: Path) -> Iterator[str]:
    with ready_demo(clone) as address:
        yield address


def test_a_stranger_buys_and_practises(demo: str, page: Page) -> None:
    visitor = Visitor(page=page, shop=demo)
    email = f"mira-{time.time_ns()}@example.org"

    visitor.open("/banks/git-in-practice/")
    visitor.press("Sample question 1")
    page.locator("input[type=radio]").nth(1).check()
    page.locator("main form button[type=submit]").first.click()
    visitor.sees("Right")

    visitor.open("/banks/git-in-practice/")
    visitor.press("Purchase")
    expect(page).to_have_url(re.compile(r"/accounts/signup/\?next="))
    visitor.signs_up(email, "a-long-pass-phrase-7")
    visitor.enters_code_from(visitor.reads_newest_demo_mail())
    expect(page).to_have_url(f"{demo}/banks/git-in-practice/")

    visitor.press("Purchase")
    expect(page).to_have_url(re.compile(r"/c/pay/cs_"))
    visitor.sees("no money moves")
    visitor.pays()
    expect(page).to_have_url(re.compile(r"/payments/success/"))
    visitor.sees("Thank you")

    visitor.press("Practise")
    assert QUESTIONS[0]["explanation"][:20] not in page.content()
    visitor.answers(QUESTIONS)
    visitor.sees("Your result")
    visitor.sees(f"{len(QUESTIONS)} of {len(QUESTIONS)} points")


def test_ctrl_c_ends_all_of_it(clone: Path) -> None:
    with ready_demo(clone) as address:
        port = int(address.rpartition(":")[2])
    assert "The demo has ended." in words(clone)
    for part in (port, port + 1):
        with pytest.raises(OSError, match="refused"):
            DIRECT.open(f"http://127.0.0.1:{part}/", timeout=2)


def test_a_second_start_keeps_the_data(clone: Path) -> None:
    for _start in range(2):
        with ready_demo(clone) as address, DIRECT.open(address, timeout=5) as answer:
            assert b"Git in practice" in answer.read()
    assert "  Git in practice: " not in words(clone)


def test_the_demo_never_touches_the_site_beside_it(clone: Path) -> None:
    with ready_demo(clone):
        assert not (clone / ".env").exists()
        assert not (clone / "var" / "testbank.sqlite3").exists()


def test_a_taken_port_is_named(clone: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started_demo(clone, port) as process:
            assert process.wait(timeout=120) == 2
    assert f"Port {port} is taken. Choose another with `make demo PORT=" in words(clone)


def test_the_demo_refuses_beside_a_real_key(clone: Path) -> None:
    with started_demo(clone, free_port(), STRIPE_SECRET_KEY="sk_live_51abcdef") as process:
        assert process.wait(timeout=120) == 2
    assert "STRIPE_SECRET_KEY in the environment is not the sandbox's." in words(clone)
    assert "sk_live_51abcdef" not in words(clone)
