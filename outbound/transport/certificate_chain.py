"""Read the certificates that a far side presents, though they are not trusted.

Python's ssl shows no certificate of a handshake that failed. In TLS 1.2 they cross the wire
unencrypted, so a handshake is begun, read, and abandoned; nothing else is ever sent on it.
Source: RFC 5246 sections 6.2.1 (records), 7.4 and 7.4.2 (messages).
"""

import ssl
from collections.abc import Iterator
from typing import Protocol

from outbound.transport.trust import reading_context

HANDSHAKE_RECORD, CERTIFICATE_MESSAGE = 22, 11
PIECE_BYTES = 16 * 1024


class Connected(Protocol):
    """A connected socket."""

    def recv(self, count: int, /) -> bytes:
        """Return the next bytes; none at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""


def presented_chain(connection: Connected, name: str) -> tuple[bytes, ...]:
    """Return the certificates in DER, the far side's own first; none where it has no TLS 1.2.

    Raises: OSError.
    """
    context = reading_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = context.wrap_bio(incoming, outgoing, server_hostname=name)
    heard = b""
    while not (chain := certificates_in(heard)):
        try:
            handshake.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return ()
        connection.sendall(outgoing.read())
        piece = connection.recv(PIECE_BYTES)
        if not piece:
            return ()
        heard += piece
        incoming.write(piece)
    return chain


def certificates_in(stream: bytes) -> tuple[bytes, ...]:
    """Return the certificates in the beginning of a server's side of a TLS 1.2 handshake."""
    for kind, body in _messages(b"".join(_handshake_records(stream))):
        if kind == CERTIFICATE_MESSAGE:
            return tuple(_with_lengths(body[3:]))
    return ()


def _handshake_records(stream: bytes) -> Iterator[bytes]:
    while len(stream) >= 5 and stream[0] == HANDSHAKE_RECORD:
        length = int.from_bytes(stream[3:5])
        if len(stream) < 5 + length:
            return
        yield stream[5 : 5 + length]
        stream = stream[5 + length :]


def _messages(stream: bytes) -> Iterator[tuple[int, bytes]]:
    while len(stream) >= 4:
        length = int.from_bytes(stream[1:4])
        if len(stream) < 4 + length:
            return
        yield stream[0], stream[4 : 4 + length]
        stream = stream[4 + length :]


def _with_lengths(stream: bytes) -> Iterator[bytes]:
    while len(stream) >= 3:
        length = int.from_bytes(stream[:3])
        yield stream[3 : 3 + length]
        stream = stream[3 + length :]
