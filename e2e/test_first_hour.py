"""The first hour of a contributor: `make dev`, and installing from behind a proxy."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from testing.demo import ready_demo
from testing.every_page import SELLER, sign_in
from testing.proxies import refusing_port
from testing.site import ROOT
from testing.visitor import Visitor
from testing.waiting import wait_until

NOT_INSTALLED = f"surely-not-installed==1.0 --hash=sha256:{'0' * 64}\n"


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(NOT_INSTALLED)
    return path


def install(requirements: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """As the Makefile calls it, with nothing of this machine's pip settings."""
    return subprocess.run(
        [sys.executable, "tools/install_requirements.py", str(requirements), "make demo"],
        cwd=ROOT,
        env={"PIP_CONFIG_FILE": "/dev/null", "PIP_RETRIES": "1", **variables},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_dead_proxy_is_named_with_what_to_do(requirements: Path) -> None:
    with refusing_port() as port:
        proxy = f"http://anna:secret@127.0.0.1:{port}"
        done = install(requirements, HTTPS_PROXY=proxy)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"""
pip cannot reach its package index (Connection refused).
These variables of your shell send it through a proxy:
  HTTPS_PROXY={proxy.replace("anna:secret", "***")}
What to do:
  If the proxy's address is wrong:        correct it, and run make demo again
  If this machine may connect directly:   env -u HTTPS_PROXY make demo
  If your organization runs an index:     PIP_INDEX_URL=https://... make demo
Nothing else has been changed. What is already installed stays.
"""
    )


def test_unreachable_index_without_a_proxy_asks_for_one(requirements: Path) -> None:
    with refusing_port() as port:
        done = install(requirements, PIP_INDEX_URL=f"http://127.0.0.1:{port}/simple")
    assert "If you are behind a proxy:" in done.stderr


def test_another_fault_is_told_in_the_words_of_pip(requirements: Path) -> None:
    requirements.write_text("not a requirement\n")
    assert "Invalid requirement: 'not a requirement'" in install(requirements).stderr


@pytest.mark.proof
@pytest.mark.browser
def test_dev_shows_a_changed_template_and_lets_the_seller_in(page: Page, clone: Path) -> None:
    with ready_demo(clone, "demo.dev", says="Ready, with DEBUG") as address:
        visitor = Visitor(page=page, base_url=address)
        sign_in(visitor, SELLER, next_path="/admin/")
        expect(page).to_have_url(f"{address}/admin/")
        template = clone / "catalog/templates/catalog/home.html"
        template.write_text("Changed just now.")
        wait_until(lambda: page.goto(address) and "Changed just now." in page.content())
        page.goto(f"{address}/nothing/")
        visitor.expect_text("DEBUG = True")


@pytest.mark.parametrize(
    "changed",
    [
        {"DEBUG": "0"},
        {"SITE_URL": "https://shop.example"},
        {"STRIPE_SECRET_KEY": "sk_test_51abcabcabcabc", "STRIPE_PUBLIC_KEY": "pk_test_51abcabcabc"},
    ],
)
def test_site_does_not_start_without_a_second_factor(changed: dict[str, str]) -> None:
    assert start_without_second_factor(**changed) == (
        "STAFF_SECOND_FACTOR may be 0 only with DEBUG=1, a SITE_URL on this machine "
        "(http://127.0.0.1:8000), and sandbox keys. Remove STAFF_SECOND_FACTOR=0."
    )


@pytest.mark.proof
def test_runserver_without_a_second_factor_serves_this_machine_only() -> None:
    assert start_without_second_factor("runserver", "0.0.0.0:0").endswith(
        "Serve on 127.0.0.1, or remove STAFF_SECOND_FACTOR=0."
    )


def start_without_second_factor(*command: str, **changed: str) -> str:
    """The last line that a command says."""
    variables = {"TESTBANK_ENV_FILE": "testing/test.env", "DEBUG": "1", "STAFF_SECOND_FACTOR": "0"}
    done = subprocess.run(
        [sys.executable, "manage.py", *(command or ("check",))],
        cwd=ROOT,
        env=variables | changed,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return done.stderr.strip().splitlines()[-1]
