"""The running processes of this installation, and the route by which each calls Stripe.

Each process writes a file into RUN_DIR when it starts, and holds a lock on it while it runs: a
file without a lock belongs to a process that ended. The doctor compares the files with its own
environment, since a server keeps the variables that it was started with.
"""

import fcntl
import hashlib
import hmac
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.checks import run_checks

from outbound.redaction import scrub
from outbound.route import ProxyEnvironment, Route, RouteError, decide
from testbank.private_files import make_private_folder, private_opener

logger = logging.getLogger("operations.processes")

WEB, WORKER = "web server", "worker"


@dataclass(frozen=True, slots=True)
class StripeRoute:
    """How a process calls Stripe, masked. `fingerprint` is a keyed hash of it, with secrets."""

    route: str
    key: str
    ca_bundle: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A running process. `host` is the name of the machine or container.

    `bind` is the address of a web server, unless it was passed a socket.
    """

    kind: str
    pid: int
    host: str
    started_at: datetime
    stripe_route: StripeRoute
    bind: str


_lock_files: list[IO[str]] = []


def current_stripe_route() -> StripeRoute:
    """Return the route of a call from this process with its current environment."""
    try:
        route = _route()
    except RouteError as error:
        return _stripe_route(f"none: {error}", str(error))
    return _stripe_route(route.describe(), _route_with_credentials(route))


def _route() -> Route:
    return decide(
        settings.STRIPE_API_BASE,
        setting=settings.STRIPE_PROXY,
        environment=ProxyEnvironment.of_process(settings.OUTBOUND_DOTENV),
    )


def _route_with_credentials(route: Route) -> str:
    proxy = route.proxy
    credentials = (proxy.username, proxy.password) if proxy else ()
    return repr((route.describe(), credentials))


def _stripe_route(described: str, whole: str) -> StripeRoute:
    decides = repr(
        (
            whole,
            settings.STRIPE_SECRET_KEY,
            str(settings.STRIPE_CA_BUNDLE),
            [str(each) for each in settings.STRIPE_RESOLVE],
            settings.STRIPE_PROXY_FALLBACK,
        )
    )
    # Keyed with SECRET_KEY, so that nobody can guess passwords from the file.
    digest = hmac.digest(settings.SECRET_KEY.encode(), decides.encode(), hashlib.sha256)
    return StripeRoute(
        route=scrub(described),
        key=scrub(settings.STRIPE_SECRET_KEY),
        ca_bundle=str(settings.STRIPE_CA_BUNDLE or ""),
        fingerprint=digest.hex()[:16],
    )


def register_process(kind: str, *, at: datetime) -> None:
    """Write this process's file into RUN_DIR; its lock lasts until the process and forks end.

    If RUN_DIR cannot be written, log a warning and register nothing.
    """
    bind = settings.BIND if kind == WEB else ""
    process = RunningProcess(
        kind, os.getpid(), socket.gethostname(), at, current_stripe_route(), bind
    )
    content = asdict(process) | {"started_at": at.isoformat()}
    try:
        folder = _folder()
        make_private_folder(folder)
        draft = folder / f"{kind.replace(' ', '-')}-{process.host}-{process.pid}.draft"
        # Stays open: the lock shows that the process runs.
        file = open(draft, "w", encoding="utf-8", opener=private_opener)  # noqa: SIM115 - Path.open takes no opener
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        json.dump(content, file)
        file.flush()
        draft.replace(draft.with_suffix(".json"))
    except OSError as error:
        logger.warning("RUN_DIR cannot be written: %s", type(error).__name__)
        return
    _lock_files.append(file)


def running_processes() -> list[RunningProcess]:
    """List the running processes, oldest first. Removes the files of processes that ended."""
    found = [process for path in _process_files() if (process := _running_process(path))]
    return sorted(found, key=lambda process: process.started_at)


def _process_files() -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(_folder().glob("*.json"))


def _running_process(path: Path) -> RunningProcess | None:
    with suppress(OSError, ValueError, KeyError, TypeError), path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(json.load(file))
        path.unlink()
    return None


def _read(content: dict[str, Any]) -> RunningProcess:
    started_at = datetime.fromisoformat(content["started_at"])
    return RunningProcess(
        kind=str(content["kind"]),
        pid=int(content["pid"]),
        host=str(content["host"]),
        started_at=started_at,
        stripe_route=StripeRoute(
            **{name: str(text) for name, text in content["stripe_route"].items()}
        ),
        bind=str(content["bind"]),
    )


def _folder() -> Path:
    run_dir: Any = settings.RUN_DIR
    return Path(run_dir) / "processes"


def log_stripe_route() -> None:
    """Log the route to Stripe, and the findings of the payment checks.

    `runserver` runs Django's checks by itself; a production server does not.
    """
    logger.info("Stripe: %s", describe_stripe_route())
    for message in run_checks(tags=["payments"]):
        level = logging.ERROR if message.is_serious() else logging.WARNING
        logger.log(level, "%s %s", message.msg, message.hint or "")


def describe_stripe_route() -> str:
    """Return one masked line: the mode and the route, or why there is none."""
    try:
        route = _route()
    except RouteError as error:
        return f"cannot be reached. {error} Run `manage.py doctor` for details."
    around = ""
    if settings.STRIPE_PROXY_FALLBACK == "direct" and not route.is_direct:
        around = "; if that proxy fails, directly (STRIPE_PROXY_FALLBACK=direct)"
    return f"{settings.STRIPE_MODE} mode, {route.describe()}{around}"
