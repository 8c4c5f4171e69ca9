"""The state file of another version of the sandbox is refused, and not changed."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from testing.sandbox import ROOT

OTHER_VERSION = """
CREATE TABLE payment_intent (id TEXT PRIMARY KEY, body TEXT NOT NULL);
INSERT INTO payment_intent VALUES ('pi_old', '{}');
"""


@pytest.mark.slow
def test_state_file_of_another_version_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"
    connection = sqlite3.connect(state)
    connection.executescript(OTHER_VERSION)
    command = [sys.executable, "-m", "sandbox", f"--state={state}", "--port=0", "--secret-key=sk_a"]
    refused = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr == (
        f"sandbox: {state} was written by another version of the sandbox. Delete it, or choose "
        "another --state.\n"
    )
    assert connection.execute("SELECT id FROM payment_intent").fetchall() == [("pi_old",)]
    connection.close()
