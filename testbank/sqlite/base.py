"""Django's SQLite backend, whose transactions queue in the process before SQLite sees them.

SQLite lets one transaction write. A thread that finds it busy sleeps and tries again, in growing
pauses, so that a few of eight threads wait ten times as long as the others. Here a transaction
takes a lock of the process first, and threads get it in turn. Other processes still meet at
SQLite's own lock.
"""

import threading
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

# Shared by all connections of the process: a site has one SQLite file.
WRITE_LOCK = threading.Lock()
LOCK_TIMEOUT_SECONDS = 20.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds the lock from the beginning of a transaction to its end.

    It overrides private methods of Django, which has no public hook around a transaction.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._holds_lock = False

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
        if not WRITE_LOCK.acquire(timeout=LOCK_TIMEOUT_SECONDS):
            raise OperationalError("database is locked by another thread of this process")
        self._holds_lock = True

    def _release(self) -> None:
        if self._holds_lock:
            self._holds_lock = False
            WRITE_LOCK.release()
