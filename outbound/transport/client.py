"""The client that carries a decided route out: one call, one deadline, one record.

It keeps connections, bounds the calls at once, verifies TLS always, follows no redirect,
reads neither the environment nor ~/.netrc, and never tries again by itself: only the caller
knows whether a request may be repeated (it owns the idempotency key).
"""

import http.client
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import urllib3.exceptions
from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection

from outbound.route.decision import PORTS, Route
from outbound.route.hosts import normal_host, with_port
from outbound.route.proxy_address import ProxyAddress
from outbound.transport.concurrency_limit import BusyError, ConcurrencyLimit
from outbound.transport.connector import Connector, ProxyTLSError, Wire
from outbound.transport.resolver import LookUp, Override, OverrideError, Resolver, parse_resolve
from outbound.transport.trace import CallRecord, ProxyAnswer, Stage, TLSFacts, Trace, short
from outbound.transport.trust import CABundleError
from outbound.transport.tunnel import TunnelError, basic_credentials

__all__ = [
    "Answer",
    "BusyError",
    "CallFailed",
    "CallRecord",
    "Client",
    "Override",
    "OverrideError",
    "ProxyAnswer",
    "Stage",
    "TLSFacts",
    "parse_resolve",
]

LONGEST_ANSWER_BYTES = 32 * 1024 * 1024
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
UNSENDABLE_IN_TARGET = frozenset(map(chr, [*range(0x21), 0x7F]))
FAULTS = (
    OSError,
    ValueError,  # of a far side's words that cannot be read
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
    CABundleError,
    ProxyTLSError,
    TunnelError,
)


class UnsendableError(ValueError):
    """A header or the path holds a sign that HTTP cannot carry. Names the header only."""


class AnswerTooLongError(Exception):
    """The answer is longer than any that is expected."""


class CallFailed(Exception):
    """No whole answer came. `record` tells how far the call got, `__cause__` why it ended."""

    def __init__(self, record: CallRecord, route: Route) -> None:
        self.record = record
        self.route = route
        super().__init__(f"{record.method} {record.host}{record.path} failed at {record.stage}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `headers` are looked up in any case; `body` is decoded from gzip."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    record: CallRecord
    route: Route = field(repr=False)


class Client:
    """Calls far sides over decided routes. Thread-safe.

    `max_calls` bounds the calls at once, and half of it while they are not answered; another
    waits at most `turn_seconds` for its turn (`turns.py`).
    `deadline_seconds` spans everything: waiting, names, all addresses, proxy, TLS, request
    and the whole answer. `read_timeout_seconds` bounds one silence within it.
    """

    def __init__(
        self,
        *,
        ca_bundle: Path | None = None,
        deadline_seconds: float = 10.0,
        connect_timeout_seconds: float = 5.0,
        read_timeout_seconds: float | None = None,
        overrides: tuple[Override, ...] = (),
        max_calls: int = 8,
        turn_seconds: float = 1.0,
        idle_seconds: float = 30.0,
        look_up: LookUp | None = None,
    ) -> None:
        self._paths = Connector(
            ca_bundle=ca_bundle,
            resolver=Resolver(overrides, look_up),
            connect_timeout_seconds=connect_timeout_seconds,
        )
        self._deadline_seconds = deadline_seconds
        self._read_timeout_seconds = read_timeout_seconds
        self._turns = ConcurrencyLimit(most=max_calls, wait_seconds=turn_seconds)
        self._pool = ConnectionPool(most=max_calls, idle_seconds=idle_seconds)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        route: Route,
        deadline_seconds: float | None = None,
    ) -> Answer:
        """This will make one call and return the whole answer, whatever its status.

        Guarantees: it ends by the deadline; a failure before `Stage.SENT` sent nothing.
        Raises: CallFailed, and ValueError where `route` was decided for another address.
        """
        target = _request_target(url, route)
        trace = Trace(
            method=method,
            host=route.host,
            port=route.port,
            path=target.partition("?")[0],
            route=route.describe(),
            deadline_seconds=_or(deadline_seconds, self._deadline_seconds),
            silence_seconds=_or(self._read_timeout_seconds, float("inf")),
            repeatable=_is_repeatable(method, headers),
        )
        try:
            _check_sendable(target, headers)
            turn = self._turns.turn(within_seconds=trace.remaining_seconds())
            with turn, self._connection(route, trace) as connection:
                return connection.exchange(target, headers, body, route, trace)
        except (*FAULTS, BusyError, AnswerTooLongError) as error:
            raise CallFailed(trace.record(), route) from error

    def close(self) -> None:
        """Close the kept connections; calls under way go on, and the client stays usable."""
        self._pool.close()

    @contextmanager
    def _connection(self, route: Route, trace: Trace) -> Iterator["Connection"]:
        """A connection for one exchange; kept afterwards if it can serve again."""
        connection = self._pool.take(route)
        if connection is None:
            wire = self._paths.open(route, trace)
            connection = Connection(route, wire, trace.tls, trace.proxy_answer)
        else:
            connection.continue_for(trace)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._pool.give_back(connection)


class Connection(HTTPConnection):
    """HTTP over an opened path. It never connects by itself."""

    auto_open = 0

    def __init__(
        self, route: Route, wire: Wire, tls: TLSFacts | None, proxy_answer: ProxyAnswer | None
    ) -> None:
        super().__init__(route.host, route.port, timeout=None)
        self.key = _key(route)
        self.idle_since = 0.0
        self.sock = cast(Any, wire)
        self._tls = tls
        self._proxy_answer = proxy_answer

    def continue_for(self, trace: Trace) -> None:
        """Serve another call: its deadline and its record from here on."""
        wire = cast(Any, self.sock)
        while not hasattr(wire, "trace"):
            wire = wire.socket
        wire.trace = trace
        trace.reused, trace.tls, trace.proxy_answer = True, self._tls, self._proxy_answer

    def exchange(
        self,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        route: Route,
        trace: Trace,
    ) -> Answer:
        """Send the request and read the whole answer."""
        sent_headers = {**_own_headers(route), **headers}
        if route.proxy and _is_forwarded(route):
            target = f"http://{sent_headers['Host']}{target}"
        trace.remaining_seconds()
        # Nothing has been handed to a socket up to here.
        trace.enter(Stage.SENT)
        self.request(trace.method, target, body=body, headers=sent_headers, preload_content=False)
        response = self.getresponse()
        trace.enter(Stage.ANSWERED)
        trace.status = response.status
        trace.request_id = short(response.headers.get("Request-Id", ""))
        content = _whole_body(response)
        return Answer(response.status, response.headers, content, trace.record(), route)


def _request_target(url: str, route: Route) -> str:
    parts = urlsplit(url)
    port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    if (parts.scheme, normal_host(parts.hostname or ""), port) != (
        route.scheme,
        route.host,
        route.port,
    ):
        raise ValueError("the route was decided for another address")
    return f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def _or(seconds: float | None, otherwise: float) -> float:
    """0 is a time too: none is left."""
    return otherwise if seconds is None else seconds


def _check_sendable(target: str, headers: Mapping[str, str]) -> None:
    """http.client would put the value, which may be a key, into its error."""
    if not UNSENDABLE_IN_TARGET.isdisjoint(target) or not target.isascii():
        raise UnsendableError("the path or the query")
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
            raise UnsendableError(f"the header {name!r}")


def _is_repeatable(method: str, headers: Mapping[str, str]) -> bool:
    """True where sending the request twice has the effect of sending it once."""
    return method.upper() in {"GET", "HEAD"} or "idempotency-key" in map(str.lower, headers)


def _own_headers(route: Route) -> dict[str, str]:
    bare = with_port(route.host, route.port)
    host = bare.rpartition(":")[0] if route.port == PORTS[route.scheme] else bare
    credentials = basic_credentials(route.proxy) if route.proxy else None
    if credentials and _is_forwarded(route):
        return {"Host": host, "Proxy-Authorization": credentials}
    return {"Host": host}


def _is_forwarded(route: Route) -> bool:
    """True where an HTTP proxy reads the request itself, instead of leading on to TLS."""
    return route.proxy is not None and not route.proxy.is_socks and route.scheme == "http"


def _whole_body(response: BaseHTTPResponse) -> bytes:
    """Raises: AnswerTooLongError, urllib3.exceptions.HTTPError where it is cut short."""
    body = response.read(LONGEST_ANSWER_BYTES + 1)
    if len(body) > LONGEST_ANSWER_BYTES:
        raise AnswerTooLongError(f"more than {LONGEST_ANSWER_BYTES} bytes")
    return body


Key = tuple[ProxyAddress | None, str, str, int]


def _key(route: Route) -> Key:
    return route.proxy, route.scheme, route.host, route.port


class ConnectionPool:
    """Connections that wait for the next call, the youngest first. Thread-safe.

    A far side that closed its end is noticed before a connection is used again. One that
    closes just then cannot be told from one that took the request: such a call fails at
    `Stage.SENT` with `reused` set, and repeating it is the caller's decision. Old
    connections are dropped to make that rare.
    """

    def __init__(self, *, most: int, idle_seconds: float) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._connections: list[Connection] = []
        self._process_id = os.getpid()

    def take(self, route: Route) -> Connection | None:
        """A connection of the same proxy and far side that seems alive, or None."""
        while True:
            with self._lock:
                self._forget_those_of_a_parent_process()
                connection = self._pick(_key(route))
            if connection is None or self._is_usable(connection):
                return connection
            connection.close()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose answer was read to its end, if it can go on."""
        if connection.sock is None:
            return
        connection.idle_since = time.monotonic()
        with self._lock:
            self._connections.append(connection)
            dropped = self._connections[: -self._most]
            del self._connections[: -self._most]
        for old in dropped:
            old.close()

    def close(self) -> None:
        """Close all."""
        with self._lock:
            connections, self._connections = self._connections, []
        for connection in connections:
            connection.close()

    def _pick(self, key: Key) -> Connection | None:
        for index in range(len(self._connections) - 1, -1, -1):
            if self._connections[index].key == key:
                return self._connections.pop(index)
        return None

    def _is_usable(self, connection: Connection) -> bool:
        fresh = time.monotonic() - connection.idle_since < self._idle_seconds
        return fresh and connection.is_connected

    def _forget_those_of_a_parent_process(self) -> None:
        """After a fork two processes would speak on one TLS connection."""
        if self._process_id == os.getpid():
            return
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._process_id = os.getpid()
