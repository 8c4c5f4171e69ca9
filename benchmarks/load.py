"""A load generator: prepared requests over a few keep-alive connections.

One thread, and no parsing beyond status and length, so that it takes little CPU time itself.
"""

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

CONNECTIONS = 8
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
        self.received, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(request)
        return True

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
