"""One thread of a web process computes at a time, and those who wait for a far side step aside.

Threads that compute at once take the interpreter from one another at every statement, so that
all of them end as late as the last, and hand-overs cost a quarter of the work. Requests that
come in turn end one after another. A turn is an order and no lock: what takes long, be it a
slow upload or a wait for the database, loses its turn to the next and goes on without.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

# Most pages are done in a tenth of it.
PATIENCE_SECONDS = 0.05


class _Turn:
    """A thread's wait for its turn, and then the turn itself."""

    __slots__ = ("_closed",)

    def __init__(self) -> None:
        # A bare lock: an event is made of a lock, a condition and a queue.
        self._closed = threading.Lock()
        self._closed.acquire()

    def give(self) -> None:
        self._closed.release()

    def is_given(self, *, within_seconds: float) -> bool:
        return self._closed.acquire(timeout=within_seconds)


class Baton:
    """Goes from thread to thread in the order in which they asked. Thread-safe.

    Nobody waits for a holder that has had it for `patience_seconds`: the next takes it away.
    """

    def __init__(self, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._holder: _Turn | None = None
        self._held_since = 0.0
        self._waiting: deque[_Turn] = deque()
        self._mine = threading.local()

    @property
    def is_free(self) -> bool:
        """True while no thread has its turn."""
        return self._holder is None

    @contextmanager
    def held(self) -> Iterator[None]:
        """The block runs in this thread's turn, as far as it keeps it."""
        self._mine.turn = self._take()
        try:
            yield
        finally:
            self._pass_on(self._mine.turn)
            self._mine.turn = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The block waits for something else: others have their turn, this thread another after it.

        Does nothing in a thread that has none.
        """
        if getattr(self._mine, "turn", None) is None:
            yield
            return
        self._pass_on(self._mine.turn)
        try:
            yield
        finally:
            self._mine.turn = self._take()

    def _take(self) -> _Turn:
        turn = _Turn()
        with self._lock:
            if self._holder is None:
                self._hold(turn)
                return turn
            self._waiting.append(turn)
        while not turn.is_given(within_seconds=self._patience_seconds):
            if self._took_away(turn):
                break
        return turn

    def _took_away(self, turn: _Turn) -> bool:
        """True where this one is next and the holder has had its time."""
        with self._lock:
            is_next = bool(self._waiting) and self._waiting[0] is turn
            if not is_next or time.monotonic() - self._held_since < self._patience_seconds:
                return False
            self._waiting.popleft()
            self._hold(turn)
            return True

    def _pass_on(self, turn: _Turn) -> None:
        with self._lock:
            if self._holder is not turn:
                return
            self._holder = None
            if self._waiting:
                following = self._waiting.popleft()
                self._hold(following)
                following.give()

    def _hold(self, turn: _Turn) -> None:
        self._holder, self._held_since = turn, time.monotonic()


# The one of this process. A process that serves no pages never takes it.
BATON = Baton()
