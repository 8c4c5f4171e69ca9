"""Tells of every commit, before it and after it, on the connections that the shop makes.

The backends are the shop's own. A commit of nothing is none: only transactions and single
statements that write count.
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
# A backend commits for whoever asked it; the harness and installed packages are not the shop.
NOT_THE_SHOP = tuple(str(ROOT / name) for name in (".venv", "testing", "testbank/sqlite"))


class CommitWatch:
    """Watches one connection, through its public `commit` and an execute wrapper."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._has_written = False
        self._watch = Watch(Path(os.environ["CRASHING"]))
        self._commit, self._rollback = connection.commit, connection.rollback
        connection.commit = self.commit  # type: ignore[method-assign] # what is watched
        connection.rollback = self.rollback  # type: ignore[method-assign] # as above
        connection.execute_wrappers.append(self.execute)

    def commit(self) -> None:
        """The end of a transaction."""
        what, writes = place(), self._has_written
        if writes:
            self._watch.reach(what, BEFORE)
        self._commit()
        self._has_written = False
        if writes:
            self._watch.reach(what, AFTER)

    def rollback(self) -> None:
        """Nothing that was written stays."""
        self._has_written = False
        self._rollback()

    def execute(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Outside of a transaction a statement is one by itself."""
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
    """Watch a connection that was made, once: it may be made anew later."""
    if not any(isinstance(_owner(each), CommitWatch) for each in connection.execute_wrappers):
        CommitWatch(connection)


def _owner(wrapper: Callable[..., Any]) -> object:
    return getattr(wrapper, "__self__", None)


def place() -> str:
    """The function of the shop that is at work, as `payments.domain.order_life_cycle.mark_asked`."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        path = frame.f_code.co_filename
        if path.startswith(str(ROOT)) and not path.startswith(NOT_THE_SHOP):
            return f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "elsewhere"
