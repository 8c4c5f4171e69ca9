"""The shop under test with all that belongs to it: database, web server, worker, mail, Stripe."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from e2e.fault_bench.books import ShopBooks, read_books
from e2e.fault_bench.mails import Post, running_mail_server
from testing.passed_socket import with_socket
from testing.postgresql import running_postgresql
from testing.sandbox import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET, RunningSandbox, running_sandbox
from testing.site import ROOT, Site, kill_group, new_site

MODULE_SECONDS = 120
WEB_PROCESSES = {"sqlite": 1, "postgresql": 2}
# What `manage.py` says of itself, and the modules of the bench do not.
MODULE = {"DJANGO_SETTINGS_MODULE": "testbank.settings"}
# Several events are told at once, as Stripe does.
SANDBOX = ("--webhook-threads=4", "--settle-seconds=3600")


class Program:
    """A program of the site that is killed and started again."""

    def __init__(self, site: Site, *arguments: str, pass_fds: Sequence[int] = ()) -> None:
        self._site, self._arguments, self._pass_fds = site, arguments, pass_fds
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; nobody waits until it answers."""
        with self._lock:
            running = self._site.running(*self._arguments, pass_fds=self._pass_fds)
            self.process = self._stack.enter_context(running)

    def kill(self) -> None:
        """`kill -9` of it and all that it started."""
        with self._lock:
            if self.process:
                kill_group(self.process)
            self._stack.close()

    def stop(self) -> None:
        """Ask it to end, and wait."""
        with self._lock:
            self._stack.close()


@dataclass
class Shop:
    """All the parts, at work."""

    site: Site
    sandbox: RunningSandbox
    post: Post
    sessions: list[str]
    listener: socket.socket
    web_processes: int
    webs: list[Program] = field(init=False)
    worker: Program = field(init=False)
    seller: Program = field(init=False)
    wishes: Path = field(init=False)

    def __post_init__(self) -> None:
        command = with_socket(self.listener, "manage.py", "serve")
        self.webs = [
            Program(self.site, *command, pass_fds=[self.listener.fileno()])
            for _process in range(self.web_processes)
        ]
        self.worker = Program(self.site, "manage.py", "work")
        self.wishes = self.site.folder / "wishes"
        self.wishes.mkdir()
        self.seller = Program(self.site, "-m", "e2e.fault_bench.seller", str(self.wishes))

    def open(self) -> None:
        """Start web servers, worker and seller, and wait until the site answers."""
        for program in (*self.webs, self.worker, self.seller):
            program.start()
        assert self.webs[0].process is not None
        self.site.wait_until_it_answers(self.webs[0].process)

    def close(self) -> None:
        """End all of them."""
        for program in (*self.webs, self.worker, self.seller):
            program.stop()

    def books(self) -> ShopBooks:
        """What the shop has written down."""
        return read_books(run_module(self.site, "e2e.fault_bench.books"))


@contextmanager
def open_shop(folder: Path, database: str, *, learners: int) -> Iterator[Shop]:
    """A new shop in that folder, on `postgresql` or `sqlite`, open for business."""
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'site.sqlite3'}"
        if database == "postgresql":
            url = stack.enter_context(running_postgresql())
        post, mail_port = stack.enter_context(running_mail_server())
        # Held open while web servers are killed, as systemd holds a socket unit's.
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        port = listener.getsockname()[1]
        sandbox = stack.enter_context(
            running_sandbox(
                folder,
                tls=False,
                webhook_url=f"http://127.0.0.1:{port}/payments/webhook/",
                webhook_backoff_seconds=0.5,
                arguments=SANDBOX,
            )
        )
        site = new_site(
            folder, dotenv_for(folder, sandbox, mail_port), MODULE, port=port, database_url=url
        )
        sessions = run_module(site, "e2e.fault_bench.people", str(learners)).split()
        shop = Shop(site, sandbox, post, sessions, listener, WEB_PROCESSES[database])
        shop.open()
        stack.callback(shop.close)
        yield shop


def dotenv_for(folder: Path, sandbox: RunningSandbox, mail_port: int) -> dict[str, str]:
    """A site that is set up as a real one, with the sandbox in Stripe's place."""
    return {
        "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": sandbox.url,
        "CHECKOUT_ORIGIN": sandbox.url,
        "WORKER": "1",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mail_port),
        "EMAIL_USE_TLS": "0",
        "LOG_LEVEL": "ERROR",
        "RUN_DIR": str(folder / "run"),
    }


def run_module(site: Site, module: str, *arguments: str) -> str:
    """Run a module of the bench inside of the site, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=MODULE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for_silence(shop: Shop, *, seconds: float) -> int:
    """Wait until every event has been told; how many are still to be, when time is up."""
    ends_at = time.monotonic() + seconds
    while (waiting := shop.sandbox.control.pending_deliveries()) and time.monotonic() < ends_at:
        time.sleep(0.3)
    return waiting
