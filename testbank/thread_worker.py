"""The server's worker: gunicorn's threads, but for three things.

They compute one at a time (`outbound/one_at_a_time.py`): that is a third of a page. No thread
waits for a connection on which nothing was asked yet, as browsers open them in advance. And a
new connection is left to a process that has a thread free: gunicorn's own takes every one that
comes, also while all its threads are waiting for Stripe, so that buyers queue in one process
beside another that has nothing to do.
"""

import math
import selectors
import time
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from outbound.one_at_a_time import PATIENCE_SECONDS, OneAtATime

# So long a connection is left to others where it would have to wait for a thread here.
RELUCTANT_SECONDS = 0.05
# After so long it is another connection that asks.
FORGOTTEN_SECONDS = 1.0


class FreeThreadWorker(ThreadWorker):  # type: ignore[misc] # gunicorn tells no types
    """gunicorn's threads, one at a time, of which one should be free for a new connection.

    Where none is free anywhere, connections queue as they do at gunicorn's own: those that
    are kept open must not keep new ones out. All methods run in the main thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at_work = 0
        self._asked_at = -math.inf

    def get_thread_pool(self) -> OneAtATime:
        """gunicorn asks for it when the process begins."""
        return OneAtATime(self.cfg.threads)

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
        if conn.initialized or conn.wait_for_data(0):
            self._at_work += 1
            super().enqueue_req(conn)
        else:
            self._wait_for_its_request(conn)

    def _wait_for_its_request(self, conn: TConn) -> None:
        """As gunicorn does once a thread has waited in vain."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        asked = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, asked)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """A thread less is at work."""
        self._at_work -= 1
        super().finish_request(conn, fs)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wakes up when it is time to take what no other process took, or to go on at last."""
        if self.alive and self._is_asked:
            timeout = min(timeout, RELUCTANT_SECONDS)
        if self.tpool.is_waiting:
            timeout = min(timeout, PATIENCE_SECONDS)
        super().wait_for_and_dispatch_events(timeout)
        self.tpool.look()

    @property
    def _is_asked(self) -> bool:
        return time.monotonic() - self._asked_at < FORGOTTEN_SECONDS

    def _takes(self) -> bool:
        """True where a thread is free, and where no other process has taken it in time."""
        if self.cfg.workers == 1:
            return True
        waited = time.monotonic() - self._asked_at
        is_free = self._at_work + self._awaited() < self.cfg.threads
        return is_free or RELUCTANT_SECONDS <= waited < FORGOTTEN_SECONDS

    def _awaited(self) -> int:
        """Connections that came a moment ago, and whose request is about to come."""
        since = time.monotonic() - FORGOTTEN_SECONDS + self.cfg.keepalive
        return sum(conn.timeout > since for conn in self.pending_conns)
