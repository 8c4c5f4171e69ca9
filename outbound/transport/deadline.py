"""Sockets that keep to a call's deadline, whatever the far side does.

A socket's timeout bounds one silence, so a far side that sends a byte now and then never
meets it. These sockets set their timeout anew before each operation, to the time that the
call has left. That costs less than a microsecond, and needs neither a thread nor a signal.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, cast

from outbound.transport.http_answer import PLAIN_TEXT, PlainAnswer, read_plain_answer
from outbound.transport.trace import Trace

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


PEEKED_BYTES = 8
# How long a page may take to come that is read for its title alone.
PAGE_SILENCE_SECONDS = 0.5


class NotTLSError(Exception):
    """Somebody answered in plain text where TLS was expected; `answer` tells what."""

    def __init__(self, answer: PlainAnswer) -> None:
        self.answer = answer
        super().__init__("an answer without TLS")


class Closable(Protocol):
    """Anything with `close()`."""

    def close(self) -> None:
        """Release it."""


class TimedSocket(socket.socket):
    """A TCP socket under the deadline of a trace. `trace` is set before each call."""

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
        """As socket.sendall, whose timeout spans all of the data. Raises: TimeoutError."""
        self.settimeout(self.trace.patience_seconds())
        self.trace.count_sent(memoryview(data).nbytes)
        super().sendall(data, flags)


class TimedTLSSocket(ssl.SSLSocket):
    """A TLS socket under the deadline of a trace. `trace` is set before each call.

    OpenSSL may need several records for one operation; CPython's timeout spans them all.
    """

    trace: Trace
    # What was read while another handshake ran inside; None where nobody wants it.
    heard: bytearray | None = None

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """As SSLSocket.recv. Raises: TimeoutError."""
        self.settimeout(self.trace.patience_seconds())
        data = _received(self.trace, super().recv(buflen, flags))
        if self.heard is not None:
            self.heard += data
        return data

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
    """Start TLS over a connected socket, which this takes over. `context` makes TimedTLSSockets.

    Raises: NotTLSError, ssl.SSLError, OSError; the connection is closed then.
    """
    with closed_on_failure(connection):
        wrapped = context.wrap_socket(
            connection, server_hostname=name, do_handshake_on_connect=False
        )
    with closed_on_failure(wrapped):
        secured = cast(TimedTLSSocket, wrapped)
        secured.trace = trace
        _refuse_plain_http(secured, trace)
        secured.do_handshake()
    return secured


def _refuse_plain_http(secured: TimedTLSSocket, trace: Trace) -> None:
    """Send ClientHello, and look at the first bytes of the answer before OpenSSL takes them.

    Raises: NotTLSError where they are HTTP or a page.
    """
    secured.settimeout(0)
    with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
        ssl.SSLSocket.do_handshake(secured)
    raw = RawBytes(secured, trace)
    if raw.peek().startswith(PLAIN_TEXT):
        with trace.silence_of_at_most(PAGE_SILENCE_SECONDS):
            raise NotTLSError(read_plain_answer(raw, b""))


class RawBytes:
    """The bytes below a TLS socket, under the same deadline."""

    def __init__(self, secured: TimedTLSSocket, trace: Trace) -> None:
        self._secured = secured
        self._trace = trace

    def peek(self) -> bytes:
        """Return the next bytes and leave them there; empty where the far side has closed."""
        return self._read(PEEKED_BYTES, socket.MSG_PEEK)

    def recv(self, count: int) -> bytes:
        """As socket.recv. Raises: TimeoutError."""
        return self._read(count, 0)

    def _read(self, count: int, flags: int) -> bytes:
        self._secured.settimeout(self._trace.patience_seconds())
        return socket.socket.recv(self._secured, count, flags)
