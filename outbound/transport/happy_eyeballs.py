"""Connect to the first of several addresses that answers, without waiting for a silent one.

Source: RFC 8305 ("Happy Eyeballs"), sections 4 and 5: alternate the families of addresses,
and start the next attempt 250 ms after the last one, or as soon as one has failed.
"""

import errno
import os
import selectors
import socket
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import cast

from outbound.transport.deadline import TimedSocket
from outbound.transport.resolver import Endpoint
from outbound.transport.trace import NO_RESPONSE, AddressAttempt, DeadlineError, Trace

ATTEMPT_DELAY_SECONDS = 0.25
IN_PROGRESS = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


@dataclass(slots=True)
class _Attempt:
    """One address. `error` says why it failed; without one it won, or was silent."""

    endpoint: Endpoint
    began_at: float
    ended_at: float = 0.0
    connection: TimedSocket | None = None
    error: OSError | None = None


def connect_to_first(
    endpoints: list[Endpoint], trace: Trace, *, timeout_seconds: float
) -> TimedSocket:
    """Return a connection to the first address that answers; every attempt stands in the trace.

    `timeout_seconds` bounds one attempt. Raises: OSError, of the address that tells most.
    """
    race = _Race(trace, timeout_seconds)
    try:
        return race.run(alternated(endpoints))
    finally:
        race.end()


def alternated(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return the addresses with their families alternating, the first one's family first."""
    first = [each for each in endpoints if each.family == endpoints[0].family]
    others = [each for each in endpoints if each.family != endpoints[0].family]
    pairs = chain.from_iterable(zip_longest(first, others))
    return [each for each in pairs if each is not None]


class _Race:
    """Several attempts at once, of which one wins."""

    def __init__(self, trace: Trace, timeout_seconds: float) -> None:
        self._trace = trace
        self._timeout_seconds = timeout_seconds
        self._attempts: list[_Attempt] = []
        self._winner: _Attempt | None = None
        self._selector = selectors.DefaultSelector()

    def run(self, endpoints: list[Endpoint]) -> TimedSocket:
        waiting = list(endpoints)
        next_at = self._trace.clock()
        while waiting or self._selector.get_map():
            now, failures = self._trace.clock(), self._failures()
            if waiting and now >= next_at:
                self._start(waiting.pop(0), now)
                next_at = now + ATTEMPT_DELAY_SECONDS
            if self._failures() == failures:
                self._wait(next_at if waiting else None)
            if self._failures() > failures:
                next_at = now
            if self._winner and self._winner.connection:
                return self._winner.connection
        raise min(
            (attempt.error for attempt in self._attempts if attempt.error), key=_how_little_it_tells
        )

    def _start(self, endpoint: Endpoint, now: float) -> None:
        attempt = _Attempt(endpoint, now)
        self._attempts.append(attempt)
        try:
            attempt.connection = self._opened(endpoint)
        except OSError as error:
            self._fail(attempt, error)
            return
        self._selector.register(attempt.connection, selectors.EVENT_WRITE, attempt)

    def _opened(self, endpoint: Endpoint) -> TimedSocket:
        connection = TimedSocket(endpoint.family, socket.SOCK_STREAM)
        try:
            connection.trace = self._trace
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.setblocking(False)
            _raise_for(connection.connect_ex((endpoint.address, endpoint.port)))
        except BaseException:
            connection.close()
            raise
        return connection

    def _failures(self) -> int:
        return sum(1 for attempt in self._attempts if attempt.error)

    def _wait(self, next_at: float | None) -> None:
        """Wait until an attempt ends, or the next one is due."""
        for key, _events in self._selector.select(self._patience(next_at)):
            self._finish(cast(TimedSocket, key.fileobj), key.data)
        self._give_up_overdue()

    def _patience(self, next_at: float | None) -> float:
        ends = [attempt.began_at + self._timeout_seconds for attempt in self._under_way()]
        now = self._trace.clock()
        try:
            ends.append(now + self._trace.remaining_seconds())
        except DeadlineError:
            return 0.0
        return max(0.0, min(ends if next_at is None else [*ends, next_at]) - now)

    def _finish(self, connection: TimedSocket, attempt: _Attempt) -> None:
        try:
            _raise_for(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        except OSError as error:
            self._fail(attempt, error)
            return
        self._selector.unregister(connection)
        attempt.ended_at = self._trace.clock()
        self._winner = self._winner or attempt

    def _give_up_overdue(self) -> None:
        now = self._trace.clock()
        try:
            left = self._trace.remaining_seconds()
        except DeadlineError:
            left = 0.0
        for attempt in self._under_way():
            if left <= 0 or now - attempt.began_at >= self._timeout_seconds:
                self._fail(attempt, TimeoutError("timed out"))

    def _under_way(self) -> list[_Attempt]:
        return [key.data for key in self._selector.get_map().values()]

    def _fail(self, attempt: _Attempt, error: OSError) -> None:
        attempt.error, attempt.ended_at = error, self._trace.clock()
        if attempt.connection is not None:
            with suppress(KeyError):
                self._selector.unregister(attempt.connection)
            attempt.connection.close()

    def end(self) -> None:
        """Close what has not won, and write every attempt into the trace."""
        now = self._trace.clock()
        for attempt in self._attempts:
            if attempt is not self._winner and attempt.connection is not None:
                attempt.connection.close()
            spent = (attempt.ended_at or now) - attempt.began_at
            self._trace.attempts.append(
                AddressAttempt(
                    attempt.endpoint.address,
                    attempt.endpoint.port,
                    self._outcome(attempt),
                    spent * 1000,
                )
            )
        self._selector.close()

    def _outcome(self, attempt: _Attempt) -> str:
        if attempt is self._winner:
            return "connected"
        return _words(attempt.error)


def _raise_for(code: int) -> None:
    """Raises: OSError, in the subclass that the code stands for."""
    if code not in IN_PROGRESS:
        raise OSError(code, os.strerror(code))


def _words(error: OSError | None) -> str:
    """Return why an address lost: in the system's words, such as `network is unreachable`."""
    if error is None or isinstance(error, TimeoutError):
        return NO_RESPONSE
    said = error.strerror or "failed"
    return f"{said[:1].lower()}{said[1:]}"


def _how_little_it_tells(error: OSError) -> int:
    """A refusal tells more than silence, silence more than a family of addresses not in use."""
    kinds = (ConnectionRefusedError, TimeoutError)
    return next((rank for rank, kind in enumerate(kinds) if isinstance(error, kind)), len(kinds))
