"""The original report's three lines are a complete `.env`, for `runserver` and for `shell`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testing.demo import copy_project
from testing.site import DIRECT, Site, free_port, kill_group
from testing.waiting import wait_until

THREE_LINES = """\
STRIPE_PUBLIC_KEY=pk_test_51ThreeLinesThreeLines
STRIPE_SECRET_KEY=sk_test_51ThreeLinesThreeLines
NO_PROXY=api.stripe.com,*.stripe.com
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the project whose `.env` has only the three lines."""
    copy_project(tmp_path)
    (tmp_path / ".env").write_text(THREE_LINES)
    return tmp_path


def manage(folder: Path, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder)},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.proof
def test_runserver_and_shell_need_only_three_lines(folder: Path) -> None:
    assert manage(folder, "migrate", "--verbosity=0").returncode == 0
    printed = manage(folder, "shell", stdin="from catalog.models import TestBank\nprint('so', 1)\n")
    assert "so 1" in printed.stdout
    port = free_port()
    log = folder / "runserver.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
            cwd=folder,
            env={
                "PATH": os.defpath,
                "HOME": str(folder),
                "PYTHONUNBUFFERED": "1",
                "HTTPS_PROXY": "http://user:hidden@127.0.0.1:9",
            },
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "Stripe: " in log.read_text() or server.poll() is not None, seconds=30)
        assert "Stripe: test mode, api.stripe.com:443 directly" in log.read_text()
        assert "hidden" not in log.read_text()
        # Stripe sends no webhooks to this machine.
        assert "payments.W001" not in log.read_text()
        with DIRECT.open(f"http://127.0.0.1:{port}/", timeout=10) as page:
            style = re.search(r'href="(/static/css/[^"]+)"', page.read().decode())
        assert style
        with DIRECT.open(f"http://127.0.0.1:{port}{style.group(1)}", timeout=10) as css:
            assert css.headers["Content-Type"].startswith("text/css")
    finally:
        kill_group(server)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("STRIPE_SECRET_KEY=sk_test_...", "STRIPE_SECRET_KEY is still a placeholder"),
        pytest.param("STRIPE_SECRET_KEY=", "STRIPE_SECRET_KEY is not set", marks=pytest.mark.proof),
        pytest.param(
            "STRIPE_PUBLIC_KEY=pk_live_51Other",
            "STRIPE_PUBLIC_KEY is a live key, but",
            marks=pytest.mark.proof,
        ),
        ("STRIPE_PROXY=http://user:p@ss@proxy:3128", "STRIPE_PROXY is not a valid proxy address"),
        pytest.param(
            "STRIPE_DEADLINE=soon",
            "STRIPE_DEADLINE is 'soon'. Enter a number",
            marks=pytest.mark.proof,
        ),
        pytest.param(
            "STRIPE_CA_BUNDLE=/nowhere.pem",
            "STRIPE_CA_BUNDLE names /nowhere.pem",
            marks=pytest.mark.proof,
        ),
        pytest.param(
            "STRIPE_RESOLVE=api.stripe.com",
            "STRIPE_RESOLVE is not valid",
            marks=pytest.mark.proof,
        ),
        pytest.param(
            "DEBUG=perhaps",
            "DEBUG is 'perhaps'. Use DEBUG=1 or DEBUG=0.",
            marks=pytest.mark.proof,
        ),
    ],
)
def test_invalid_setting_stops_the_start_with_a_sentence(
    tmp_path: Path, line: str, sentence: str
) -> None:
    site = Site(folder=tmp_path)
    site.env_file.write_text(f"{THREE_LINES}{line}\n")
    started = site.manage("check")
    assert started.returncode == 2
    assert started.stderr.startswith(f"The site cannot start.\n{sentence}")
    assert "Traceback" not in started.stderr
    assert "p@ss" not in started.stderr


def test_invalid_setting_stops_the_web_server(tmp_path: Path) -> None:
    site = Site(folder=tmp_path)
    site.env_file.write_text("STRIPE_SECRET_KEY=sk_test_...\n")
    with site.running("manage.py", "serve") as server:
        assert server.wait(timeout=120) == 2
    assert "STRIPE_SECRET_KEY is still a placeholder" in site.log()
