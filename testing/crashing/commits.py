"""Report every commit, before and after it, on the site's database connections.

Only transactions and autocommitted statements that write are reported.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from testing.crashing.points import Watch
from testing.site import ROOT

READING = {"SELECT", "PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET", "SHOW"}
BEFORE, AFTER = "before the commit", "after the commit"
# The calling function is reported, not the database backend, the test code or a package.
NOT_THE_SHOP = tuple(
    str(ROOT / name)
    for name in (".venv", "testing", "testbank/sqlite", "testbank/database_limits.py")
)


class CommitWatch:
    """Instruments one connection by its public `commit` and an execute wrapper."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._has_written = False
        self._watch = Watch(Path(os.environ["CRASHING"]))
        self._commit, self._rollback = connection.commit, connection.rollback
        connection.commit = self.commit  # type: ignore[method-assign] # what is watched
        connection.rollback = self.rollback  # type: ignore[method-assign] # as above
        # First: a request may have added a wrapper already, and at its end removes the last one.
        connection.execute_wrappers.insert(0, self.execute)

    def commit(self) -> None:
        """Commit, and report it before and after if the transaction wrote."""
        what, writes = place(), self._has_written
        if writes:
            self._watch.reach(what, BEFORE)
        self._commit()
        self._has_written = False
        if writes:
            self._watch.reach(what, AFTER)

    def rollback(self) -> None:
        """Roll back: nothing is left to report."""
        self._has_written = False
        self._rollback()

    def execute(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Execute; outside of a transaction, report a statement that writes as a commit."""
        writes = sql.split(None, 1)[0].upper() not in READING
        if self._connection.in_atomic_block or not writes:
            self._has_written = self._has_written or writes
            return execute(sql, params, many, context)
        what = place()
        self._watch.reach(what, BEFORE)
        result = execute(sql, params, many, context)
        self._watch.reach(what, AFTER)
        return result


def watch_commits(connection: BaseDatabaseWrapper, **_named: Any) -> None:
    """Instrument a connection once, although it may reconnect later."""
    if not any(isinstance(_owner(each), CommitWatch) for each in connection.execute_wrappers):
        CommitWatch(connection)


def _owner(wrapper: Callable[..., Any]) -> object:
    return getattr(wrapper, "__self__", None)


def place() -> str:
    """Return the site's calling function, as `payments.domain.order_life_cycle.mark_asked`."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        path = frame.f_code.co_filename
        if path.startswith(str(ROOT)) and not path.startswith(NOT_THE_SHOP):
            return f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "elsewhere"
