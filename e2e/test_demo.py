"""The demo, started as a stranger starts it, and a purchase from sign-up to result."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.journey import Visitor
from testing.site import DIRECT, ROOT, free_port
from testing.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def start_demo(port: int, log: Path, **variables: str) -> "subprocess.Popen[bytes]":
    environment = {"PATH": os.environ["PATH"], "HOME": str(log.parent), "PORT": str(port)}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "testbank.demo"],
            cwd=ROOT,
            env=environment | variables,
            stdout=output,
            stderr=output,
        )


def is_ready(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return "The demo is ready" in log.read_text()


@pytest.fixture
def demo(tmp_path):
    """The address of a running demo; ended with Ctrl-C, which must end all of it."""
    port, log = free_port(), tmp_path / "demo.log"
    process = start_demo(port, log)
    try:
        wait_until(lambda: is_ready(process, log), seconds=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0, log.read_text()
    assert "The demo has ended." in log.read_text()
    for part in (port, port + 1):
        with pytest.raises(OSError, match="refused"):
            DIRECT.open(f"http://127.0.0.1:{part}/", timeout=2)


def test_a_stranger_buys_and_practises(demo, page):
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
    visitor.answers_everything()
    visitor.sees("10 of 10")


def test_a_second_start_is_quick_and_keeps_the_data(demo, tmp_path):
    """The fixture has started it once; the data of that time is there the second time."""
    port, log = free_port(), tmp_path / "second.log"
    started = time.monotonic()
    process = start_demo(port, log)
    try:
        wait_until(lambda: is_ready(process, log), seconds=60)
        with DIRECT.open(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            assert b"Git in practice" in answer.read()
        assert time.monotonic() - started < 30  # the goal of 5 s is measured, not asserted
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def test_a_taken_port_is_named(tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, log = taken.getsockname()[1], tmp_path / "demo.log"
        assert start_demo(port, log).wait(timeout=20) == 2
    assert f"Port {port} is taken. Choose another with `make demo PORT=" in log.read_text()


def test_demo_refuses_beside_a_real_key(tmp_path):
    log = tmp_path / "demo.log"
    process = start_demo(free_port(), log, STRIPE_SECRET_KEY="sk_live_51abcdef")
    assert process.wait(timeout=20) == 2
    assert "STRIPE_SECRET_KEY in the environment is not the sandbox's." in log.read_text()
    assert "sk_live_51abcdef" not in log.read_text()
