"""Connect along a decided route, stage by stage, up to a socket that can take the request.

This is the only place that connects. It decides nothing: `route` did.
"""

import http.client
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from urllib3.util.ssltransport import SSLTransport

from outbound.route import ProxyAddress, Route
from outbound.transport.certificate_chain import Connected, presented_chain
from outbound.transport.deadline import (
    PAGE_SILENCE_SECONDS,
    NotTLSError,
    TimedSocket,
    TimedTLSSocket,
    closed_on_failure,
    shake_hands,
)
from outbound.transport.happy_eyeballs import connect_to_first
from outbound.transport.http_answer import NotHTTPError, plain_answer_in
from outbound.transport.http_tunnel import (
    TunnelRefusedError,
    are_of_two_proxies,
    open_http_tunnel,
    own_answers,
)
from outbound.transport.resolver import Endpoint, Resolver
from outbound.transport.socks import SocksError, open_socks_tunnel
from outbound.transport.trace import ProxyAnswer, Stage, TLSFacts, Trace
from outbound.transport.trust import client_context

# What a second look may cost a call that has failed already.
GLANCE_SECONDS = 2.0
# Some proxies say 401 where others say 407.
WANTS_CREDENTIALS = {401, 407}


class CertificateRefusedError(Exception):
    """The far side's certificate is not accepted; OpenSSL's reason is the cause.

    `chain` holds the presented certificates in DER, the far side's own first; none where
    they could not be read. `ca_bundle` was trusted beside the public roots.
    """

    def __init__(self, chain: tuple[bytes, ...], ca_bundle: Path | None) -> None:
        self.chain, self.ca_bundle = chain, ca_bundle
        super().__init__("the certificate was refused")


class ProxyTLSError(Exception):
    """TLS with an https:// proxy itself failed; the reason is the cause. The rest as above."""

    def __init__(self, chain: tuple[bytes, ...], ca_bundle: Path | None) -> None:
        self.chain, self.ca_bundle = chain, ca_bundle
        super().__init__("the TLS handshake with the proxy failed")


# The call has failed already: a second look may fail in any of these ways.
GLANCE_FAULTS = (
    OSError,
    http.client.HTTPException,
    NotHTTPError,
    NotTLSError,
    ProxyTLSError,
    SocksError,
    TunnelRefusedError,
)
Resolve = Callable[[str, int, Trace], list[Endpoint]]
# All that urllib3 needs of a connection.
Wire = TimedSocket | TimedTLSSocket | SSLTransport


class Connector:
    """Connects with one set of trust, one resolver and one patience. Thread-safe."""

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
        """Return a socket to the far side; the caller closes it.

        Raises: CABundleError, CertificateRefusedError, ProxyTLSError, TunnelRefusedError,
        SocksError, NotHTTPError, NotTLSError, OSError (gaierror, TimeoutError and
        ssl.SSLError among them).
        """
        context = self.context
        wire = self.reach(route, trace)
        if route.scheme != "https":
            return wire
        trace.enter(Stage.TLS)
        try:
            secured = secure(wire, context, route.host, trace)
        except ssl.SSLCertVerificationError as error:
            chain = self._chain_of_target(route, trace)
            raise CertificateRefusedError(chain, self._ca_bundle) from error
        trace.tls = tls_facts(secured)
        return secured

    def reach(self, route: Route, trace: Trace) -> Wire:
        """Return a socket to the far side on which TLS has not begun. Raises: as `open`."""
        if route.proxy is None:
            return self._to(route.host, route.port, self._resolver.public, trace)
        connection = self._to(route.proxy.host, route.proxy.port, self._resolver.local, trace)
        trace.enter(Stage.TUNNEL)
        return self._pass(route.proxy, route, connection, trace)

    def _to(self, host: str, port: int, resolve: Resolve, trace: Trace) -> TimedSocket:
        trace.enter(Stage.RESOLVE)
        endpoints = resolve(host, port, trace)
        trace.enter(Stage.CONNECT)
        return connect_to_first(endpoints, trace, timeout_seconds=self._connect_timeout_seconds)

    def _pass(
        self, proxy: ProxyAddress, route: Route, connection: TimedSocket, trace: Trace
    ) -> TimedSocket | TimedTLSSocket:
        wire: TimedSocket | TimedTLSSocket = connection
        if proxy.scheme == "https":
            wire = self._tls_with_proxy(connection, proxy, trace)
        with closed_on_failure(wire):
            if proxy.is_socks:
                host, port = self._socks_target(proxy, route, trace)
                open_socks_tunnel(wire, proxy, host, port)
            elif route.scheme == "https":
                self._open_http_tunnel(wire, proxy, route, trace)
        return wire

    def _open_http_tunnel(
        self, wire: TimedSocket | TimedTLSSocket, proxy: ProxyAddress, route: Route, trace: Trace
    ) -> None:
        try:
            open_http_tunnel(wire, proxy, route.host, route.port, trace)
        except TunnelRefusedError as error:
            if error.answer.status in WANTS_CREDENTIALS and self._another_wrote(
                error.answer, proxy, route, trace
            ):
                trace.proxy_answer = replace(error.answer, is_of_another=True)
                raise TunnelRefusedError(trace.proxy_answer) from error
            raise

    def _another_wrote(
        self, refusal: ProxyAnswer, proxy: ProxyAddress, route: Route, trace: Trace
    ) -> bool:
        """True where a second proxy behind the one that is set has refused."""
        if len(refusal.hops) > 1:
            return True

        def connect() -> TimedSocket | TimedTLSSocket:
            glance = _glance(trace)
            connection = self._to(proxy.host, proxy.port, self._resolver.local, glance)
            if proxy.scheme != "https":
                return connection
            return self._tls_with_proxy(connection, proxy, glance)

        try:
            answers = own_answers(connect, proxy, route.host, route.port)
            return any(are_of_two_proxies(refusal, own) for own in answers)
        except GLANCE_FAULTS:
            return False

    def _tls_with_proxy(
        self, connection: TimedSocket, proxy: ProxyAddress, trace: Trace
    ) -> TimedTLSSocket:
        try:
            return shake_hands(connection, self.context, proxy.host, trace)
        except ssl.SSLCertVerificationError as error:
            chain = self._chain_of_proxy(proxy, trace)
            raise ProxyTLSError(chain, self._ca_bundle) from error
        except (ssl.SSLError, ConnectionError, NotTLSError) as error:
            raise ProxyTLSError((), self._ca_bundle) from error

    def _socks_target(self, proxy: ProxyAddress, route: Route, trace: Trace) -> tuple[str, int]:
        if proxy.resolves_names:
            return route.host, route.port
        endpoint = self._resolver.public(route.host, route.port, trace)[0]
        return endpoint.address, endpoint.port

    def _chain_of_target(self, route: Route, trace: Trace) -> tuple[bytes, ...]:
        try:
            glance = _glance(trace)
            wire = self.reach(route, glance)
            with closed_on_failure(wire):
                chain = presented_chain(cast(Connected, wire), route.host)
            wire.close()
        except GLANCE_FAULTS:
            return ()
        return chain

    def _chain_of_proxy(self, proxy: ProxyAddress, trace: Trace) -> tuple[bytes, ...]:
        try:
            glance = _glance(trace)
            wire = self._to(proxy.host, proxy.port, self._resolver.local, glance)
            with closed_on_failure(wire):
                chain = presented_chain(wire, proxy.host)
            wire.close()
        except GLANCE_FAULTS:
            return ()
        return chain


def _glance(trace: Trace) -> Trace:
    """The trace of a second look, within the time of the first. Raises: DeadlineError."""
    left = min(trace.remaining_seconds(), GLANCE_SECONDS)
    return Trace(
        method="",
        host=trace.host,
        port=trace.port,
        path="",
        route=trace.route,
        deadline_seconds=left,
        silence_seconds=trace.silence_seconds,
        clock=trace.clock,
    )


def secure(wire: Wire, context: ssl.SSLContext, name: str, trace: Trace) -> Wire:
    """Start TLS with the far side over a wire that reaches it, which this takes over.

    Raises: NotTLSError, ssl.SSLError, OSError; the wire is closed then.
    """
    if isinstance(wire, TimedSocket):
        return shake_hands(wire, context, name, trace)
    # Inside the TLS of an https:// proxy; the outer socket keeps to the deadline.
    inner = cast(TimedTLSSocket, wire)
    with closed_on_failure(inner):
        return _shake_hands_inside(inner, context, name, trace)


def _shake_hands_inside(
    wire: TimedTLSSocket, context: ssl.SSLContext, name: str, trace: Trace
) -> SSLTransport:
    wire.heard = bytearray()
    try:
        return SSLTransport(cast(Any, wire), context, name)
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as error:
        with trace.silence_of_at_most(PAGE_SILENCE_SECONDS):
            answer = plain_answer_in(wire, b"", bytes(wire.heard))
        if answer is None:
            raise
        raise NotTLSError(answer) from error
    finally:
        wire.heard = None


def tls_facts(wire: Any) -> TLSFacts:
    """Return what the verified certificate says, and what was negotiated."""
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
