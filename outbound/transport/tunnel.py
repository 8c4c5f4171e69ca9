"""The talk with a proxy that ends in a way through it: CONNECT of HTTP, and SOCKS 5.

http.client drops the headers of a refused CONNECT, and PySocks its stages; both lose the
total deadline. What is sent here is for the proxy: nothing of the request.

Source: RFC 9110 section 9.3.6 (CONNECT), RFC 1928 and 1929 (SOCKS 5).
"""

import base64
import http.client
import re
import socket

from outbound.route.hosts import parse_address, with_port
from outbound.route.proxy_address import ProxyAddress
from outbound.transport.trace import ProxyAnswer, Trace, short

USER_AGENT = "Testbank"
CHALLENGE = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s+[^=,\s]|\s*$|\s*,)")

VERSION, NO_AUTHENTICATION, PASSWORD, NONE_ACCEPTABLE = 5, 0, 2, 255
CONNECT, IPV4, NAME, IPV6 = 1, 1, 3, 4
LONGEST_FIELD = 255
REPLIES = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "kind of address not supported",
}


class TunnelError(Exception):
    """The proxy does not lead on. The text holds what it said, masked."""


class TunnelRefusedError(TunnelError):
    """An HTTP proxy answered CONNECT with something else than 2xx."""

    def __init__(self, answer: ProxyAnswer) -> None:
        self.answer = answer
        super().__init__(f"the proxy answered {answer.status} {answer.reason}")


class SocksAuthenticationError(TunnelError):
    """A SOCKS proxy wants credentials, or other ones."""


class SocksRefusedError(TunnelError):
    """A SOCKS proxy does not connect to the target; `code` is its reply."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"reply {code}: {REPLIES.get(code, 'unknown')}")


class NotSocksError(TunnelError):
    """What answers does not speak SOCKS 5."""


def basic_credentials(proxy: ProxyAddress) -> str | None:
    """The value of Proxy-Authorization, or None for a proxy without credentials."""
    if proxy.username is None:
        return None
    pair = f"{proxy.username}:{proxy.password or ''}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def open_http_tunnel(
    connection: socket.socket, proxy: ProxyAddress, host: str, port: int, trace: Trace
) -> None:
    """Ask an HTTP proxy for a way to `host:port`; its answer stands in the trace.

    Raises: TunnelRefusedError, http.client.HTTPException, OSError.
    """
    target = with_port(host, port)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"User-Agent: {USER_AGENT}"]
    credentials = basic_credentials(proxy)
    if credentials:
        lines.append(f"Proxy-Authorization: {credentials}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    # In TLS the client speaks first: no byte of the tunnel can be lost in this buffer.
    response = http.client.HTTPResponse(connection, method="CONNECT")
    try:
        response.begin()
        trace.proxy_answer = proxy_answer(response)
    finally:
        response.close()
    if not 200 <= response.status < 300:
        raise TunnelRefusedError(trace.proxy_answer)


def proxy_answer(response: http.client.HTTPResponse) -> ProxyAnswer:
    """What is worth keeping of a proxy's answer to CONNECT."""
    headers = response.headers
    said = (headers.get("Via"), headers.get("Server"), headers.get("Proxy-Agent"))
    return ProxyAnswer(
        status=response.status,
        reason=short(response.reason or ""),
        authentication_schemes=_schemes(headers.get_all("Proxy-Authenticate") or []),
        answered_by=short("; ".join(dict.fromkeys(word for word in said if word))),
        squid_error=short(headers.get("X-Squid-Error", "")),
        date=short(headers.get("Date", "")),
    )


def _schemes(challenges: list[str]) -> tuple[str, ...]:
    """The names of the offered schemes: `Basic`, `NTLM`, without their parameters."""
    names = [name for challenge in challenges for name in CHALLENGE.findall(challenge[:2000])]
    return tuple(dict.fromkeys(names))


def open_socks_tunnel(connection: socket.socket, proxy: ProxyAddress, host: str, port: int) -> None:
    """Ask a SOCKS 5 proxy for a way to `host:port`, a name or an address.

    Raises: SocksAuthenticationError, SocksRefusedError, NotSocksError, OSError.
    """
    _agree_on_authentication(connection, proxy)
    connection.sendall(bytes([VERSION, CONNECT, 0]) + _socks_target(host) + port.to_bytes(2))
    version, code, _, kind = _exactly(connection, 4)
    if version != VERSION:
        raise NotSocksError("its reply is no SOCKS 5")
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
        raise NotSocksError("its greeting is no SOCKS 5")
    if method not in methods:
        raise SocksAuthenticationError("it wants credentials or a kind of them we do not have")
    if method == PASSWORD:
        _log_in(connection, proxy)


def _log_in(connection: socket.socket, proxy: ProxyAddress) -> None:
    username, password = (proxy.username or "").encode(), (proxy.password or "").encode()
    if not (0 < len(username) <= LONGEST_FIELD and len(password) <= LONGEST_FIELD):
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
