"""From a decided route to a socket on which the request can be sent, stage by stage.

This is the only place that connects. It decides nothing: `route.py` did.
"""

import socket
import ssl
import threading
from pathlib import Path
from typing import Any, cast

from urllib3.util.ssltransport import SSLTransport

from outbound.route.decision import Route
from outbound.route.proxy_address import ProxyAddress
from outbound.transport.deadline import TimedSocket, TimedTLSSocket, closed_on_failure, shake_hands
from outbound.transport.resolver import Endpoint, Resolver
from outbound.transport.trace import AddressAttempt, Stage, TLSFacts, Trace
from outbound.transport.trust import client_context
from outbound.transport.tunnel import open_http_tunnel, open_socks_tunnel


class ProxyTLSError(Exception):
    """TLS with an https:// proxy itself failed; the cause is in `__cause__`."""


# All that urllib3 needs of a connection.
Wire = TimedSocket | TimedTLSSocket | SSLTransport


class Connector:
    """Opens paths with one set of trust, names and patience. Thread-safe."""

    def __init__(
        self, *, ca_bundle: Path | None, resolver: Resolver, connect_timeout_seconds: float
    ) -> None:
        self._ca_bundle = ca_bundle
        self._resolver = resolver
        self._connect_timeout_seconds = connect_timeout_seconds
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    @property
    def context(self) -> ssl.SSLContext:
        """The one TLS context, built when it is first needed. Raises: CABundleError."""
        with self._lock:
            if self._context is None:
                self._context = client_context(self._ca_bundle)
            return self._context

    def open(self, route: Route, trace: Trace) -> Wire:
        """A socket to the far side; the caller closes it.

        Raises: CABundleError, OSError (gaierror, TimeoutError, ssl.SSLError among them),
        http.client.HTTPException, TunnelError, ProxyTLSError.
        """
        context = self.context
        wire = self.reach(route, trace)
        if route.scheme != "https":
            return wire
        trace.enter(Stage.TLS)
        secured = secure(wire, context, route.host, trace)
        trace.tls = tls_facts(secured)
        return secured

    def reach(self, route: Route, trace: Trace) -> Wire:
        """A socket to the far side before TLS with it."""
        hop = route.proxy
        host, port = (hop.host, hop.port) if hop else (route.host, route.port)
        trace.enter(Stage.RESOLVE)
        endpoints = self._resolver.endpoints(host, port, trace)
        trace.enter(Stage.CONNECT)
        connection = self._connect(endpoints, trace)
        if hop is None:
            return connection
        trace.enter(Stage.TUNNEL)
        return self._pass(hop, route, connection, trace)

    def _connect(self, endpoints: list[Endpoint], trace: Trace) -> TimedSocket:
        """The first address that answers; a silent one may take its share of the time."""
        errors: list[OSError] = []
        for left, endpoint in zip(range(len(endpoints), 0, -1), endpoints, strict=True):
            share = trace.remaining_seconds() / left
            began_at = trace.clock()
            try:
                connection = self._connect_to(endpoint, share, trace)
            except OSError as error:
                errors.append(error)
                _note(trace, endpoint, type(error).__name__, began_at)
            else:
                _note(trace, endpoint, "connected", began_at)
                return connection
        raise min(errors, key=_how_little_it_tells)

    def _connect_to(self, endpoint: Endpoint, share: float, trace: Trace) -> TimedSocket:
        connection = TimedSocket(endpoint.family, socket.SOCK_STREAM)
        with closed_on_failure(connection):
            connection.trace = trace
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.settimeout(min(share, self._connect_timeout_seconds))
            connection.connect((endpoint.address, endpoint.port))
            return connection

    def _pass(
        self, proxy: ProxyAddress, route: Route, connection: TimedSocket, trace: Trace
    ) -> Wire:
        wire: TimedSocket | TimedTLSSocket = connection
        if proxy.scheme == "https":
            wire = _tls_with_proxy(connection, self.context, proxy, trace)
        with closed_on_failure(wire):
            if proxy.is_socks:
                host, port = self._socks_target(proxy, route, trace)
                open_socks_tunnel(wire, proxy, host, port)
            elif route.scheme == "https":
                open_http_tunnel(wire, proxy, route.host, route.port, trace)
        return wire

    def _socks_target(self, proxy: ProxyAddress, route: Route, trace: Trace) -> tuple[str, int]:
        if proxy.resolves_names:
            return route.host, route.port
        endpoint = self._resolver.endpoints(route.host, route.port, trace)[0]
        return endpoint.address, endpoint.port


def secure(wire: Wire, context: ssl.SSLContext, name: str, trace: Trace) -> Wire:
    """TLS with the far side over a wire that reaches it, which this takes over.

    Raises: ssl.SSLError, OSError; the wire is closed then.
    """
    if isinstance(wire, TimedSocket):
        return shake_hands(wire, context, name, trace)
    # Inside an https:// proxy's TLS; the outer socket keeps to the deadline.
    with closed_on_failure(wire):
        return SSLTransport(cast(socket.socket, wire), context, name)


def _tls_with_proxy(
    connection: TimedSocket, context: ssl.SSLContext, proxy: ProxyAddress, trace: Trace
) -> TimedTLSSocket:
    try:
        return shake_hands(connection, context, proxy.host, trace)
    except (ssl.SSLError, ConnectionError) as error:
        raise ProxyTLSError(str(error)) from error


def _note(trace: Trace, endpoint: Endpoint, outcome: str, began_at: float) -> None:
    milliseconds = (trace.clock() - began_at) * 1000
    trace.attempts.append(AddressAttempt(endpoint.address, endpoint.port, outcome, milliseconds))


def _how_little_it_tells(error: OSError) -> int:
    """A refusal tells more than silence, silence more than a family of addresses not in use."""
    kinds = (ConnectionRefusedError, TimeoutError)
    return next((rank for rank, kind in enumerate(kinds) if isinstance(error, kind)), len(kinds))


def tls_facts(wire: Any) -> TLSFacts:
    """What the checked certificate says, and what was agreed on."""
    certificate = wire.getpeercert() or {}
    cipher = wire.cipher()
    return TLSFacts(
        version=wire.version() or "",
        cipher=cipher[0] if cipher else "",
        subject=_name(certificate.get("subject", ())),
        issuer=_name(certificate.get("issuer", ())),
        expires=certificate.get("notAfter", ""),
    )


def _name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """`O=Example, CN=Example Root` of a certificate's nested pairs."""
    shown = {"organizationName": "O", "commonName": "CN"}
    pairs = (pair for part in parts for pair in part)
    return ", ".join(f"{shown[name]}={value}" for name, value in pairs if name in shown)
