"""A load generator: prepared requests over a few keep-alive connections.

One thread, and no parsing beyond status and length, so that it takes little CPU time itself.
"""

import re
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

CONNECTIONS = 8
SHORTEST_WAIT_SECONDS = 0.005
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"


class Stalled(Exception):
    """The server did not answer all requests in time."""


class Unreadable(Exception):
    """A response without Content-Length, or a connection that the server closed."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def encode(self, port: int) -> bytes:
        """The bytes of the request to that port of 127.0.0.1."""
        body = self.body.encode()
        headers = {"Host": f"127.0.0.1:{port}", **self.headers}
        if body:
            headers["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + body


@dataclass(slots=True)
class Load:
    """The seconds until each response, the seconds of all together, and the statuses."""

    seconds: list[float] = field(default_factory=list)
    elapsed_seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Connection:
    """One connection: the requests still to send, and what was received of a response."""

    socket: socket.socket
    pending: Iterator[bytes]
    received: bytes = b""
    sent_at: float = 0.0

    def send_next(self) -> bool:
        """Send the next request; False if none is left."""
        request = next(self.pending, None)
        if request is None:
            return False
        self.send(request, counted_from=time.perf_counter())
        return True

    def send(self, request: bytes, *, counted_from: float) -> None:
        """Send a request whose waiting time counts from that moment."""
        self.received, self.sent_at = b"", counted_from
        self.socket.sendall(request)

    def read(self) -> int | None:
        """Receive; the status once the response is complete. Raises: Unreadable."""
        part = self.socket.recv(65536)
        if not part:
            raise Unreadable("the server closed the connection")
        self.received += part
        head, end, body = self.received.partition(HEAD_END)
        if not end:
            return None
        length = LENGTH.search(head + b"\r\n")
        if not length:
            raise Unreadable("a response without Content-Length")
        return int(head[9:12]) if len(body) >= int(length[1]) else None


def drive(
    port: int,
    requests: Sequence[Request],
    *,
    connections: int = CONNECTIONS,
    within_seconds: float = 30.0,
) -> Load:
    """Send all requests; each connection sends its next one as soon as it has a response.

    Raises: Stalled, Unreadable.
    """
    prepared = iter([request.encode(port) for request in requests])
    opened = [
        _Connection(socket.create_connection(("127.0.0.1", port), timeout=within_seconds), prepared)
        for _connection in range(min(connections, len(requests)))
    ]
    try:
        return _driven(opened, within_seconds)
    finally:
        for one in opened:
            one.socket.close()


def drive_at_rate(
    ports: Sequence[int],
    requests: Sequence[Request],
    *,
    per_second: float,
    connections: int = 64,
    within_seconds: float = 30.0,
) -> Load:
    """Send so many requests a second, however long the server takes, to the ports in turn.

    The waiting time of a request counts from when it was due, so that a server that falls behind
    cannot hide it. Raises: Stalled, Unreadable.
    """
    opened = [
        (port, _Connection(socket.create_connection(("127.0.0.1", port), timeout=30), iter([])))
        for port in islice(cycle(ports), connections)
    ]
    try:
        with selectors.DefaultSelector() as selector:
            for one in opened:
                selector.register(one[1].socket, selectors.EVENT_READ, one)
            return _driven_at_rate(selector, deque(opened), requests, per_second, within_seconds)
    finally:
        for _port, connection in opened:
            connection.socket.close()


def _driven_at_rate(
    selector: selectors.BaseSelector,
    idle: "deque[tuple[int, _Connection]]",
    requests: Sequence[Request],
    per_second: float,
    within_seconds: float,
) -> Load:
    load, started, sent = Load(), time.perf_counter(), 0
    ends_at = started + len(requests) / per_second + within_seconds
    while len(load.seconds) < len(requests):
        now = time.perf_counter()
        if now > ends_at:
            raise Stalled(f"{len(load.seconds)} of {len(requests)} responses in time")
        while idle and sent < len(requests) and started + sent / per_second <= now:
            port, connection = idle.popleft()
            connection.send(requests[sent].encode(port), counted_from=started + sent / per_second)
            sent += 1
        for key, _events in selector.select(timeout=SHORTEST_WAIT_SECONDS):
            if (status := key.data[1].read()) is not None:
                load.seconds.append(time.perf_counter() - key.data[1].sent_at)
                load.statuses[status] += 1
                idle.append(key.data)
    load.elapsed_seconds = time.perf_counter() - started
    return load


def _driven(opened: list[_Connection], within_seconds: float) -> Load:
    load, started = Load(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for one in opened:
            one.send_next()
            selector.register(one.socket, selectors.EVENT_READ, one)
        while selector.get_map():
            _receive(selector, load, until=started + within_seconds)
    load.elapsed_seconds = time.perf_counter() - started
    return load


def _receive(selector: selectors.BaseSelector, load: Load, *, until: float) -> None:
    """Receive on every readable connection, and send its next request after a response."""
    ready = selector.select(timeout=max(until - time.perf_counter(), 0))
    if not ready:
        raise Stalled(f"{sum(load.statuses.values())} responses, then none in time")
    for key, _events in ready:
        one: _Connection = key.data
        status = one.read()
        if status is None:
            continue
        load.seconds.append(time.perf_counter() - one.sent_at)
        load.statuses[status] += 1
        if not one.send_next():
            selector.unregister(one.socket)
