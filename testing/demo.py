"""The demo, started from a copy of the project as `make demo` starts it."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testing.site import ROOT, copy_migrated_database, free_port
from testing.waiting import wait_until


def copy_project(target: Path) -> None:
    """Every file that git knows or would take, as it is now: no settings, no data."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def prepare_once(folder: Path) -> None:
    """Copy the project, and let its demo start and end, so that copies of it start at once.

    Safe to call from several processes: the first prepares, the others wait.
    """
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            # Left by a test that could not finish it.
            shutil.rmtree(unfinished, ignore_errors=True)
            copy_project(unfinished)
            (unfinished / "var").mkdir()
            copy_migrated_database(unfinished / "var" / "demo.sqlite3")
            with ready_demo(unfinished):
                pass
            unfinished.rename(folder)


@contextmanager
def started_demo(
    folder: Path, port: int, module: str = "demo.launcher", **variables: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the demo of a copied project; end it with Ctrl-C. Its output is in `demo.log`."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PORT": str(port)}
    # A shell makes its background jobs ignore Ctrl-C, and so all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with (folder / "demo.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=folder,
            env=environment | variables,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)


def words(folder: Path) -> str:
    """Return the demo's output."""
    return (folder / "demo.log").read_text(encoding="utf-8")


@contextmanager
def ready_demo(
    folder: Path, module: str = "demo.launcher", *, says: str = "The demo is ready"
) -> Iterator[str]:
    """Yield the URL of a demo that is ready; assert that it ends cleanly with Ctrl-C."""
    # The sandbox listens on the port after the shop's.
    port = free_port(in_a_row=2)
    with started_demo(folder, port, module) as process:
        wait_until(lambda: process.poll() is not None or says in words(folder), seconds=240)
        assert process.poll() is None, words(folder)
        yield f"http://127.0.0.1:{port}"
    assert process.returncode == 0, words(folder)
