"""The threads of a web process, of which one computes at a time.

Threads that compute at once take the interpreter from one another at every statement, so that
all of them end as late as the last; and waking another thread for each request costs as much
as a third of a page. Here one thread goes from request to request, and the others sleep. It
lets another go on while it waits for a far side (`aside`). A turn is an order and no lock: what
takes long, be it a slow upload or a slow statement, loses its turn and goes on without.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

# Most pages are done in a fifth of it.
PATIENCE_SECONDS = 0.02

_mine = threading.local()


@dataclass(frozen=True, slots=True)
class _Task:
    """What was submitted, and where its result goes."""

    future: "Future[Any]"
    work: Callable[[], Any]

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.work()
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class _Member:
    """A thread of a pool. Its gate is opened where it is to wake up."""

    __slots__ = ("gate", "is_aside", "is_over")

    def __init__(self) -> None:
        # A bare lock: an event is made of a lock, a condition and a queue.
        self.gate = threading.Lock()
        self.gate.acquire()
        self.is_aside = self.is_over = False


class OneAtATime(Executor):
    """Runs what is submitted in that order, in at most so many threads, one after another.

    Who comes back from `aside` goes before what is new. Somebody must `look` now and then while
    `is_waiting`: then nobody waits for a thread that has computed for `patience_seconds`.
    """

    def __init__(self, threads: int, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._work: deque[_Task] = deque()
        self._returning: deque[_Member] = deque()
        self._idle: list[_Member] = []
        self._threads: list[threading.Thread] = []
        self._most = threads
        self._holder: _Member | None = None
        self._held_since = 0.0
        self._is_shut = False

    @property
    def is_waiting(self) -> bool:
        """True while something that was submitted has not begun."""
        return bool(self._work)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """See `concurrent.futures`."""
        future: Future[Any] = Future()
        with self._lock:
            if self._is_shut:
                raise RuntimeError("nothing can be submitted after the shutdown")
            self._work.append(_Task(future, lambda: fn(*args, **kwargs)))
            if self._holder is None:
                self._next()
        return future

    def look(self) -> None:
        """Let the next go on where the one whose turn it is has had its time."""
        if self.is_waiting:
            with self._lock:
                if self._is_late():
                    self._next()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures`. What was submitted is still done, unless cancelled."""
        with self._lock:
            self._is_shut = True
            if cancel_futures:
                for task in self._work:
                    task.future.cancel()
            for member in self._idle:
                member.gate.release()
            self._idle.clear()
        if wait:
            for thread in self._threads:
                thread.join()

    def step_aside(self, member: _Member) -> None:
        """The thread waits for something else, and others may go on."""
        with self._lock:
            if self._holder is member:
                self._next()

    def step_back(self, member: _Member) -> None:
        """Wait for a turn."""
        with self._lock:
            if self._holder is None:
                self._hold(member)
                return
            self._returning.append(member)
        while not member.gate.acquire(timeout=self._patience_seconds):
            with self._lock:
                if self._returning and self._returning[0] is member and self._is_late():
                    self._hold(self._returning.popleft())
                    return

    def _run(self, member: _Member) -> None:
        _mine.place = self, member
        while not member.is_over:
            while task := self._task_for(member):
                task.run()
                del task
            if not member.is_over:
                member.gate.acquire()

    def _task_for(self, member: _Member) -> _Task | None:
        """What the thread does next; None where it is to sleep, or over."""
        with self._lock:
            may_go_on = self._holder in (member, None) and not self._returning
            if may_go_on and self._work:
                self._hold(member)
                return self._work.popleft()
            if self._holder in (member, None):
                self._next()
            if self._is_shut:
                member.is_over = True
            else:
                self._idle.append(member)
            return None

    def _next(self) -> None:
        """Whoever had the turn has it no longer: the next one has."""
        self._holder = None
        if self._returning:
            self._open(self._returning.popleft())
        elif self._work and self._idle:
            self._open(self._idle.pop())
        elif self._work and len(self._threads) < self._most:
            member = _Member()
            self._hold(member)
            self._threads.append(threading.Thread(target=self._run, args=(member,)))
            self._threads[-1].start()

    def _open(self, member: _Member) -> None:
        self._hold(member)
        member.gate.release()

    def _hold(self, member: _Member) -> None:
        self._holder, self._held_since = member, time.monotonic()

    def _is_late(self) -> bool:
        return time.monotonic() - self._held_since >= self._patience_seconds


@contextmanager
def aside() -> Iterator[None]:
    """The block waits for something else: others go on meanwhile, and this thread after it.

    Does nothing in a thread that is no pool's, or that has stepped aside already.
    """
    place: tuple[OneAtATime, _Member] | None = getattr(_mine, "place", None)
    if place is None or place[1].is_aside:
        yield
        return
    pool, member = place
    member.is_aside = True
    pool.step_aside(member)
    try:
        yield
    finally:
        member.is_aside = False
        pool.step_back(member)
