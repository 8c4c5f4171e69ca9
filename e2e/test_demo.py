"""The demo, started as a stranger starts it, and a purchase from sign-up to result."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.journey import Visitor
from testing.site import DIRECT, ROOT, free_port
from testing.waiting import wait_until

GIT = json.loads((ROOT / "catalog/demo_banks/git-in-practice.json").read_text(encoding="utf-8"))
KEYS = [
    next(place for place, (_text, is_right, _why) in enumerate(question["choices"]) if is_right)
    for question in GIT["questions"]
]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as git would clone it: no settings, no data of this one."""
    target = tmp_path_factory.mktemp("clone")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@contextmanager
def started_demo(clone: Path, port: int, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`make demo` without the installing; ended with Ctrl-C. Its words stand in `demo.log`."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(clone), "PORT": str(port)}
    with (clone / "demo.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "testbank.demo"],
            cwd=clone,
            env=environment | variables,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def words(clone: Path) -> str:
    return (clone / "demo.log").read_text(encoding="utf-8")


@contextmanager
def ready_demo(clone: Path) -> Iterator[str]:
    """The address of a demo that says that it is ready; Ctrl-C must end all of it."""
    port = free_port()
    with started_demo(clone, port) as process:
        wait_until(
            lambda: process.poll() is not None or "The demo is ready" in words(clone), seconds=60
        )
        assert process.poll() is None, words(clone)
        yield f"http://127.0.0.1:{port}"
    assert process.returncode == 0, words(clone)
    assert "The demo has ended." in words(clone)
    for part in (port, port + 1):
        with pytest.raises(OSError, match="refused"):
            DIRECT.open(f"http://127.0.0.1:{part}/", timeout=2)


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
    assert GIT["questions"][0]["explanation"][:20] not in page.content()
    visitor.answers(KEYS)
    visitor.sees("Your result")
    visitor.sees("10 of 10 points")


def test_a_second_start_keeps_the_data(clone: Path) -> None:
    for _start in range(2):
        with ready_demo(clone) as address, DIRECT.open(address, timeout=5) as answer:
            assert b"Git in practice" in answer.read()
    assert "  Git in practice: 10 questions" not in words(clone)


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
            assert process.wait(timeout=20) == 2
    assert f"Port {port} is taken. Choose another with `make demo PORT=" in words(clone)


def test_the_demo_refuses_beside_a_real_key(clone: Path) -> None:
    with started_demo(clone, free_port(), STRIPE_SECRET_KEY="sk_live_51abcdef") as process:
        assert process.wait(timeout=20) == 2
    assert "STRIPE_SECRET_KEY in the environment is not the sandbox's." in words(clone)
    assert "sk_live_51abcdef" not in words(clone)
