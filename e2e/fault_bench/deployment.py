"""The deployment under test: database, web server, worker, seller, mail server and sandbox."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from e2e.fault_bench.ledger import SiteLedger, site_ledger_from_json
from e2e.fault_bench.mail_server import AcceptedMail, running_mail_server
from e2e.fault_bench.schedule import BANKS, bank_slug
from testing.learners import signed_in_learners
from testing.passed_socket import with_socket
from testing.postgresql import running_postgresql
from testing.sandbox import RunningSandbox, running_sandbox
from testing.site import Site, kill_group, new_site

SHELL_SECONDS = 120
WEB_PROCESSES = {"sqlite": 1, "postgresql": 2}
# Stripe delivers several events at once.
SANDBOX_ARGUMENTS = ("--webhook-threads=4", "--settle-seconds=3600")
CREATE_BANKS = f"""
from catalog.models import Category, TestBank
category = Category.objects.create(slug="bench", title="Bench")
for number, slug in enumerate({[bank_slug(number) for number in range(BANKS)]}):
    TestBank.objects.create(slug=slug, title=slug, category=category, status="published",
                            price_minor=999 + 1000 * number)
"""
PRINT_LEDGER = """
from e2e.fault_bench.site_ledger import print_site_ledger
print_site_ledger()
"""
RUN_SELLER = """
from pathlib import Path
from e2e.fault_bench.seller import run_seller
run_seller(Path({folder!r}))
"""


class Process:
    """A process of the site that can be killed and restarted. Thread-safe."""

    def __init__(self, site: Site, *arguments: str, pass_fds: Sequence[int] = ()) -> None:
        self._site, self._arguments, self._pass_fds = site, arguments, pass_fds
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it without waiting until it responds."""
        with self._lock:
            running = self._site.running(*self._arguments, pass_fds=self._pass_fds)
            self.process = self._stack.enter_context(running)

    def kill(self) -> None:
        """Send SIGKILL to it and all its children."""
        with self._lock:
            if self.process:
                kill_group(self.process)
            self._stack.close()

    def stop(self) -> None:
        """Send SIGTERM, and wait until it ends."""
        with self._lock:
            self._stack.close()


@dataclass
class Deployment:
    """The site and everything it depends on. `sessions` has a session key per learner."""

    site: Site
    sandbox: RunningSandbox
    mail: AcceptedMail
    sessions: list[str]
    listener: socket.socket
    web_processes: int
    web_servers: list[Process] = field(init=False)
    worker: Process = field(init=False)
    seller: Process = field(init=False)
    seller_tasks: Path = field(init=False)

    def __post_init__(self) -> None:
        command = with_socket(self.listener, "manage.py", "serve")
        self.web_servers = [
            Process(self.site, *command, pass_fds=[self.listener.fileno()])
            for _process in range(self.web_processes)
        ]
        self.worker = Process(self.site, "manage.py", "work")
        self.seller_tasks = self.site.folder / "seller-tasks"
        self.seller_tasks.mkdir()
        run_seller = RUN_SELLER.format(folder=str(self.seller_tasks))
        self.seller = Process(self.site, "manage.py", "shell", "--no-imports", "-c", run_seller)

    def start(self) -> None:
        """Start web servers, worker and seller, and wait until the site responds."""
        for process in (*self.web_servers, self.worker, self.seller):
            process.start()
        assert self.web_servers[0].process is not None
        self.site.wait_until_it_answers(self.web_servers[0].process)

    def stop(self) -> None:
        """Stop all of them."""
        for process in (*self.web_servers, self.worker, self.seller):
            process.stop()

    def ledger(self) -> SiteLedger:
        """Read the site's ledger."""
        return site_ledger_from_json(run_in_shell(self.site, PRINT_LEDGER))


@contextmanager
def running_deployment(folder: Path, database: str, *, learners: int) -> Iterator[Deployment]:
    """A new deployment in that folder, on `postgresql` or `sqlite`, started."""
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'site.sqlite3'}"
        if database == "postgresql":
            url = stack.enter_context(running_postgresql())
        mail, mail_port = stack.enter_context(running_mail_server())
        # Stays open while web servers are killed, as the socket of a systemd unit does.
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        port = listener.getsockname()[1]
        sandbox = stack.enter_context(
            running_sandbox(
                folder,
                tls=False,
                webhook_url=f"http://127.0.0.1:{port}/payments/webhook/",
                webhook_backoff_seconds=0.5,
                arguments=SANDBOX_ARGUMENTS,
            )
        )
        dotenv = dotenv_for(folder, sandbox, mail_port)
        site = new_site(folder, dotenv, {}, port=port, database_url=url)
        run_in_shell(site, CREATE_BANKS)
        sessions = signed_in_learners(site, learners)
        deployment = Deployment(site, sandbox, mail, sessions, listener, WEB_PROCESSES[database])
        deployment.start()
        stack.callback(deployment.stop)
        yield deployment


def dotenv_for(folder: Path, sandbox: RunningSandbox, mail_port: int) -> dict[str, str]:
    """Return the `.env` of a production site, with the sandbox as Stripe."""
    return {
        **sandbox.site_settings,
        "WORKER": "1",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mail_port),
        "EMAIL_USE_TLS": "0",
        "LOG_LEVEL": "ERROR",
        "RUN_DIR": str(folder / "run"),
    }


def run_in_shell(site: Site, script: str) -> str:
    """Run Python in `manage.py shell`, and return what it printed."""
    done = site.manage("shell", "--no-imports", stdin=script, within_seconds=SHELL_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for_deliveries(deployment: Deployment, *, seconds: float) -> int:
    """Wait until every event is delivered; return how many are still pending in the end."""
    ends_at = time.monotonic() + seconds
    control = deployment.sandbox.control
    while (pending := control.pending_deliveries()) and time.monotonic() < ends_at:
        time.sleep(0.3)
    return pending
