"""The server's worker: threads that leave a new connection to a process that has one free.

gunicorn's own takes every connection that comes, also while all its threads are waiting for
Stripe, so that buyers queue in one process beside another that has nothing to do.
"""

import math
import time
from concurrent.futures import Future
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

# So long a connection is left to others where it would have to wait for a thread here.
RELUCTANT_SECONDS = 0.05
# After so long it is another connection that asks.
FORGOTTEN_SECONDS = 1.0


class FreeThreadWorker(ThreadWorker):  # type: ignore[misc] # gunicorn tells no types
    """gunicorn's threads, of which one should be free before a connection is taken.

    Where none is free anywhere, connections queue as they do at gunicorn's own: those that
    are kept open must not keep new ones out. All methods run in the main thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at_work = 0
        self._asked_at = -math.inf

    def accept(self, listener: Any) -> None:
        """Take the connection that asks, or leave it for a moment."""
        if self._takes():
            self._asked_at = -math.inf
            super().accept(listener)
        else:
            self._asked_at = time.monotonic()
            super().set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        """The loop asks for it in every turn in which it does not accept, and ends it at its end."""
        super().set_accept_enabled(enabled and (not self._is_asked or self._takes()))

    def enqueue_req(self, conn: TConn) -> None:
        """A thread more is at work, or has someone waiting for it."""
        self._at_work += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """A thread less is at work."""
        self._at_work -= 1
        super().finish_request(conn, fs)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wakes up when it is time to take what no other process took."""
        if self.alive and self._is_asked:
            timeout = min(timeout, RELUCTANT_SECONDS)
        super().wait_for_and_dispatch_events(timeout)

    @property
    def _is_asked(self) -> bool:
        return time.monotonic() - self._asked_at < FORGOTTEN_SECONDS

    def _takes(self) -> bool:
        """True where a thread is free, and where no other process has taken it in time."""
        if self.cfg.workers == 1:
            return True
        waited = time.monotonic() - self._asked_at
        return self._at_work < self.cfg.threads or RELUCTANT_SECONDS <= waited < FORGOTTEN_SECONDS
