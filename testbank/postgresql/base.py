"""Django's PostgreSQL backend, with less between a request and the server.

Django asks every kept connection `SELECT 1` before its first use in a request: a quarter of
what an event that came before costs. A server that went away has closed its end, which the
socket tells without a question.

Beginning and ending a transaction by way of the driver takes longer than the server needs for
it, and so does a statement that comes again and again: both are sent as they are.
"""

import select
from collections.abc import Sequence
from typing import Any, cast

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import register_tzloader
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.backends.utils import debug_transaction
from psycopg.pq import TransactionStatus

from testbank.outcomes import Outcome
from testbank.postgresql.plans import Plans, tell


class SchemaEditor(DatabaseSchemaEditor):
    """Changes tables, of which plans know nothing."""

    def execute(self, sql: Any, params: Any = ()) -> None:
        """As Django's own."""
        super().execute(sql, params)
        cast(DatabaseWrapper, self.connection).forget_plans()


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. A transaction begins with its first statement."""

    SchemaEditorClass = SchemaEditor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plans: Plans | None = None
        self._is_begin_due = False

    def planned(self, statement: str, values: Sequence[Any]) -> Outcome | None:
        """Run a statement that comes again and again: it is planned once in a connection.

        Its text must be one of few, since a plan is kept as long as the connection. None where
        that cannot be done: statements are watched, the settings want none prepared, or the
        driver begins transactions by itself. Raises what a cursor raises.
        """
        is_watched = self.queries_logged or self.execute_wrappers
        if is_watched or self.settings_dict["OPTIONS"].get("prepare_threshold") is None:
            return None
        self.close_if_health_check_failed()
        self.ensure_connection()
        if not self.connection.autocommit:
            return None
        self.validate_thread_sharing()
        self.validate_no_broken_transaction()
        if self._plans is None:
            self._plans = Plans(self.connection)
        begins = self._is_begin_due
        try:
            with self.wrap_database_errors:
                return self._plans.run(statement, values, begins=begins)
        finally:
            if begins:
                # Values that cannot be sent are found out before anything was.
                status = self.connection.info.transaction_status
                self._is_begin_due = status == TransactionStatus.IDLE

    def forget_plans(self) -> None:
        """After what makes the driver have the server forget all its plans, ours too."""
        if self._plans:
            self._plans.forget()

    def create_cursor(self, name: str | None = None) -> Any:
        """As Django's own. One with a name that is made in a transaction ends with it."""
        self._begin()
        if name is None or self.get_autocommit():
            return super().create_cursor(name)
        cursor = self.connection.cursor(name, scrollable=False, withhold=False)
        register_tzloader(self.timezone, cursor)
        return cursor

    def is_usable(self) -> bool:
        """True where the connection can be used; asked of the server only in doubt."""
        if self.connection is None:
            return False
        is_idle = self.connection.info.transaction_status == TransactionStatus.IDLE
        if is_idle and not self.errors_occurred and self._is_quiet():
            return True
        usable: bool = super().is_usable()
        return usable

    def _is_quiet(self) -> bool:
        """True where the server has sent nothing and not hung up."""
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)

    def _start_transaction_under_autocommit(self) -> None:
        """What `atomic` begins with, where a backend has it; the driver needs to know nothing."""
        self._is_begin_due = True

    def _begin(self) -> None:
        if self._is_begin_due:
            self._is_begin_due = False
            with self.wrap_database_errors:
                tell(self.connection.pgconn, b"BEGIN")

    def _set_autocommit(self, autocommit: bool) -> None:
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc] # the stubs leave it out

    def _commit(self) -> None:
        begun, self._is_begin_due = not self._is_begin_due, False
        if begun and self.connection is not None:
            with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
                tell(self.connection.pgconn, b"COMMIT")

    def _rollback(self) -> None:
        self._is_begin_due = False
        super()._rollback()  # type: ignore[misc] # the stubs leave it out
        self.forget_plans()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc] # the stubs leave it out
        self.forget_plans()

    def _close(self) -> None:
        self._is_begin_due, self._plans = False, None
        super()._close()  # type: ignore[misc] # the stubs leave it out
