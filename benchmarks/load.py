"""A load client: requests prepared beforehand, over a few connections that are kept open.

One thread and no parsing beyond the length of an answer, so that it takes little of the
machine that it measures.
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
    """The server did not answer everything within the time that was given."""


class Unreadable(Exception):
    """An answer without a length, or a connection that the server closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, for a server or for an application that is called without one."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def on_the_wire(self, port: int) -> bytes:
        """The request as HTTP/1.1 sends it to that port of 127.0.0.1."""
        body = self.body.encode()
        headers = {"Host": f"127.0.0.1:{port}", **self.headers}
        if body:
            headers["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + body


@dataclass(slots=True)
class Load:
    """What came of a load: the seconds of each answer, of all together, and the statuses."""

    seconds: list[float] = field(default_factory=list)
    elapsed_seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Lane:
    """One connection, with what it still has to send and what it has read so far."""

    socket: socket.socket
    waiting: Iterator[bytes]
    received: bytes = b""
    sent_at: float = 0.0

    def send_next(self) -> bool:
        """Send the next request; False where none is left."""
        request = next(self.waiting, None)
        if request is None:
            return False
        self.received, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(request)
        return True

    def read(self) -> int | None:
        """The status once the whole answer is there. Raises: Unreadable."""
        part = self.socket.recv(65536)
        if not part:
            raise Unreadable("the server closed the connection")
        self.received += part
        head, end, body = self.received.partition(HEAD_END)
        if not end:
            return None
        length = LENGTH.search(head + b"\r\n")
        if not length:
            raise Unreadable("an answer without Content-Length")
        return int(head[9:12]) if len(body) >= int(length[1]) else None


def drive(
    port: int,
    requests: Sequence[Request],
    *,
    connections: int = CONNECTIONS,
    within_seconds: float = 30.0,
) -> Load:
    """Send all requests, each connection the next one as soon as it has its answer.

    Raises: Stalled, Unreadable.
    """
    prepared = iter([request.on_the_wire(port) for request in requests])
    lanes = [
        _Lane(socket.create_connection(("127.0.0.1", port), timeout=within_seconds), prepared)
        for _connection in range(min(connections, len(requests)))
    ]
    try:
        return _driven(lanes, within_seconds)
    finally:
        for lane in lanes:
            lane.socket.close()


def _driven(lanes: list[_Lane], within_seconds: float) -> Load:
    load, started = Load(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for lane in lanes:
            lane.send_next()
            selector.register(lane.socket, selectors.EVENT_READ, lane)
        while selector.get_map():
            _turn(selector, load, until=started + within_seconds)
    load.elapsed_seconds = time.perf_counter() - started
    return load


def _turn(selector: selectors.BaseSelector, load: Load, *, until: float) -> None:
    """Read what has come on any connection, and send on where an answer is whole."""
    ready = selector.select(timeout=max(until - time.perf_counter(), 0))
    if not ready:
        raise Stalled(f"{sum(load.statuses.values())} answers, then none in time")
    for key, _events in ready:
        lane: _Lane = key.data
        status = lane.read()
        if status is None:
            continue
        load.seconds.append(time.perf_counter() - lane.sent_at)
        load.statuses[status] += 1
        if not lane.send_next():
            selector.unregister(lane.socket)
