"""How many webhooks were refused, why, and when last. Shared by all processes of this machine.

A refused webhook costs no query, because anybody can send one. Each process counts, and adds its
count to a file in RUN_DIR at most every ten seconds.
"""

import atexit
import fcntl
import json
import logging
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from testbank.private_files import make_private_folder, private_opener, write_private

logger = logging.getLogger(__name__)

WRITE_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RefusedWebhooks:
    """The refused webhooks by reason (`payments.stripe.errors.Refusal`); `last_at` is UTC."""

    by_reason: dict[str, int]
    last_at: datetime | None
    last_reason: str

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_reason.values())


class RefusalCounter:
    """The count of this process that is not in the file yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: Counter[str] = Counter()
        self._last: tuple[datetime, str] | None = None
        self._timer: threading.Timer | None = None

    def add(self, reason: str, *, at: datetime) -> None:
        """Count a refusal. The first is written at once, others after WRITE_EVERY_SECONDS."""
        with self._lock:
            self._pending[reason] += 1
            self._last = (at, reason)
            if self._timer is None:
                self._write()
                self._timer = threading.Timer(WRITE_EVERY_SECONDS, self._end_pause)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Write what is left, and wait for nothing more."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._write()

    def _end_pause(self) -> None:
        with self._lock:
            self._timer = None
            self._write()

    def _write(self) -> None:
        if not self._pending or self._last is None:
            return
        try:
            _add_to_file(self._pending, *self._last)
        except OSError as error:
            logger.warning("RUN_DIR cannot be written: %s", type(error).__name__)
            return
        self._pending.clear()


counter = RefusalCounter()
atexit.register(counter.close)


def record_refusal(reason: str, *, at: datetime) -> None:
    """Count a refused webhook. Makes no query, and writes at most every ten seconds."""
    counter.add(reason, at=at)


def refused_webhooks() -> RefusedWebhooks:
    """Return the count of all processes of this machine."""
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
        at = datetime.fromtimestamp(float(found["last_at"]), UTC)
        by_reason = {str(name): int(number) for name, number in found["by_reason"].items()}
        return RefusedWebhooks(by_reason, at, str(found["last_reason"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return RefusedWebhooks({}, None, "")


def _add_to_file(pending: Counter[str], at: datetime, reason: str) -> None:
    lock = _file().with_suffix(".lock")
    make_private_folder(lock.parent)
    with open(lock, "w", opener=private_opener) as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        total = Counter(refused_webhooks().by_reason) + pending
        content = {"by_reason": total, "last_at": at.timestamp(), "last_reason": reason}
        write_private(_file(), json.dumps(content))


def _file() -> Path:
    folder: Path = settings.RUN_DIR
    return folder / "refused-webhooks.json"
