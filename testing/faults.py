"""Network faults that can be turned on and off: real sockets on loopback, and a broken resolver.

A front is a server that forwards to another port, or misbehaves while its fault is on: the same
settings then fail and succeed. For proxies see `proxies.py`; faults of Stripe itself are injected
in the sandbox.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from outbound.tests.servers import pump, read_request, reset
from testing.proxies import Talk, raw_server

Conversation = Callable[[socket.socket, bytes], None]
# With a backlog of 0 the kernel keeps one connection, and drops the SYN of the others.
FILLERS = 3


@dataclass(frozen=True)
class Fault:
    """A switch for a fault, read for each connection."""

    _absent: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._absent.set()

    @property
    def is_present(self) -> bool:
        """Return True while the fault is on."""
        return not self._absent.is_set()

    def wait_for_end(self) -> None:
        """Wait until the fault is off."""
        self._absent.wait()

    @contextmanager
    def present(self) -> Iterator[None]:
        """Turn the fault on inside the block."""
        self._absent.clear()
        try:
            yield
        finally:
            self._absent.set()


@contextmanager
def front(fault: Fault, talk: Talk, *, beyond: int) -> Iterator[int]:
    """A port that does `talk` while the fault is present, and otherwise forwards to `beyond`."""
    with raw_server(lambda each: talk(each) if fault.is_present else relay(each, beyond)) as port:
        yield port


@contextmanager
def tls_front(
    fault: Fault, context: ssl.SSLContext, converse: Conversation, *, beyond: int
) -> Iterator[int]:
    """A port that speaks TLS while the fault is present, and does `converse` for each request."""

    def talk(connection: socket.socket) -> None:
        # A copy: the server keeps the original to end this thread by.
        with context.wrap_socket(connection.dup(), server_side=True) as secured:
            while request := read_request(secured):
                converse(secured, request)

    with front(fault, talk, beyond=beyond) as port:
        yield port


def relay(connection: socket.socket, port: int) -> None:
    """Carry bytes between a connection and a port of 127.0.0.1 until one side ends."""
    with socket.create_connection(("127.0.0.1", port)) as onward:
        back = threading.Thread(target=pump, args=(onward, connection))
        back.start()
        pump(connection, onward)
        back.join()


@contextmanager
def dropping_port() -> Iterator[int]:
    """A port that does not even answer SYN, as behind a firewall: its queue is full."""
    with dropping_address("127.0.0.1", 0) as port:
        yield port


@contextmanager
def dropping_address(address: str, port: int) -> Iterator[int]:
    """The same on another address of this machine, on demand on a port that is in use elsewhere."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((address, port), backlog=0))
        for _filler in range(FILLERS):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def whole_answer(port: int, request: bytes) -> bytes:
    """Forward the request to a server on 127.0.0.1, and return its complete response."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
    lines = [f"HTTP/1.1 {response.status} {response.reason}", f"Content-Length: {len(body)}"]
    kept = ("content-type", "request-id", "date")
    lines += [f"{name}: {value}" for name, value in response.getheaders() if name.lower() in kept]
    return "\r\n".join([*lines, "", ""]).encode() + body


def says(answer: bytes) -> Talk:
    """Read the first bytes, send this, and wait until the peer closes."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)
        hold(connection)

    return talk


def hold(connection: socket.socket) -> None:
    """Read until the peer closes, and send nothing."""
    while connection.recv(65536):
        pass


def read_and_reset(connection: socket.socket) -> None:
    """Read the first bytes, and reset the connection."""
    connection.recv(65536)
    reset(connection)


def drip(connection: socket.socket, answer: bytes, *, pause_seconds: float = 0.1) -> None:
    """Send the head at once, and the body a byte at a time."""
    head, mark, body = answer.partition(b"\r\n\r\n")
    connection.sendall(head + mark)
    for byte in body:
        connection.sendall(bytes([byte]))
        time.sleep(pause_seconds)


def page(body: str, status: str = "200 OK", *headers: str) -> bytes:
    """Return an HTTP response with an HTML page, unlike the API's."""
    content = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Content-Type: text/html"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content


@contextmanager
def resolver_with(names: Mapping[str, tuple[str, ...]]) -> Iterator[None]:
    """These names have these addresses; a name with a trailing dot is another one."""
    real: Any = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if host not in names:
            return real(host, port, *rest, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in names[host]]

    with mock.patch.object(socket, "getaddrinfo", look_up):
        yield


@contextmanager
def broken_resolver(fault: Fault, name: str, error: int | None) -> Iterator[None]:
    """A name of this machine; while the fault is present, getaddrinfo fails with `error`.

    None: it does not answer at all until the fault is lifted. The machine's own resolver
    is the one part that cannot be run on loopback without privileges, so it is replaced
    where the process meets it.
    """
    real: Any = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **options: Any) -> Any:
        if host not in {name, f"{name}."}:
            return real(host, *rest, **options)
        if fault.is_present and error is not None:
            raise socket.gaierror(error, "broken for a test")
        fault.wait_for_end()
        return real("127.0.0.1", *rest, **options)

    with mock.patch.object(socket, "getaddrinfo", look_up):
        yield
