"""The whole site for a test: a folder of settings and data of its own, the commands of
`manage.py`, and the shipped web server on a free loopback port."""

import fcntl
import hashlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIGRATED = ROOT / "var" / "migrated"
READY_SECONDS = 60.0
# Not the generator that pytest-randomly seeds alike in every worker.
RANDOM = random.SystemRandom()
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port(*, in_a_row: int = 1) -> int:
    """Return a free port of 127.0.0.1, the first of `in_a_row` consecutive ones.

    Below the range from which the kernel gives ports to outgoing connections, so that no call
    takes it before the server listens; chosen at random, so that parallel runs do not meet.
    """
    while True:
        port = RANDOM.randrange(15_000, 32_000)
        with ExitStack() as probes, suppress(OSError):
            for number in range(port, port + in_a_row):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", number))
            return port


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass
class Site:
    """An installation. `dotenv` is its `.env`; `process` are its environment variables."""

    folder: Path
    port: int = field(default_factory=free_port)
    dotenv: dict[str, str] = field(default_factory=dict)
    process: dict[str, str] = field(default_factory=dict)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The site's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def env_file(self) -> Path:
        """The installation's `.env`."""
        return self.folder / ".env"

    def write_env(self, **changes: str | None) -> None:
        """Write `.env`; None removes a line."""
        for name, value in changes.items():
            if value is None:
                self.dotenv.pop(name, None)
            else:
                self.dotenv[name] = value
        lines = [f"{name}={value}\n" for name, value in self.dotenv.items()]
        self.env_file.write_text("".join(lines), encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """Return the environment of a process, without the machine's own variables."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "TESTBANK_ENV_FILE": str(self.env_file),
            "RUN_DIR": str(self.folder / "run"),
            "PYTHONUNBUFFERED": "1",
            **self.process,
        }

    def manage(
        self, *arguments: str, stdin: str = "", within_seconds: float = 200
    ) -> subprocess.CompletedProcess[str]:
        """Run `manage.py`, and return the completed process with its output."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=within_seconds,
            check=False,
        )

    @contextmanager
    def serving(self) -> Iterator["Site"]:
        """Run the web server; its log is `web.log`."""
        with self.running("manage.py", "serve") as process:
            self.wait_until_it_answers(process)
            yield self

    @contextmanager
    def working(self) -> Iterator["Site"]:
        """Run the worker."""
        with self.running("manage.py", "work"):
            yield self

    @contextmanager
    def running(
        self, *arguments: str, pass_fds: Sequence[int] = ()
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """A Python program of this installation in a process group of its own; ended with it."""
        environment = self.environment() | {"BIND": f"127.0.0.1:{self.port}"}
        with (self.folder / "web.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        self.processes.append(process)
        try:
            yield process
        finally:
            self.processes.remove(process)
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
            kill_group(process)

    def kill(self) -> None:
        """`kill -9` of everything that runs, at once."""
        for process in self.processes:
            kill_group(process)

    def log(self) -> str:
        """Return the web server's log."""
        return (self.folder / "web.log").read_text(encoding="utf-8")

    def wait_until_it_answers(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait for the web server's first page. Raises AssertionError where none comes."""
        ends_at = time.monotonic() + READY_SECONDS
        while time.monotonic() < ends_at:
            assert process.poll() is None, f"the site did not start: {self.log()}"
            with suppress(urllib.error.URLError, OSError):
                DIRECT.open(f"{self.url}/", timeout=5).close()
                return
            time.sleep(0.05)
        raise AssertionError(f"the site did not answer: {self.log()}")


def new_site(
    folder: Path,
    dotenv: Mapping[str, str],
    process: Mapping[str, str],
    *,
    port: int | None = None,
    database_url: str | None = None,
) -> Site:
    """An installation with a migrated database of its own, an SQLite in `folder` if not given."""
    site = Site(folder=folder, dotenv=dict(dotenv), process=dict(process), port=port or free_port())
    file = folder / "site.sqlite3"
    site.write_env(
        DATABASE_URL=database_url or f"sqlite:///{file}",
        SECRET_KEY="only-for-tests",
        SITE_URL=site.url,
    )
    if database_url:
        migrate(site)
    else:
        copy_migrated_database(file)
    return site


def migrate(site: Site) -> None:
    """Bring the site's database up to date."""
    migrated = site.manage("migrate", "--verbosity=0")
    assert migrated.returncode == 0, migrated.stderr


def copy_migrated_database(target: Path) -> None:
    """Write a migrated SQLite file. Migrating takes ten seconds, so one file serves all runs.

    It is made again when a migration or a requirement changes. Safe to call from several
    processes: the first migrates, the others wait.
    """
    MIGRATED.mkdir(parents=True, exist_ok=True)
    with (MIGRATED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = MIGRATED / f"{fingerprint_of_migrations()}.sqlite3"
        if not file.exists():
            for outdated in MIGRATED.glob("*.sqlite3"):
                outdated.unlink()
            make_migrated_database(file)
        shutil.copy(file, target)


def fingerprint_of_migrations() -> str:
    """Return a hash of what decides how a migrated database looks."""
    digest = hashlib.sha256(sys.version.encode())
    for path in [*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "requirements/base.txt"]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def make_migrated_database(file: Path) -> None:
    """Migrate a new SQLite file. It appears at its place only when it is complete."""
    with tempfile.TemporaryDirectory(prefix="testbank-migrated-") as name:
        site = Site(folder=Path(name))
        site.write_env(
            DATABASE_URL=f"sqlite:///{site.folder / 'site.sqlite3'}",
            STRIPE_SECRET_KEY="sk_test_51NobodyIsCalled",
            STRIPE_PUBLIC_KEY="pk_test_51NobodyIsCalled",
        )
        migrate(site)
        unfinished = file.with_suffix(".unfinished")
        shutil.copy(site.folder / "site.sqlite3", unfinished)
        unfinished.rename(file)


CODE = re.compile(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", re.MULTILINE)


def code_in(mail: str) -> str:
    """Return the verification code in a mail, which is on its own line."""
    found = CODE.search(mail)
    assert found, mail
    return found.group(1)
