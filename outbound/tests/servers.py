"""TLS servers on loopback for tests. Each test decides how its server responds."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from testing.proxies import raw_server

BODY = b'{"object": "balance", "livemode": false}'
Behavior = Callable[[socket.socket], None]


def http_answer(
    body: bytes = BODY,
    status: str = "200 OK",
    headers: Sequence[str] = ("Request-Id: req_1",),
    length: int | None = None,
) -> bytes:
    """The bytes of an answer; `length` may claim another than the body's."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def answer_with(*args, **kwargs) -> Behavior:
    """A far side that answers so to each request."""
    return lambda connection: connection.sendall(http_answer(*args, **kwargs))


@dataclass
class FarSide:
    """A server at work: its port, the requests that it read, the connections it took."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def far_side(context: ssl.SSLContext | None, behave: Behavior | None = None) -> Iterator[FarSide]:
    """A server that reads requests one after another and does `behave` after each."""
    side = FarSide()
    behave = behave or answer_with()

    def talk(plain: socket.socket) -> None:
        side.connections += 1
        # A copy of the socket: the original stays, so that the server can end this thread.
        connection = plain.dup()
        with suppress(ssl.SSLError), _secured(connection, context) as secured:
            while request := read_request(secured):
                side.requests.append(request)
                behave(secured)

    with raw_server(talk) as side.port:
        yield side


@contextmanager
def _secured(connection, context):
    if context is None:
        with connection:
            yield connection
        return
    with connection, context.wrap_socket(connection, server_side=True) as secured:
        yield secured


def read_request(connection: socket.socket) -> bytes:
    """A whole request: head, and a body of the length that the head names."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(lines.get(b"content-length", 0)):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def say_nothing(connection: socket.socket) -> None:
    """Wait until the other side gives up."""
    connection.recv(1)


def reset(connection: socket.socket) -> None:
    """End the connection with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    socket.socket(fileno=connection.detach()).close()


def hang_up(connection: socket.socket) -> None:
    """Close at once."""
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def tls_in_front_of(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """TLS before a plain server, which makes an https:// proxy of a proxy."""

    def relay(plain: socket.socket) -> None:
        copy = plain.dup()
        with (
            copy,
            context.wrap_socket(copy, server_side=True) as secured,
            socket.create_connection(("127.0.0.1", port)) as onward,
        ):
            back = threading.Thread(target=pump, args=(onward, secured))
            back.start()
            pump(secured, onward)
            back.join()

    with raw_server(relay) as front:
        yield front


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes until one side ends."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
