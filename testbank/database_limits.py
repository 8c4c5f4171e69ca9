"""How long a request waits for PostgreSQL. SQLite has a limit of its own (`settings.py`).

The server ends statements and waits for locks. Where it is silent, because it or a proxy in front
of it hangs, only this side can end the wait.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger("testbank.database")

# Beyond the limit of the server, which says what was wrong.
MARGIN_SECONDS = 5.0
CHECK_EVERY_SECONDS = 1.0
# PgBouncer refuses these as startup parameters, so they are set once the connection is there.
SET_LIMITS = (
    "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false)"
)


def limit_statements() -> None:
    """Set the limits on every connection that this process opens from now on. Idempotent.

    For web servers only: migrations, backups and reports may take longer.
    """
    connection_created.connect(set_limits, dispatch_uid="testbank.database_limits")


def set_limits(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Set the limits of the settings on a connection to PostgreSQL."""
    if connection.vendor != "postgresql":
        return
    seconds = (settings.DATABASE_STATEMENT_TIMEOUT, settings.DATABASE_LOCK_TIMEOUT)
    limits = [f"{round(each * 1000)}ms" for each in seconds]
    with connection.cursor() as cursor:
        cursor.execute(SET_LIMITS, limits)


@dataclass(eq=False, slots=True)
class Wait:
    """A request, its connection, and when its newest statement began."""

    database: BaseDatabaseWrapper
    since: float


class SilenceWatch:
    """Closes the connections of requests whose statement has no answer long after its limit."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._waits: set[Wait] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, wait: Wait) -> None:
        """Watch a request. The thread starts with the first one, after any fork."""
        with self._lock:
            self._waits.add(wait)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="silence", daemon=True)
                self._thread.start()

    def remove(self, wait: Wait) -> None:
        """End watching a request."""
        with self._lock:
            self._waits.discard(wait)

    def _run(self) -> None:
        while True:
            time.sleep(CHECK_EVERY_SECONDS)
            with self._lock:
                for wait in self._waits:
                    if time.monotonic() - wait.since > self._limit_seconds:
                        _end_wait(wait.database)


def _end_wait(database: BaseDatabaseWrapper) -> None:
    """Shut down the socket, if a statement is running: its thread then gets OperationalError."""
    raw = database.connection
    if raw is None or raw.closed or raw.info.transaction_status.name != "ACTIVE":
        return
    with suppress(OSError), socket.socket(fileno=os.dup(raw.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)
        logger.error("the database has not answered a statement; its connection was closed")


def database_wait_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """End a request's wait for a silent database: its page is an error, its thread is free."""
    if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
        raise MiddlewareNotUsed
    watch = SilenceWatch(settings.DATABASE_STATEMENT_TIMEOUT + MARGIN_SECONDS)

    def middleware(request: HttpRequest) -> HttpResponse:
        # The connection of this thread.
        database = connections[DEFAULT_DB_ALIAS]
        wait = Wait(database, time.monotonic())

        def begin(execute: Callable[..., Any], *call: Any) -> Any:
            wait.since = time.monotonic()
            return execute(*call)

        watch.add(wait)
        try:
            with database.execute_wrapper(begin):
                return get_response(request)
        finally:
            watch.remove(wait)

    return middleware
