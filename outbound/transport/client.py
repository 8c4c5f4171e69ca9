"""Make one call over a decided route, within one deadline, and record it.

The client keeps connections, bounds the calls at once, always verifies TLS, follows no
redirect, and reads neither the environment nor ~/.netrc. It sends a request a second time in
one case only: a kept connection ended before a byte of the answer, and the request may be
repeated. All other retries are the caller's.
"""

import http.client
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import urllib3.exceptions

from outbound.route import PORTS, Route
from outbound.route.hosts import normal_host
from outbound.transport.ca_bundle import CABundleError
from outbound.transport.concurrency_limit import BusyError, ConcurrencyLimit
from outbound.transport.connection_pool import (
    Answer,
    AnswerTooLongError,
    Connection,
    ConnectionPool,
)
from outbound.transport.connector import CertificateRefusedError, Connector, ProxyTLSError
from outbound.transport.deadline import NotTLSError
from outbound.transport.http_answer import NotHTTPError
from outbound.transport.http_tunnel import TunnelRefusedError
from outbound.transport.resolver import LookUp, Override, Resolver
from outbound.transport.socks import SocksError
from outbound.transport.trace import CallRecord, Trace

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
UNSENDABLE_IN_TARGET = frozenset(map(chr, [*range(0x21), 0x7F]))
# What can go wrong on the way. Anything else is an error in this code, and is not caught.
FAULTS = (
    OSError,
    ValueError,  # a response that cannot be parsed, and UnsendableError
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
    AnswerTooLongError,
    BusyError,
    CABundleError,
    CertificateRefusedError,
    NotHTTPError,
    NotTLSError,
    ProxyTLSError,
    SocksError,
    TunnelRefusedError,
)
# How a pooled connection that the server has closed fails at the next request.
CONNECTION_ENDED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class UnsendableError(ValueError):
    """A header or the path holds a character that HTTP cannot carry. Names the header only."""


class CallFailed(Exception):
    """No complete answer came. `record` says how far the call got, `__cause__` why it ended."""

    def __init__(self, record: CallRecord, route: Route) -> None:
        self.record = record
        self.route = route
        super().__init__(f"{record.method} {record.host}{record.path} failed at {record.stage}")


class Client:
    """Calls far sides over decided routes. Thread-safe.

    `max_calls` bounds the calls at once, and half of it while they are not answered; another
    waits at most `wait_seconds` (`concurrency_limit.py`). `deadline_seconds` spans
    everything: waiting, names, all addresses, proxy, TLS, request and the whole answer.
    `read_timeout_seconds` bounds one silence within it.
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
        wait_seconds: float = 1.0,
        idle_seconds: float = 30.0,
        look_up: LookUp | None = None,
    ) -> None:
        self._connector = Connector(
            ca_bundle=ca_bundle,
            resolver=Resolver(overrides, look_up),
            connect_timeout_seconds=connect_timeout_seconds,
        )
        self._deadline_seconds = deadline_seconds
        self._read_timeout_seconds = read_timeout_seconds
        self._limit = ConcurrencyLimit(most=max_calls, wait_seconds=wait_seconds)
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
        """Make one call and return the whole answer, whatever its status.

        Guarantees: it ends by the deadline; a failure whose record counts no sent bytes
        cannot have had an effect. Raises: CallFailed, and ValueError where `route` was
        decided for another address.
        """
        target = _request_target(url, route)
        trace = Trace(
            method=method,
            host=route.host,
            port=route.port,
            path=target.partition("?")[0],
            route=route.describe(),
            deadline_seconds=_seconds_or(deadline_seconds, self._deadline_seconds),
            silence_seconds=_seconds_or(self._read_timeout_seconds, float("inf")),
            repeatable=_is_repeatable(method, headers),
        )
        try:
            _check_sendable(target, headers)
            with self._limit.slot(within_seconds=trace.remaining_seconds()):
                return self._exchange(target, headers, body, route, trace)
        except FAULTS as error:
            raise CallFailed(trace.record(), route) from error

    def close(self) -> None:
        """Close the kept connections; calls under way go on, and the client stays usable."""
        self._pool.close()

    def _exchange(
        self,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        route: Route,
        trace: Trace,
    ) -> Answer:
        kept = self._pool.take(route)
        if kept is not None:
            kept.continue_for(trace)
            try:
                with self._kept_afterwards(kept):
                    return kept.exchange(target, headers, body, route, trace)
            except CONNECTION_ENDED:
                # Whether the far side read the request is unknown, so only one that may be
                # repeated goes again. The other kept connections are as old as this one.
                if trace.bytes_received or not trace.repeatable:
                    raise
                self._pool.close(route)
                trace.reused, trace.resent = False, True
        with self._kept_afterwards(self._open_connection(route, trace)) as connection:
            return connection.exchange(target, headers, body, route, trace)

    def _open_connection(self, route: Route, trace: Trace) -> Connection:
        wire = self._connector.open(route, trace)
        return Connection(route, wire, trace.tls, trace.proxy_answer)

    @contextmanager
    def _kept_afterwards(self, connection: Connection) -> Iterator[Connection]:
        """Keep the connection for the next call if the block succeeds; otherwise close it."""
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._pool.give_back(connection)


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


def _seconds_or(seconds: float | None, default: float) -> float:
    """Return the seconds, or the default for None; 0 stays, because it means no time is left."""
    return default if seconds is None else seconds


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
