"""Django's SQLite backend, whose transactions queue in the process before SQLite sees them.

SQLite lets one transaction write. Threads that find it busy sleep and try again, in growing
pauses, so that a few of them wait ten times as long as the others. Here they wait for one
another in order. Other processes still meet at SQLite's own lock.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from testbank.outcomes import Outcome

# Shared by all connections of the process: a site has one SQLite file.
WRITE_LOCK = threading.Lock()
LONGEST_WAIT_SECONDS = 20.0


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. It holds the lock from the beginning of a transaction to its end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._holds_lock = False
        self._mode: str = self.settings_dict["OPTIONS"].get("transaction_mode", "")

    def create_cursor(self, name: str | None = None) -> "Cursor":
        """As Django's own."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor

    def planned(self, statement: str, values: Sequence[Any]) -> Outcome | None:
        """Run a statement that comes again and again, past Django's cursor.

        That costs as much as finding a row. None where statements are watched. Raises what a
        cursor raises. The caller has the turn to write.
        """
        if self.queries_logged or self.execute_wrappers:
            return None
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_thread_sharing()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            cursor = self.connection.execute(_converted(statement), values)
            return Outcome(cursor.fetchall(), cursor.rowcount)

    @contextmanager
    def turn_to_write(self) -> Iterator[None]:
        """The process's turn, for one statement outside of a transaction: it is one by itself."""
        self._take()
        try:
            yield
        finally:
            self._release()

    def _start_transaction_under_autocommit(self) -> None:
        self._take()
        try:
            if self.planned(f"BEGIN {self._mode}", ()) is None:
                super()._start_transaction_under_autocommit()  # type: ignore[misc] # as below
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

    def _take(self) -> None:
        if not WRITE_LOCK.acquire(timeout=LONGEST_WAIT_SECONDS):
            raise OperationalError("database is locked by another thread of this process")
        self._holds_lock = True

    def _release(self) -> None:
        if self._holds_lock:
            self._holds_lock = False
            WRITE_LOCK.release()


class Cursor(base.SQLiteCursorWrapper):
    """Django's own, which need not turn the same statement into SQLite's form again."""

    def convert_query(self, query: str, *, param_names: Sequence[str] | None = None) -> str:
        """`%s` becomes `?`."""
        return (
            _converted(query)
            if param_names is None
            else super().convert_query(query, param_names=param_names)
        )


@lru_cache(maxsize=1000)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
