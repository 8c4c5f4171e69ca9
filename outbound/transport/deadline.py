"""Sockets that keep to a call's deadline, whatever the far side does.

A time-out of a socket bounds one silence; a far side that drips a byte now and then passes
it for ever. These set their time-out anew before each operation, to what the call has left.
That costs less than a microsecond, and needs neither a thread nor a signal.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, cast

from outbound.transport.trace import Trace

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let go of it."""


class TimedSocket(socket.socket):
    """A TCP socket under a trace's deadline. `trace` is set before each call."""

    trace: Trace

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """As socket.recv. Raises: TimeoutError."""
        self.settimeout(self.trace.patience_seconds())
        return _received(self.trace, super().recv(bufsize, flags))

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """As socket.recv_into. Raises: TimeoutError."""
        self.settimeout(self.trace.patience_seconds())
        count = super().recv_into(buffer, nbytes, flags)
        self.trace.count_received(count)
        return count

    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        """As socket.sendall, whose time-out spans all of the data. Raises: TimeoutError."""
        self.settimeout(self.trace.patience_seconds())
        self.trace.count_sent(memoryview(data).nbytes)
        super().sendall(data, flags)


class TimedTLSSocket(ssl.SSLSocket):
    """A TLS socket under a trace's deadline. `trace` is set before each call.

    OpenSSL may need several records for one operation; CPython's time-out spans them all.
    """

    trace: Trace

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """As SSLSocket.recv. Raises: TimeoutError."""
        self.settimeout(self.trace.patience_seconds())
        return _received(self.trace, super().recv(buflen, flags))

    def recv_into(
        self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0
    ) -> int:
        """As SSLSocket.recv_into. Raises: TimeoutError."""
        self.settimeout(self.trace.patience_seconds())
        count = super().recv_into(buffer, nbytes, flags)
        self.trace.count_received(count)
        return count

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        """As SSLSocket.send, which sendall is made of. Raises: TimeoutError."""
        self.settimeout(self.trace.patience_seconds())
        self.trace.count_sent(memoryview(data).nbytes)
        return super().send(data, flags)

    def do_handshake(self, block: bool = False) -> None:
        """As SSLSocket.do_handshake. Raises: TimeoutError, ssl.SSLError."""
        self.settimeout(self.trace.patience_seconds())
        super().do_handshake(block)


def _received(trace: Trace, data: bytes) -> bytes:
    trace.count_received(len(data))
    return data


@contextmanager
def closed_on_failure(connection: Closable) -> Iterator[None]:
    """Close the connection if the block fails, and only then."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            connection.close()
        raise


def shake_hands(
    connection: TimedSocket, context: ssl.SSLContext, name: str, trace: Trace
) -> TimedTLSSocket:
    """TLS over a connected socket, which this takes over. `context` makes TimedTLSSockets.

    Raises: ssl.SSLError, OSError; the connection is closed then.
    """
    with closed_on_failure(connection):
        wrapped = context.wrap_socket(
            connection, server_hostname=name, do_handshake_on_connect=False
        )
    with closed_on_failure(wrapped):
        secured = cast(TimedTLSSocket, wrapped)
        secured.trace = trace
        secured.do_handshake()
    return secured
