"""The first hour of a contributor: installing from behind a proxy."""

import subprocess
import sys
from pathlib import Path

import pytest

from testing.site import ROOT, free_port

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
        timeout=60,
        check=False,
    )


def test_dead_proxy_is_named_with_what_to_do(requirements: Path) -> None:
    proxy = f"http://anna:secret@127.0.0.1:{free_port()}"
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
    done = install(requirements, PIP_INDEX_URL=f"http://127.0.0.1:{free_port()}/simple")
    assert "If you are behind a proxy:" in done.stderr


def test_another_fault_is_told_in_the_words_of_pip(requirements: Path) -> None:
    requirements.write_text("not a requirement\n")
    assert "Invalid requirement: 'not a requirement'" in install(requirements).stderr
