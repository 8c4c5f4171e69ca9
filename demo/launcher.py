"""`make demo`: run the site, its worker and the Stripe sandbox on one machine.

The demo has its own settings (`.env.demo`), database and mail folder, so that it cannot touch a
real site. It starts the processes that it needs, and ends them when it ends.
"""

import contextlib
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from testbank.environment import read_env_file
from testbank.private_files import write_private

BASE = Path(__file__).resolve().parent.parent
ENV_FILE = BASE / ".env.demo"
DATABASE = BASE / "var" / "demo.sqlite3"
STARTS_WITHIN_SECONDS = 60
SANDBOX_KEY = "sk_sandbox_demo"
FOREIGN_NAMES = (
    *("DATABASE_URL", "SECRET_KEY", "DEBUG", "RUN_DIR"),
    *("SITE_", "EMAIL_", "STRIPE_", "STATIC_", "STAFF_"),
)


class DemoError(Exception):
    """The demo cannot start; the text says why and what to do."""


@dataclass(frozen=True)
class Ports:
    """The demo's ports on 127.0.0.1."""

    web: int
    sandbox: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Ports":
        """Read PORT, the site's port; the sandbox has the next one. Raises: DemoError."""
        text = environment.get("PORT", "8000")
        if not text.isdigit() or not 1024 <= int(text) <= 65534:
            raise DemoError(
                f"PORT is {text!r}. Use a number from 1024 to 65534, such as PORT=8100."
            )
        return cls(web=int(text), sandbox=int(text) + 1)


def say(line: str) -> None:
    """Print a line, and flush it for a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def refuse_real_keys(environment: Mapping[str, str]) -> None:
    """Refuse to start if a key that is valid at Stripe is set. Raises: DemoError."""
    for source, values in (
        ("the environment", environment),
        (".env.demo", read_env_file(ENV_FILE)),
    ):
        for name in ("STRIPE_SECRET_KEY", "STRIPE_PUBLIC_KEY"):
            key = values.get(name, "")
            if key and "_sandbox_" not in key:
                raise DemoError(
                    f"{name} in {source} is not a sandbox key. The demo uses only sandbox "
                    f"keys. Remove {name} from {source} and start again."
                )


def refuse_taken_ports(ports: Ports) -> None:
    """Refuse to start if a port is in use. Raises: DemoError, which names the port."""
    for port in (ports.web, ports.sandbox):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise DemoError(
                    f"Port {port} is in use. Choose another with `make demo PORT={ports.web + 100}` "
                    "(the demo also uses the next port)."
                ) from None


def write_settings(ports: Ports, **changes: str) -> None:
    """Rewrite `.env.demo`, keeping its secrets so that sessions stay valid."""
    former = read_env_file(ENV_FILE)
    sandbox = f"http://127.0.0.1:{ports.sandbox}"
    values = {
        "TESTBANK_DEMO": "1",
        "WORKER": "1",
        "REFUND_DAYS": "14",
        "SUPPORT_EMAIL": "support@example.org",
        "SECRET_KEY": former.get("SECRET_KEY") or secrets.token_hex(32),
        "DATABASE_URL": f"sqlite:///{DATABASE}",
        "SITE_URL": f"http://127.0.0.1:{ports.web}",
        "HASHED_STATIC": "1",
        "STATIC_ROOT": str(BASE / "var" / "demo-static"),
        "STRIPE_SECRET_KEY": SANDBOX_KEY,
        "STRIPE_PUBLIC_KEY": "pk_sandbox_demo",
        "STRIPE_WEBHOOK_SECRET": former.get("STRIPE_WEBHOOK_SECRET")
        or f"whsec_{secrets.token_hex(16)}",
        "STRIPE_API_BASE": sandbox,
        "CHECKOUT_ORIGIN": sandbox,
        **changes,
    }
    lines = "".join(f"{name}='{value}'\n" for name, value in values.items())
    write_private(ENV_FILE, f"# Written by `make demo` at each start.\n{lines}")


def own_environment() -> dict[str, str]:
    """Return this process's environment without the settings of another site."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_NAMES)}
    return own | {"TESTBANK_ENV_FILE": ENV_FILE.name, "PYTHONUNBUFFERED": "1"}


def prepare() -> None:
    """Migrate the database, collect static files and load content, in this process."""
    set_up_django()
    say("Pages: collecting styles and fonts")
    collect_static()
    load_content()


def set_up_django() -> None:
    """Set up Django with the settings in `.env.demo`."""
    os.environ.clear()
    os.environ.update(own_environment())
    os.environ["DJANGO_SETTINGS_MODULE"] = "testbank.settings"
    import django  # noqa: PLC0415 - reads the settings that were written just now

    django.setup()


def load_content() -> None:
    """Migrate the database, and load the demo's content."""
    from django.core.management import call_command  # noqa: PLC0415 - needs Django's settings

    say("Database: bringing it up to date")
    call_command("migrate", verbosity=0)
    say("Content: loading the demo's test banks and people")
    call_command("load_demo")


def collect_static() -> None:
    """Collect static files if one has changed, since compressing them takes seconds."""
    from django.core.management import call_command  # noqa: PLC0415 - needs Django's settings

    mark, now = BASE / "var" / "demo-static" / "collected", static_fingerprint()
    if not (mark.exists() and mark.read_text(encoding="utf-8") == now):
        call_command("collectstatic", interactive=False, verbosity=0)
        mark.write_text(now, encoding="utf-8")


def static_fingerprint() -> str:
    """Return a hash that changes if a static file is added, changed or removed."""
    from django.contrib.staticfiles.finders import get_finders  # noqa: PLC0415 - as above

    files = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(None):
            state = Path(storage.path(path)).stat()
            files.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return files.hexdigest()


def commands(ports: Ports) -> dict[str, list[str]]:
    """Return the commands of the sandbox, the web server and the worker."""
    settings = read_env_file(ENV_FILE)
    sandbox = [
        *(sys.executable, "-m", "sandbox", "--port", str(ports.sandbox)),
        *("--state", str(BASE / "var" / "demo-sandbox.sqlite3")),
        *("--secret-key", SANDBOX_KEY),
        *("--webhook-url", f"{settings['SITE_URL']}/payments/webhook/"),
        *("--webhook-secret", settings["STRIPE_WEBHOOK_SECRET"]),
    ]
    web = [sys.executable, "manage.py", "serve"]
    worker = [sys.executable, "manage.py", "work"]
    return {"sandbox": sandbox, "web": web, "worker": worker}


def start(command: list[str], **variables: str) -> subprocess.Popen[bytes]:
    """Start a program in its own session, so that Ctrl-C reaches this process only."""
    return subprocess.Popen(
        command,
        cwd=BASE,
        env=own_environment() | variables,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_until_answering(address: str, programs: list[subprocess.Popen[bytes]]) -> None:
    """Wait until the address responds. Raises: DemoError."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ends_at = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < ends_at:
        if any(program.poll() is not None for program in programs):
            raise DemoError("Part of the demo stopped during startup. See its output above.")
        with contextlib.suppress(urllib.error.URLError, OSError):
            opener.open(address, timeout=2).close()
            return
        time.sleep(0.05)
    raise DemoError(f"{address} did not respond within {STARTS_WITHIN_SECONDS} seconds.")


@contextlib.contextmanager
def ended_with_us(programs: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Terminate the programs on exit, also after an exception."""
    try:
        yield
    finally:
        for program in programs:
            program.terminate()
        for program in programs:
            try:
                program.wait(timeout=5)
            except subprocess.TimeoutExpired:
                program.kill()


def run() -> None:
    """Start the demo and wait for Ctrl-C. Raises: DemoError."""
    ports = Ports.from_environment(os.environ)
    refuse_real_keys(os.environ)
    refuse_taken_ports(ports)
    say("Settings: .env.demo, var/demo.sqlite3 (your real site is not affected)")
    write_settings(ports)
    prepare()
    say("Starting the site, its worker, and the Stripe sandbox")
    bind = f"127.0.0.1:{ports.web}"
    programs = [start(command, BIND=bind) for command in commands(ports).values()]
    with ended_with_us(programs):
        address = f"http://{bind}/"
        wait_until_answering(address, programs)
        say("")
        say(f"The demo is ready: {address}")
        say_sign_ins(address)
        say("Press Ctrl-C to stop. Your changes are saved for next time.")
        while all(program.poll() is None for program in programs):
            time.sleep(0.3)
        raise DemoError("Part of the demo stopped. See its output above.")


def say_sign_ins(address: str) -> None:
    """Print the accounts, the mail page and the test card."""
    from demo.people import (  # noqa: PLC0415 - needs Django's settings
        LEARNER,
        NEWCOMER,
        PASSWORD,
        SELLER,
    )

    say(f"  learner      {LEARNER}  password {PASSWORD}")
    say(f"  new learner  {NEWCOMER}  password {PASSWORD}")
    say(f"  seller       {SELLER}  password {PASSWORD}")
    say(f"  emails       {address}demo/mails/")
    say(
        "  card         4242 4242 4242 4242, any future date and any code (sandbox: no real charges)"
    )


def exit_code_of(run: Callable[[], None], name: str) -> int:
    """Run until Ctrl-C, and return the exit code: 0, or 2 for a DemoError."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        run()
    except KeyboardInterrupt:
        say(f"\n{name} has stopped.")
        return 0
    except DemoError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(run, "The demo"))
