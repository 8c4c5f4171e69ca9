"""Pasted lines from outdated guides are reported instead of raising."""

import subprocess
import sys
from pathlib import Path

import pytest

from testbank.pasted_lines import pasted_in_code, pasted_in_env
from testing.demo import copy_project

pytestmark = pytest.mark.slow

CLIENT = "stripe.default_http_client = stripe.http_client.RequestsClient(proxy=None)"
DIRECT = "Remove the line, and add STRIPE_PROXY=direct to .env"
OURS = "Use from payments.stripe_integration import"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "shop").mkdir()
    return tmp_path


def found_in(site, source, name="shop/views.py"):
    (site / name).write_text(source)
    return [(each.place, each.line, each.instead) for each in pasted_in_code(site)]


@pytest.mark.parametrize(
    ("source", "line", "instead"),
    [
        (f"import stripe\n\n{CLIENT}\n", 3, DIRECT),
        ("import stripe as s\ns.http_client.RequestsClient()\n", 2, DIRECT),
        ("import stripe\ndef pay():\n    return stripe.http_client.new_default_http_client()\n", 3, DIRECT),
        ("from stripe import http_client\n", 1, DIRECT),
        ("import stripe.http_client\n", 1, DIRECT),
        ("from stripe.http_client import RequestsClient\n", 1, DIRECT),
        ("import stripe\nstripe.http_client.RequestsClient(proxy='http://u:p@ss@p.example:1')\n", 2,
         "add STRIPE_PROXY=http://u:***@p.example:1 to .env"),
        ("from stripe.error import APIConnectionError, StripeError\n", 1,
         f"{OURS} APIConnectionError, StripeError"),
        ("from stripe.error import CardError as E, APIError\n", 1,
         f"{OURS} APIError and from stripe import CardError"),
        ("import stripe.error\n", 1, f"{OURS} APIConnectionError"),
        ("try:\n    pass\nexcept ValueError:\n    from stripe.error import APIError\n", 4, OURS),
    ],
)  # fmt: skip
def test_pasted_line_is_reported_with_replacement(site, source, line, instead):
    ((place, number, said),) = found_in(site, source)
    assert (place, number) == ("shop/views.py", line)
    assert instead in said


@pytest.mark.parametrize(
    "source",
    [
        "import stripe\nexcept_ = stripe.error.APIConnectionError\n",
        "import stripe\nclient = stripe.StripeClient('k', http_client=None)\n",
        "try:\n    from stripe.error import APIError\nexcept ImportError:\n    from stripe import APIError\n",
        "text = 'stripe.http_client'  # stripe.http_client\n",
        "stripe.http_client is this: no Python\n",
        "import other\nother.http_client  # of stripe\n",
    ],
)
def test_working_code_is_not_reported(site, source):
    assert found_in(site, source) == []


def test_other_folders_are_skipped(site):
    for folder in ("env", ".venv", "var", "tests"):
        (site / folder).mkdir()
        (site / folder / "x.py").write_text("import stripe.error\n")
    (site / "env" / "pyvenv.cfg").touch()
    assert pasted_in_code(site) == []


@pytest.mark.parametrize(
    "line",
    [CLIENT, "import stripe", "from stripe.error import StripeError", "  stripe.proxy = None"],
)
def test_python_in_env_file_is_reported(site, line):
    (site / ".env").write_text(f"DEBUG=0\n{line}\n")
    ((place, number, said),) = [
        (each.place, each.line, each.instead) for each in pasted_in_env(site / ".env")
    ]
    assert (place, number, said.endswith("add this line: STRIPE_PROXY=direct")) == (".env", 2, True)


def test_env_file_without_python_is_not_reported(site):
    (site / ".env").write_text("STRIPE_PROXY=direct\n# import stripe\nNO_PROXY=stripe.com\n")
    assert pasted_in_env(site / ".env") == []
    assert pasted_in_env(site / "none") == []


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the site's files to paste lines into."""
    folder = tmp_path_factory.mktemp("copy")
    copy_project(folder)
    return folder


COMMANDS = {
    "check": ["manage.py", "check"],
    "doctor": ["manage.py", "doctor", "--offline"],
    "runserver": ["manage.py", "runserver", "--noreload", "0"],
    "the server": ["-c", "import testbank.wsgi"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "name",
    [
        "testbank/settings.py",
        "payments/stripe_integration.py",
        "payments/models.py",
        "catalog/urls.py",
    ],
)
def test_every_command_reports_pasted_line(copy, command, name):
    path = copy / name
    before = path.read_text()
    line = before.count("\n") + 2
    path.write_text(f"{before}import stripe\n{CLIENT}\n")
    try:
        ended = subprocess.run(
            [sys.executable, *COMMANDS[command]],
            cwd=copy,
            env={"PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(Path.home())},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        path.write_text(before)
    assert ended.returncode == (3 if command == "the server" else 2)
    assert (
        f"{name}, line {line}: stripe.http_client was removed in stripe-python 13" in ended.stderr
    )
    assert DIRECT in ended.stderr
    assert "Traceback" not in ended.stderr
