"""Django's SQLite backend, whose transactions queue in the process before SQLite sees them.

SQLite lets one transaction write. A thread that finds it busy sleeps and tries again, in growing
pauses, so that a few of eight threads wait ten times as long as the others. Here a transaction
takes a lock of the process first, and threads get it in turn. Other processes still meet at
SQLite's own lock.
"""

import os
import threading
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.backends.sqlite3 import base

from testbank.private_files import FILE_MODE

# Shared by all connections of the process: a site has one SQLite file.
WRITE_LOCK = threading.Lock()
# A web server has SERVER_THREADS. Where all the others wait already and nobody has got the lock for
# so long, the last one gives up, so that it can go on serving pages, which only read.
LAST_THREAD_SECONDS = 1.0


class WaitingWriters:
    """How many threads of the process wait for the write lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended_waits = 0
        self.count = 0

    def acquire(self, lock: threading.Lock) -> bool:
        """Take the write lock; False if it was not free in time."""
        if lock.acquire(blocking=False):
            return True
        with self._lock:
            self.count += 1
            is_last = self.count >= settings.SERVER_THREADS - 1
        try:
            found = self._wait_as_last(lock) if is_last else _wait(lock)
        finally:
            with self._lock:
                self.count -= 1
                self._ended_waits += 1
        return found

    def _wait_as_last(self, lock: threading.Lock) -> bool:
        """Wait while the queue moves. A queue that moves is short; one writer can hold it up."""
        ends_at = time.monotonic() + settings.DATABASE_LOCK_TIMEOUT
        ended_waits = None
        while ended_waits != self._ended_waits and time.monotonic() < ends_at:
            ended_waits = self._ended_waits
            if lock.acquire(timeout=LAST_THREAD_SECONDS):
                return True
        return False


def _wait(lock: threading.Lock) -> bool:
    return lock.acquire(timeout=settings.DATABASE_LOCK_TIMEOUT)


WAITING_WRITERS = WaitingWriters()
CREATION_LOCK = threading.Lock()


def _create_file(name: str) -> None:
    """Create the database's file with mode 0600 if it is missing. Never opens one that exists.

    Closing any descriptor of a file ends all POSIX locks that the process has on it. Another process
    would then delete the write-ahead log under this one, and later commits would be lost.
    Source: sqlite.org/howtocorrupt.html, section 2.2.
    """
    # FileExistsError is the usual case; SQLite reports every other one as an OperationalError.
    with CREATION_LOCK, suppress(OSError):
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds the lock from the beginning of a transaction to its end.

    It overrides private methods of Django, which has no public hook around a transaction.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._holds_lock = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect to the file, which SQLite would create for everybody to read."""
        name = str(self.settings_dict["NAME"])
        if "mode=memory" not in name and name != ":memory:":
            _create_file(name)
        return super().get_new_connection(conn_params)

    def _start_transaction_under_autocommit(self) -> None:
        self._acquire()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc] # the stubs leave it out
        except BaseException:
            self._release()
            raise

    def _commit(self) -> None:
        """A commit that fails is followed by a rollback, which releases."""
        super()._commit()  # type: ignore[misc] # the stubs leave it out
        self._release()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc] # the stubs leave it out
        finally:
            self._release()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc] # the stubs leave it out
        finally:
            self._release()

    def _acquire(self) -> None:
        if not WAITING_WRITERS.acquire(WRITE_LOCK):
            raise OperationalError("database is locked by another thread of this process")
        self._holds_lock = True

    def _release(self) -> None:
        if self._holds_lock:
            self._holds_lock = False
            WRITE_LOCK.release()
