"""Open a tunnel through an HTTP proxy: CONNECT, its answer, and what the answer tells.

A refusal may come from a second proxy behind the one that is set: the first one then passes
it on, with or without a mark of its own. So the first one is asked something that it must
answer itself, and the two answers are compared.

Source: RFC 9110 section 9.3.6 (CONNECT) and 7.6.3 (Via).
"""

import base64
import re
from collections.abc import Callable, Iterator

from outbound.route import ProxyAddress
from outbound.route.hosts import with_port
from outbound.transport.deadline import PAGE_SILENCE_SECONDS, TimedSocket, TimedTLSSocket
from outbound.transport.http_answer import Head, plain_answer, read_head
from outbound.transport.trace import ProxyAnswer, Trace, short

USER_AGENT = "Testbank"
CHALLENGE = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s+[^=,\s]|\s*$|\s*,)")
REALM = re.compile(r'\brealm="?([^",]*)', re.IGNORECASE)
REDIRECTS = {301, 302, 303, 307, 308}
# Source: RFC 6585 section 6
NETWORK_AUTHENTICATION_REQUIRED = 511


class TunnelRefusedError(Exception):
    """An HTTP proxy did not open a tunnel. `answer` is what it said."""

    def __init__(self, answer: ProxyAnswer) -> None:
        self.answer = answer
        super().__init__(f"the proxy responded with {answer.status} {answer.reason}")


class PortalError(TunnelRefusedError):
    """A page or a redirect came in place of a tunnel: the network wants a sign-in."""


def basic_credentials(proxy: ProxyAddress) -> str | None:
    """Return the value of Proxy-Authorization, or None for a proxy without credentials."""
    if proxy.credentials is None:
        return None
    return f"Basic {base64.b64encode(b':'.join(proxy.credentials)).decode('ascii')}"


def open_http_tunnel(
    connection: TimedSocket | TimedTLSSocket,
    proxy: ProxyAddress,
    host: str,
    port: int,
    trace: Trace,
) -> None:
    """Ask an HTTP proxy to connect to `host:port`; its answer stands in the trace.

    Raises: PortalError, TunnelRefusedError, NotHTTPError, RemoteDisconnected, OSError.
    """
    target = with_port(host, port)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"User-Agent: {USER_AGENT}"]
    credentials = basic_credentials(proxy)
    if credentials:
        lines.append(f"Proxy-Authorization: {credentials}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    head = read_head(connection)
    trace.proxy_answer = proxy_answer(head)
    # In TLS the client speaks first: what follows a 2xx is no tunnel's.
    if 200 <= head.status < 300 and not head.rest:
        return
    if head.status < 300 or head.status in {*REDIRECTS, NETWORK_AUTHENTICATION_REQUIRED}:
        with trace.silence_of_at_most(PAGE_SILENCE_SECONDS):
            page = plain_answer(connection, head)
        trace.proxy_answer = proxy_answer(head, title=page.title, location=page.location)
        raise PortalError(trace.proxy_answer)
    raise TunnelRefusedError(trace.proxy_answer)


def own_answers(
    connect: Callable[[], TimedSocket | TimedTLSSocket], proxy: ProxyAddress, host: str, port: int
) -> Iterator[ProxyAnswer]:
    """Yield what the proxy says that is set, and no other one behind it.

    A request without credentials where it wants some, and one that no proxy passes on.
    """
    target = with_port(host, port)
    requests = [b"GET / HTTP/1.0\r\n\r\n"]
    if proxy.credentials:
        requests.insert(0, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii"))
    for request in requests:
        with connect() as connection:
            connection.sendall(request)
            yield proxy_answer(read_head(connection))


def are_of_two_proxies(refusal: ProxyAnswer, own: ProxyAnswer) -> bool:
    """True where both say who wrote them, and say different names."""
    pairs = zip(refusal.marks, own.marks, strict=True)
    return any(one and other and one != other for one, other in pairs)


def proxy_answer(head: Head, *, title: str = "", location: str = "") -> ProxyAnswer:
    """Return what is worth keeping of a proxy's answer to CONNECT."""
    said = (head.first("Via"), head.first("Server"), head.first("Proxy-Agent"))
    return ProxyAnswer(
        status=head.status,
        reason=short(head.reason),
        authentication_schemes=_schemes(head.all("Proxy-Authenticate")),
        answered_by=short("; ".join(dict.fromkeys(word for word in said if word))),
        hops=_hops(head.all("Via")),
        marks=_marks(head),
        squid_error=short(head.first("X-Squid-Error")),
        date=short(head.first("Date")),
        title=title,
        location=location,
    )


def _marks(head: Head) -> tuple[str, ...]:
    """Via, the program, Squid's `NONE from host:port`, and the realm of the sign-in."""
    realms = (REALM.search(challenge) for challenge in head.all("Proxy-Authenticate"))
    return (
        short(head.first("Via")),
        short(head.first("Server") or head.first("Proxy-Agent")),
        short(head.first("X-Cache-Lookup").rpartition(" ")[2]),
        short(next((found[1] for found in realms if found), "")),
    )


def _hops(via: list[str]) -> tuple[str, ...]:
    """`1.1 parent.example (squid)` of each proxy: whoever passes an answer on adds itself last."""
    entries = (entry.split("(")[0].split() for value in via for entry in value.split(","))
    return tuple(short(entry[-1]) for entry in entries if len(entry) > 1)


def _schemes(challenges: list[str]) -> tuple[str, ...]:
    """The names of the offered schemes: `Basic`, `NTLM`, without their parameters."""
    names = [name for challenge in challenges for name in CHALLENGE.findall(challenge[:2000])]
    return tuple(dict.fromkeys(names))
