"""Whether payment is known to be down: one mark for all processes of this machine.

They share the way out, so what one has found holds for the others. The mark is a file, since
every page asks for it and a file costs no query; other machines have ways of their own.
"""

import json
import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from django.conf import settings

logger = logging.getLogger("payments.outage")

# After that nobody has tried for so long that it is not known any more.
KNOWN_FOR_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Detour:
    """The last call that went around the proxy, because STRIPE_PROXY_FALLBACK says so."""

    at: datetime
    cause: str


def note_outage(cause: str) -> None:
    """The last calls did not get through."""
    _write(_outage_file(), cause)


def note_recovery() -> None:
    """A call got through: all processes know it at once."""
    with suppress(OSError):
        _outage_file().unlink()


def outage_is_known() -> bool:
    """True where some process has found it within the last minutes. Costs one look at a file."""
    try:
        return time.time() - _outage_file().stat().st_mtime < KNOWN_FOR_SECONDS
    except OSError:
        return False


def marks_can_be_left() -> bool:
    """False where each process knows only what it has met itself."""
    return _folder().is_dir() and os.access(_folder(), os.W_OK)


def note_detour(cause: str) -> None:
    """A call went around the proxy."""
    _write(_detour_file(), cause)


def last_detour() -> Detour | None:
    """When that was last, and why; None where it never was."""
    try:
        content = json.loads(_detour_file().read_text(encoding="utf-8"))
        at = datetime.fromtimestamp(_detour_file().stat().st_mtime, UTC)
        return Detour(at, str(content["cause"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _outage_file() -> Path:
    return _in_folder(_folder(), "payment-is-down.json")


def _detour_file() -> Path:
    return _in_folder(_folder(), "around-the-proxy.json")


@cache
def _in_folder(folder: Path, name: str) -> Path:
    """Put together once: every page asks."""
    return folder / name


def _folder() -> Path:
    folder: Path = settings.RUN_DIR
    return folder


def _write(file: Path, cause: str) -> None:
    """Whole or not at all, so that nobody reads a half."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        draft.write_text(json.dumps({"cause": cause}), encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        logger.warning("RUN_DIR cannot be written: %s", type(error).__name__)
