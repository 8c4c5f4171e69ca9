"""Sockets that keep to a call's deadline, whatever the far side does.

A socket's timeout bounds one silence, so a far side that sends a byte now and then never
meets it. These sockets set their timeout anew before each operation, to the time that the
call has left. That costs less than a microsecond, and needs neither a thread nor a signal.
"""

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, cast

from outbound.transport.http_answer import PIECE_BYTES, PlainAnswer, plain_answer_in
from outbound.transport.trace import Trace

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


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
        if not hasattr(self, "trace"):
            # wrap_socket reads from a socket that the far side has reset before the handshake,
            # and does not close it.
            self.close()
            raise _reset()
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
        """As SSLSocket.do_handshake. Raises: TimeoutError, ConnectionResetError, ssl.SSLError."""
        self.settimeout(self.trace.patience_seconds())
        try:
            super().do_handshake(block)
        except OSError as error:
            if error.errno == errno.ENOTCONN:
                raise _reset() from error
            raise


def _reset() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


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
        try:
            secured.do_handshake()
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            answer = _plain_answer_after(error, secured, trace)
            if answer is None:
                raise
            raise NotTLSError(answer) from error
    return secured


def _plain_answer_after(
    error: ssl.SSLError, secured: TimedTLSSocket, trace: Trace
) -> PlainAnswer | None:
    """The answer without TLS that OpenSSL stumbled over, of which it has read a record's head."""
    if isinstance(error, ssl.SSLEOFError) or "ALERT" in (error.reason or ""):
        return None
    raw = RawBytes(secured, trace)
    with trace.silence_of_at_most(PAGE_SILENCE_SECONDS), suppress(OSError):
        return plain_answer_in(raw, b"HTTP/", raw.recv(PIECE_BYTES))
    return None


class RawBytes:
    """The bytes below a TLS socket, under the same deadline."""

    def __init__(self, secured: TimedTLSSocket, trace: Trace) -> None:
        self._secured = secured
        self._trace = trace

    def recv(self, count: int) -> bytes:
        """As socket.recv. Raises: TimeoutError."""
        self._secured.settimeout(self._trace.patience_seconds())
        return socket.socket.recv(self._secured, count)
