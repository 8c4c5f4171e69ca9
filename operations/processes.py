"""What runs of this installation, and by which way each process reaches Stripe.

A process leaves a note when it starts and holds a lock on it while it lives, so that a note
whose lock is free is one of the dead. The doctor compares the notes with its own shell: a
server that was started with other variables than those one looks at is a riddle otherwise.
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

logger = logging.getLogger("operations.processes")

WEB, WORKER = "web server", "worker"


@dataclass(frozen=True, slots=True)
class Way:
    """How Stripe is reached, masked. `fingerprint` is of all that decides it, secrets too."""

    route: str
    key: str
    ca_bundle: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process at work. `host` is the machine's or the container's name.

    `bind` is where a web server listens, unless it was passed a socket.
    """

    kind: str
    pid: int
    host: str
    started_at: datetime
    way: Way
    bind: str


_held: list[IO[str]] = []


def own_way() -> Way:
    """The way of a call from this process as it is now."""
    try:
        route = _route()
    except RouteError as error:
        return _way(f"none: {error}", str(error))
    return _way(route.describe(), _whole(route))


def _route() -> Route:
    return decide(
        settings.STRIPE_API_BASE,
        setting=settings.STRIPE_PROXY,
        environment=ProxyEnvironment.of_process(settings.OUTBOUND_DOTENV),
    )


def _whole(route: Route) -> str:
    proxy = route.proxy
    credentials = (proxy.username, proxy.password) if proxy else ()
    return repr((route.describe(), credentials))


def _way(described: str, whole: str) -> Way:
    decides = repr(
        (
            whole,
            settings.STRIPE_SECRET_KEY,
            str(settings.STRIPE_CA_BUNDLE),
            [str(each) for each in settings.STRIPE_RESOLVE],
            settings.STRIPE_PROXY_FALLBACK,
        )
    )
    # Keyed, so that nobody can try passwords on the note.
    digest = hmac.digest(settings.SECRET_KEY.encode(), decides.encode(), hashlib.sha256)
    return Way(
        route=scrub(described),
        key=scrub(settings.STRIPE_SECRET_KEY),
        ca_bundle=str(settings.STRIPE_CA_BUNDLE or ""),
        fingerprint=digest.hex()[:16],
    )


def note_process(kind: str, *, at: datetime) -> None:
    """Leave the note of this process. It holds until the process and all its forks have ended.

    Where RUN_DIR cannot be written, nothing is noted and the log says so.
    """
    bind = settings.BIND if kind == WEB else ""
    process = RunningProcess(kind, os.getpid(), socket.gethostname(), at, own_way(), bind)
    content = asdict(process) | {"started_at": at.isoformat()}
    try:
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f"{kind.replace(' ', '-')}-{process.host}-{process.pid}.draft"
        # Kept open on purpose: the lock is the sign of life.
        file = draft.open("w", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        json.dump(content, file)
        file.flush()
        draft.replace(draft.with_suffix(".json"))
    except OSError as error:
        logger.warning("RUN_DIR cannot be written: %s", type(error).__name__)
        return
    _held.append(file)


def running_processes() -> list[RunningProcess]:
    """Every process at work whose note can be read, the oldest first. Removes those of the dead."""
    found = [process for path in _notes() if (process := _living(path))]
    return sorted(found, key=lambda process: process.started_at)


def _notes() -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(_folder().glob("*.json"))


def _living(path: Path) -> RunningProcess | None:
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
        way=Way(**{name: str(text) for name, text in content["way"].items()}),
        bind=str(content["bind"]),
    )


def _folder() -> Path:
    run_dir: Any = settings.RUN_DIR
    return Path(run_dir) / "processes"


def tell_at_start() -> None:
    """Write into the log how Stripe is reached, and what is wrong with it.

    `runserver` runs Django's checks by itself; a production server does not.
    """
    logger.info("Stripe: %s", way_in_words())
    for message in run_checks(tags=["payments"]):
        level = logging.ERROR if message.is_serious() else logging.WARNING
        logger.log(level, "%s %s", message.msg, message.hint or "")


def way_in_words() -> str:
    """One masked line: the mode and the route, or why there is none."""
    try:
        route = _route()
    except RouteError as error:
        return f"cannot be reached. {error} `manage.py doctor` says more."
    around = ""
    if settings.STRIPE_PROXY_FALLBACK == "direct" and not route.is_direct:
        around = "; where that proxy fails, directly (STRIPE_PROXY_FALLBACK=direct)"
    return f"{settings.STRIPE_MODE} mode, {route.describe()}{around}"
