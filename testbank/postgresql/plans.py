"""Statements that are planned once in a connection, and sent without the driver's cursor.

Half of what a statement of one row costs the site is putting a cursor together and asking it
whether it knows the statement. By libpq itself (`psycopg.pq`), with psycopg's own conversion
of values.
"""

import re
import select
from collections.abc import Sequence
from itertools import count
from typing import Any, cast

from psycopg import Connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from testbank.outcomes import Outcome

# A place for a value, or a percent sign.
MARKS = re.compile("%[s%]")
DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
# Names of plans are never used again, in whatever connection: the server may still have an old one.
_numbers = count()


class Plans:
    """What one connection has planned. Of one thread, as the connection is."""

    def __init__(self, connection: "Connection[Any]") -> None:
        self._pgconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._names: dict[str, bytes] = {}

    def forget(self) -> None:
        """The server has forgotten its plans, or may have."""
        self._names.clear()

    def run(self, statement: str, values: Sequence[Any], *, begins: bool = False) -> Outcome:
        """Run a statement with `%s` for each value; a transaction `begins` with it if so told.

        Raises: the errors of psycopg.
        """
        given = cast(
            Sequence[bytes], self._transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
        )
        name = self._names.get(statement)
        if begins and name:
            result = self._begun_with(name, given)
        else:
            if begins:
                tell(self._pgconn, b"BEGIN")
            result = self._pgconn.exec_prepared(name or self._plan(statement), given)
        if result.status not in DONE:
            self.forget()
            raise error_from_result(result)
        return Outcome(self._rows(result), result.command_tuples or 0)

    def _begun_with(self, name: bytes, given: Sequence[Any]) -> PGresult:
        """`BEGIN` and the statement in one turn between site and server."""
        self._pgconn.enter_pipeline_mode()
        try:
            self._pgconn.send_query_params(b"BEGIN", None)
            self._pgconn.send_query_prepared(name, given)
            self._pgconn.pipeline_sync()
            while self._pgconn.flush():
                self._wait_for(select.POLLIN | select.POLLOUT)
            # Each has an end of its own, and then they have one together.
            begun, _end, result, _end, _synced = (self._next_result() for _each in range(5))
        finally:
            self._pgconn.exit_pipeline_mode()
        if not begun or not result:
            raise OperationalError("the server did not answer")
        if begun.status != ExecStatus.COMMAND_OK:
            raise error_from_result(begun)
        return result

    def _next_result(self) -> PGresult | None:
        """Once it is there: libpq's own waiting for it would stop all threads of the process."""
        while self._pgconn.is_busy():
            self._wait_for(select.POLLIN)
        return self._pgconn.get_result()

    def _wait_for(self, events: int) -> None:
        poll = select.poll()
        poll.register(self._pgconn.socket, events)
        poll.poll()
        self._pgconn.consume_input()

    def _plan(self, statement: str) -> bytes:
        name = b"testbank_%d" % next(_numbers)
        places = count(1)
        text = MARKS.sub(lambda mark: "%" if mark[0] == "%%" else f"${next(places)}", statement)
        result = self._pgconn.prepare(name, text.encode())
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result)
        self._names[statement] = name
        return name

    def _rows(self, result: PGresult) -> list[tuple[Any, ...]]:
        if not result.ntuples:
            return []
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)


def tell(pgconn: PGconn, command: bytes) -> None:
    """Have the server do what has no answer but "done". Raises: the errors of psycopg."""
    result = pgconn.exec_(command)
    if result.status != ExecStatus.COMMAND_OK:
        raise error_from_result(result)
