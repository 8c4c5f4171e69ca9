"""Open a tunnel through a SOCKS 5 proxy.

PySocks would lose the total deadline and the stage that a call reached.
Source: RFC 1928 and 1929.
"""

import http.client
import socket

from outbound.route import ProxyAddress
from outbound.route.hosts import parse_address

VERSION, NO_AUTHENTICATION, PASSWORD, NONE_ACCEPTABLE = 5, 0, 2, 255
CONNECT, IPV4, NAME, IPV6 = 1, 1, 3, 4
FIELD_BYTES = 255
REPLIES = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "address type not supported",
}


class SocksError(Exception):
    """A SOCKS proxy does not open a tunnel. The text holds what it said."""


class SocksAuthenticationError(SocksError):
    """A SOCKS proxy wants credentials, or other ones."""


class SocksRefusedError(SocksError):
    """A SOCKS proxy does not connect to the target; `code` is its reply."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"reply {code}: {REPLIES.get(code, 'unknown')}")


class NotSocksError(SocksError):
    """The peer did not respond with SOCKS 5."""


def open_socks_tunnel(connection: socket.socket, proxy: ProxyAddress, host: str, port: int) -> None:
    """Ask a SOCKS 5 proxy to connect to `host:port`, a name or an address.

    Raises: SocksAuthenticationError, SocksRefusedError, NotSocksError, OSError.
    """
    _agree_on_authentication(connection, proxy)
    connection.sendall(bytes([VERSION, CONNECT, 0]) + _socks_target(host) + port.to_bytes(2))
    version, code, _, kind = _exactly(connection, 4)
    if version != VERSION:
        raise NotSocksError("its reply is not SOCKS 5")
    if code != 0:
        raise SocksRefusedError(code)
    lengths = {IPV4: 4, IPV6: 16}
    length = lengths.get(kind) or _exactly(connection, 1)[0]
    _exactly(connection, length + 2)


def _agree_on_authentication(connection: socket.socket, proxy: ProxyAddress) -> None:
    methods = [NO_AUTHENTICATION] + ([PASSWORD] if proxy.username is not None else [])
    connection.sendall(bytes([VERSION, len(methods), *methods]))
    version, method = _exactly(connection, 2)
    if version != VERSION:
        raise NotSocksError("its greeting is not SOCKS 5")
    if method not in methods:
        raise SocksAuthenticationError(
            "it requires credentials, or a kind that is not supported here"
        )
    if method == PASSWORD:
        _log_in(connection, proxy)


def _log_in(connection: socket.socket, proxy: ProxyAddress) -> None:
    username, password = proxy.credentials or (b"", b"")
    if not (0 < len(username) <= FIELD_BYTES and len(password) <= FIELD_BYTES):
        raise SocksAuthenticationError("user and password may have 255 bytes each")
    fields = bytes([len(username)]) + username + bytes([len(password)]) + password
    connection.sendall(b"\x01" + fields)
    if _exactly(connection, 2)[1] != 0:
        raise SocksAuthenticationError("it refuses the user or the password")


def _socks_target(host: str) -> bytes:
    address = parse_address(host)
    if address is not None:
        return bytes([IPV4 if address.version == 4 else IPV6]) + address.packed
    name = host.encode("ascii")
    return bytes([NAME, len(name)]) + name


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise http.client.RemoteDisconnected("the proxy closed the connection")
        data += piece
    return bytes(data)
