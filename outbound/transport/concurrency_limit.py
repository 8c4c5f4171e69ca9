"""Limit the calls at once, so that a dead network cannot take every thread of the server.

A call holds a thread, and so does one that waits. While calls are answered, as many may run
as the server has threads. While none has been answered, or one is overdue, half of that. The
others wait for a moment, since the first answer may be on its way; once a call is overdue,
only a quarter wait, and the other threads answer pages.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Stripe answers within a few hundred milliseconds; longer means that something is wrong.
OVERDUE_SECONDS = 1.0


class BusyError(Exception):
    """The limit is reached, and no call ended in time."""


class ConcurrencyLimit:
    """Hands out slots for calls. Thread-safe; it knows this process only.

    `most` slots while calls are answered; `wait_seconds` is the longest wait for one.
    """

    def __init__(
        self, *, most: int, wait_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._fewest = max(most // 2, 1)
        self._may_wait = max(most - self._fewest, 1)
        self._may_wait_long = max(most // 4, 1)
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._changed = threading.Condition()
        self._calls: dict[object, float] = {}
        self._waiting = 0
        self._was_answered = False

    @contextmanager
    def slot(self, *, within_seconds: float) -> Iterator[None]:
        """Hold a slot while the block runs; leave it normally where the call was answered.

        Raises: BusyError, at once where enough others are waiting already.
        """
        call = self._take(min(self._wait_seconds, within_seconds))
        answered = False
        try:
            yield
            answered = True
        finally:
            self._give_back(call, answered=answered)

    def _take(self, wait_seconds: float) -> object:
        with self._changed:
            if not self._is_free() and not self._waited(wait_seconds):
                raise BusyError(f"no call ended within {wait_seconds:g} seconds")
            call = object()
            self._calls[call] = self._clock()
            return call

    def _give_back(self, call: object, *, answered: bool) -> None:
        with self._changed:
            del self._calls[call]
            self._was_answered = answered
            self._changed.notify_all()

    def _waited(self, seconds: float) -> bool:
        """True once there is a slot; False if there is none, or the queue is full."""
        if self._waiting >= (self._may_wait_long if self._is_overdue() else self._may_wait):
            return False
        self._waiting += 1
        try:
            return self._changed.wait_for(self._is_free, seconds)
        finally:
            self._waiting -= 1

    def _is_free(self) -> bool:
        return len(self._calls) < (self._most if self._is_answered() else self._fewest)

    def _is_answered(self) -> bool:
        return self._was_answered and not self._is_overdue()

    def _is_overdue(self) -> bool:
        overdue = self._clock() - OVERDUE_SECONDS
        return any(began_at <= overdue for began_at in self._calls.values())
