"""Whether Stripe is known to be unreachable, shared by all processes of this machine.

All processes use the same way out, so what one finds holds for the others. A file carries the
state, because every page asks for it and a file costs no query. Other machines have their own.
"""

import json
import logging
import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from testbank.private_files import write_private

logger = logging.getLogger(__name__)

# After this long without a call, nothing is known any more.
KNOWN_FOR_SECONDS = 600


@dataclass(frozen=True, slots=True)
class ProxyFallback:
    """The last call that bypassed the proxy, because STRIPE_PROXY_FALLBACK allows it."""

    at: datetime
    cause: str


def record_outage(cause: str) -> None:
    """Record that the last calls did not get through."""
    _write(_outage_file(), cause)


def record_recovery() -> None:
    """Record that a call got through. One system call if no outage was recorded."""
    with suppress(OSError):
        _outage_file().rename(_recovery_file())


def recovery_is_recorded() -> bool:
    """Return True if an outage has ended and nobody was told yet. Costs one stat()."""
    return _recovery_file().exists()


def forget_recovery() -> None:
    """Forget the end of the outage, once it was told."""
    _recovery_file().unlink(missing_ok=True)


def outage_cause() -> str:
    """Return the cause of the recorded outage, "" if it is not known."""
    try:
        return str(json.loads(_outage_file().read_text(encoding="utf-8"))["cause"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def outage_is_known() -> bool:
    """Return True if a process recorded an outage within the last minutes. Costs one stat()."""
    return _age_seconds(_outage_file()) < KNOWN_FOR_SECONDS


def record_failed_call(cause: str) -> None:
    """Record that a call did not get through, which alone is no outage."""
    _write(_failed_call_file(), cause)


def call_failed_within(seconds: float) -> bool:
    """Return True if a call of any process of this machine failed in the last `seconds`."""
    return _age_seconds(_failed_call_file()) < seconds


def record_probe() -> None:
    """Record that the watchdog has called Stripe."""
    _write(_probe_file(), "")


def probed_within(seconds: float) -> bool:
    """Return True if a watchdog of this machine called Stripe in the last `seconds`."""
    return _age_seconds(_probe_file()) < seconds


def outages_are_shared() -> bool:
    """Return False if RUN_DIR is not writable, so that each process knows only its own calls."""
    folder: Path = settings.RUN_DIR
    return folder.is_dir() and os.access(folder, os.W_OK)


def record_fallback(cause: str) -> None:
    """Record that a call bypassed the proxy."""
    _write(_fallback_file(), cause)


def last_fallback() -> ProxyFallback | None:
    """Return when a call last bypassed the proxy, and why; None if none ever did."""
    try:
        content = json.loads(_fallback_file().read_text(encoding="utf-8"))
        at = datetime.fromtimestamp(_fallback_file().stat().st_mtime, UTC)
        return ProxyFallback(at, str(content["cause"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _outage_file() -> Path:
    folder: Path = settings.RUN_DIR
    return folder / "payment-is-down.json"


def _recovery_file() -> Path:
    folder: Path = settings.RUN_DIR
    return folder / "payment-is-back.json"


def _fallback_file() -> Path:
    folder: Path = settings.RUN_DIR
    return folder / "around-the-proxy.json"


def _failed_call_file() -> Path:
    folder: Path = settings.RUN_DIR
    return folder / "call-failed.json"


def _probe_file() -> Path:
    folder: Path = settings.RUN_DIR
    return folder / "probed.json"


def _age_seconds(file: Path) -> float:
    """Return how long ago a file was written; infinity if it is not there."""
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return math.inf


def _write(file: Path, cause: str) -> None:
    try:
        write_private(file, json.dumps({"cause": cause}))
    except OSError as error:
        logger.warning("RUN_DIR cannot be written: %s", type(error).__name__)
