"""A part of database backends that tells of every commit, before it and after it.

A commit of nothing is none: only transactions and single statements that write count.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from testing.crashing.points import Watch

ROOMS = ("payments", "delivery", "catalog", "accounts", "practice", "questions", "testbank")
# They run whatever statement they are given: who gave it says more.
BETWEEN = ("testbank.sqlite", "testbank.postgresql", "delivery.reading", "delivery.writing")
READING = {"SELECT", "PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET", "SHOW"}
BEFORE, AFTER = "before the commit", "after the commit"


class TellsOfCommits:
    """To be put before one of Django's `DatabaseWrapper` classes."""

    in_atomic_block: bool
    execute_wrappers: list[Callable[..., Any]]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._has_written = False
        self._watch = Watch(Path(os.environ["CRASHING"]))
        self.execute_wrappers.append(self._executed)

    def _commit(self) -> None:
        what, writes = place(), self._has_written
        if writes:
            self._watch.reach(what, BEFORE)
        super()._commit()  # type: ignore[misc] # the class that this is put before has it
        self._has_written = False
        if writes:
            self._watch.reach(what, AFTER)

    def _rollback(self) -> None:
        self._has_written = False
        super()._rollback()  # type: ignore[misc] # as above

    def _executed(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        writes = sql.split(None, 1)[0].upper() not in READING
        if self.in_atomic_block or not writes:
            self._has_written = self._has_written or writes
            return execute(sql, params, many, context)
        # Outside of a transaction a statement is one by itself.
        what = place()
        self._watch.reach(what, BEFORE)
        result = execute(sql, params, many, context)
        self._watch.reach(what, AFTER)
        return result


def place() -> str:
    """The function of the shop that is at work, as `payments.domain.order_life_cycle.mark_asked`."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in ROOMS and not module.startswith(BETWEEN):
            return f"{module}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "elsewhere"
