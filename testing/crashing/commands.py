"""Run `manage.py` commands in forked processes, without loading Django each time.

`python -m testing.crashing.commands` reads a JSON line for each command, and writes one with the
process id and one with the result. `CommandRunner` is its client.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from testing.site import ROOT, Site


@dataclass(frozen=True, slots=True)
class Ended:
    """A command's output and exit code; the code is negative if a signal killed it."""

    code: int
    output: str


class CommandRunner:
    """Runs commands, one at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.worker_pid: int | None = None

    def manage(self, *arguments: str) -> Ended:
        """Run `manage.py` with these arguments; `worker_pid` is its process id while it runs."""
        return self._ask({"arguments": arguments})

    def run(self, code: str) -> str:
        """Run Python code with the site's settings; return its output, or raise AssertionError."""
        ended = self._ask({"code": code})
        assert ended.code == 0, ended.output
        return ended.output

    def _ask(self, asked: dict[str, Any]) -> Ended:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        self.worker_pid = self._answer()["pid"]
        try:
            return Ended(**self._answer())
        finally:
            self.worker_pid = None

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the command runner has ended; see commands.log"
        return json.loads(line)


@contextmanager
def running_commands(site: Site) -> Iterator[CommandRunner]:
    """Start a command runner with the site's settings."""
    with (site.folder / "commands.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "testing.crashing.commands"],
            cwd=ROOT,
            env=site.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    with process:
        try:
            yield CommandRunner(process)
        finally:
            process.terminate()


def _main() -> None:
    import django  # noqa: PLC0415 - settings are read here, and in this program only

    django.setup()
    for line in sys.stdin:
        with tempfile.TemporaryFile("w+") as output:
            pid = os.fork()
            if not pid:
                _work(json.loads(line), output.fileno())
            _say({"pid": pid})
            _pid, status = os.waitpid(pid, 0)
            output.seek(0)
            _say({"code": os.waitstatus_to_exitcode(status), "output": output.read()})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _work(asked: dict[str, Any], output: int) -> None:
    """Run the request in this forked process, and exit."""
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - as above

    os.dup2(output, 1)
    os.dup2(output, 2)
    code: Any = 0
    try:
        if "code" in asked:
            exec(asked["code"], {"__name__": "asked"})  # noqa: S102 - the test's own words
        else:
            execute_from_command_line(["manage.py", *asked["arguments"]])
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - the edge of a process: its words go to who asked
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _main()
