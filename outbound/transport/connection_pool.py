"""Connections that wait for the next call, and one exchange over a connection."""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection

from outbound.route import PORTS, ProxyAddress, Route
from outbound.route.hosts import with_port
from outbound.transport.connector import Wire
from outbound.transport.http_tunnel import basic_credentials
from outbound.transport.trace import CallRecord, ProxyAnswer, Stage, TLSFacts, Trace, short

ANSWER_BYTES = 32 * 1024 * 1024

Key = tuple[ProxyAddress | None, str, str, int]


class AnswerTooLongError(Exception):
    """The answer is longer than any that is expected."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `headers` are looked up in any case; `body` is decoded from gzip."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    record: CallRecord
    route: Route = field(repr=False)


class Connection(HTTPConnection):
    """HTTP over an opened socket. It never connects by itself."""

    auto_open = 0

    def __init__(
        self, route: Route, wire: Wire, tls: TLSFacts | None, proxy_answer: ProxyAnswer | None
    ) -> None:
        super().__init__(route.host, route.port, timeout=None)
        self.key = key_of(route)
        self.idle_since = 0.0
        self.sock = cast(Any, wire)
        self._tls = tls
        self._proxy_answer = proxy_answer

    def continue_for(self, trace: Trace) -> None:
        """Serve another call: its deadline and its trace from here on."""
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
        """Send the request and read the whole answer. Raises: AnswerTooLongError, OSError and others."""
        sent_headers = {**_own_headers(route), **headers}
        if _is_forwarded(route):
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


def key_of(route: Route) -> Key:
    """Return what two routes share whose calls can use one connection."""
    return route.proxy, route.scheme, route.host, route.port


def _own_headers(route: Route) -> dict[str, str]:
    bare = with_port(route.host, route.port)
    host = bare.rpartition(":")[0] if route.port == PORTS[route.scheme] else bare
    credentials = basic_credentials(route.proxy) if route.proxy else None
    if credentials and _is_forwarded(route):
        return {"Host": host, "Proxy-Authorization": credentials}
    return {"Host": host}


def _is_forwarded(route: Route) -> bool:
    """True where an HTTP proxy reads the request itself, instead of opening a tunnel."""
    return route.proxy is not None and not route.proxy.is_socks and route.scheme == "http"


def _whole_body(response: BaseHTTPResponse) -> bytes:
    """Raises: AnswerTooLongError, urllib3.exceptions.HTTPError where it is cut short."""
    body = response.read(ANSWER_BYTES + 1)
    if len(body) > ANSWER_BYTES:
        raise AnswerTooLongError(f"more than {ANSWER_BYTES} bytes")
    return body


class ConnectionPool:
    """Connections that wait for the next call, the youngest first. Thread-safe.

    A connection that the far side has closed is noticed before it is used. One that closes
    at that very moment is not: the call then fails at `Stage.SENT` with `reused` set.
    """

    def __init__(self, *, most: int, idle_seconds: float) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._connections: list[Connection] = []
        self._process_id = os.getpid()

    def take(self, route: Route) -> Connection | None:
        """Return a connection of the same proxy and far side that seems alive, or None."""
        while True:
            with self._lock:
                self._forget_those_of_a_parent_process()
                connection = self._pick(key_of(route))
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

    def close(self, route: Route | None = None) -> None:
        """Close all connections, or all that `route` could use."""
        with self._lock:
            closing = [
                each for each in self._connections if route is None or each.key == key_of(route)
            ]
            self._connections = [each for each in self._connections if each not in closing]
        for connection in closing:
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
