"""Rows of the matrix: names, connections and certificates on the direct way."""

import socket
import ssl
import warnings
from collections.abc import Iterator
from typing import Any

import trustme

from e2e.fault_matrix.laboratory import Laboratory
from e2e.fault_matrix.proxies import NOWHERE, unchanged
from e2e.fault_matrix.row import Expected, Situation, row, silent_row
from outbound.transport import parse_resolve
from testing.certificates import Signed, authority, certificate, serving
from testing.faults import (
    broken_resolver,
    dropping_port,
    front,
    hold,
    page,
    read_and_reset,
    says,
    tls_front,
)


@row(
    "Stripe's name is not found.",
    Expected("NET-DNS", "path.resolve"),
)
def name_unknown(lab: Laboratory) -> Iterator[Situation]:
    yield from _by_name(lab, socket.EAI_NONAME)


@row(
    "The name server temporarily cannot resolve Stripe's name.",
    Expected("NET-DNS", "path.resolve", repeated=True),
)
def name_for_the_moment_unknown(lab: Laboratory) -> Iterator[Situation]:
    yield from _by_name(lab, socket.EAI_AGAIN)


@silent_row(
    "The name server does not respond.",
    Expected("NET-DNS-SILENT", "path.resolve"),
)
def name_unanswered(lab: Laboratory) -> Iterator[Situation]:
    yield from _by_name(lab, None)


def _by_name(lab: Laboratory, error: int | None) -> Iterator[Situation]:
    """A machine that must look Stripe's name up; afterwards it knows the name."""
    with broken_resolver(lab.fault, "api.stripe.com", error):
        yield Situation(lab.direct(STRIPE_RESOLVE=()), lab.direct())


@row(
    "Stripe's address refuses the connection.",
    Expected("NET-REFUSED", "path.connect", repeated=True),
)
def connection_refused(lab: Laboratory) -> Iterator[Situation]:
    yield Situation(lab.direct(lab.closed_port), lab.direct())


@silent_row(
    "A firewall drops all packets to Stripe.",
    Expected("NET-SILENT", "path.connect"),
)
def packets_dropped(lab: Laboratory) -> Iterator[Situation]:
    with dropping_port() as port:
        yield Situation(lab.direct(port), lab.direct())


@row(
    "This machine has no network route to Stripe.",
    Expected("NET-UNREACHABLE", "path.connect", repeated=True),
)
def network_unreachable(lab: Laboratory) -> Iterator[Situation]:
    nowhere = parse_resolve(f"api.stripe.com:443:{NOWHERE}:443")
    yield Situation(lab.direct(STRIPE_RESOLVE=nowhere), lab.direct())


@silent_row(
    "The connection opens, but the TLS handshake gets no response.",
    Expected("NET-SILENT", "path.tls"),
)
def handshake_silent(lab: Laboratory) -> Iterator[Situation]:
    with front(lab.fault, hold, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port))


@row(
    "A filter closes the connection when the TLS handshake names Stripe.",
    Expected("NET-RESET", "path.tls", repeated=True),
)
def handshake_reset(lab: Laboratory) -> Iterator[Situation]:
    with front(lab.fault, read_and_reset, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port))


@row(
    "A web server without TLS responds on Stripe's port.",
    Expected("NET-CAPTIVE", "path.tls"),
)
def no_tls(lab: Laboratory) -> Iterator[Situation]:
    portal = says(page("<title>Sign in</title>", "400 Bad Request"))
    with front(lab.fault, portal, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port))


@row(
    "The server that responds supports only TLS 1.1 or earlier.",
    Expected("NET-TLS-OTHER", "path.tls"),
)
def old_tls(lab: Laboratory) -> Iterator[Situation]:
    context = lab.serve_as("api.stripe.com")
    # OpenSSL 3 speaks it on request only.
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with tls_front(lab.fault, context, _never, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port))


@row(
    "The certificate is signed by an unknown CA.",
    Expected("NET-TLS-UNTRUSTED", "path.tls"),
)
def certificate_untrusted(lab: Laboratory) -> Iterator[Situation]:
    stranger = trustme.CA(organization_name="Company Proxy")
    context = lab.serve_as("api.stripe.com", issuer=stranger)
    with tls_front(lab.fault, context, _never, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port))


@row(
    "The certificate has expired, according to this machine's clock.",
    Expected("NET-TLS-CLOCK", "path.tls"),
)
def certificate_expired(lab: Laboratory) -> Iterator[Situation]:
    context = lab.serve_as("api.stripe.com", ends_in_days=-1)
    with tls_front(lab.fault, context, _never, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port))


@row(
    "The certificate is not yet valid, according to this machine's clock.",
    Expected("NET-TLS-CLOCK", "path.tls"),
)
def certificate_not_yet_valid(lab: Laboratory) -> Iterator[Situation]:
    context = lab.serve_as("api.stripe.com", starts_in_days=1)
    with tls_front(lab.fault, context, _never, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port))


def signed_by(lab: Laboratory, name: str, signer: Signed, **flaws: Any) -> Iterator[Situation]:
    """Somebody with a certificate of this authority answers, which the bundle holds."""
    bundle = lab.bundle(f"{name}.pem", signer.pem)
    context = serving(certificate(signer, "api.stripe.com", **flaws))
    with tls_front(lab.fault, context, _never, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port, STRIPE_CA_BUNDLE=bundle))


@row(
    "The company CA's certificate has expired, but the server's certificate has not.",
    Expected("NET-TLS-EXPIRED", "path.tls"),
)
def authority_expired(lab: Laboratory) -> Iterator[Situation]:
    yield from signed_by(lab, "expired", authority("Company Old Root", ends_in_days=-1))


@row(
    "The certificate has a 1024-bit key.",
    Expected("NET-TLS-WEAK", "path.tls"),
)
def certificate_weak(lab: Laboratory) -> Iterator[Situation]:
    yield from signed_by(lab, "weak", authority("Company Root CA"), rsa_bits=1024)


@row(
    "The company CA has a 1024-bit key.",
    Expected("NET-TLS-WEAK", "path.tls"),
)
def authority_weak(lab: Laboratory) -> Iterator[Situation]:
    yield from signed_by(lab, "weak-authority", authority("Company CA 1024", rsa_bits=1024))


@row(
    "The company's CA certificate is not marked as a CA certificate.",
    Expected("NET-TLS-INVALID", "path.tls"),
)
def authority_without_constraints(lab: Laboratory) -> Iterator[Situation]:
    yield from signed_by(lab, "bare", authority("Company CA", constraints=False))


@row(
    "The certificate is for another host.",
    Expected("NET-TLS-NAME", "path.tls"),
)
def certificate_of_another_name(lab: Laboratory) -> Iterator[Situation]:
    context = lab.serve_as("portal.example")
    with tls_front(lab.fault, context, _never, beyond=lab.sandbox.tls_port) as port:
        yield unchanged(lab.direct(port))


@row(
    "The STRIPE_CA_BUNDLE file contains no certificate.",
    Expected("NET-CA-BUNDLE", "path.start"),
)
def bundle_unreadable(lab: Laboratory) -> Iterator[Situation]:
    empty = lab.folder / "empty.pem"
    empty.write_text("not a certificate\n")
    yield Situation(lab.direct(STRIPE_CA_BUNDLE=empty), lab.direct())


@row(
    "The STRIPE_CA_BUNDLE file is a certificate in binary (DER) format.",
    Expected("NET-CA-BUNDLE", "path.start"),
)
def bundle_binary(lab: Laboratory) -> Iterator[Situation]:
    binary = lab.folder / "company-ca.pem"
    binary.write_bytes(authority("Company Root CA").der)
    yield Situation(lab.direct(STRIPE_CA_BUNDLE=binary), lab.direct())


@row(
    "Two certificates in the STRIPE_CA_BUNDLE file are joined on one line.",
    Expected("NET-CA-BUNDLE", "path.start"),
)
def bundle_joined(lab: Laboratory) -> Iterator[Situation]:
    joined = lab.folder / "joined.pem"
    joined.write_bytes(lab.sandbox.ca_path.read_bytes().rstrip() + authority("Company Root CA").pem)
    yield Situation(lab.direct(STRIPE_CA_BUNDLE=joined), lab.direct())


@row(
    "The STRIPE_CA_BUNDLE file was deleted while the site was running.",
    Expected("NET-CA-BUNDLE", "path.start"),
)
def bundle_removed(lab: Laboratory) -> Iterator[Situation]:
    gone = lab.folder / "gone.pem"
    yield Situation(lab.direct(STRIPE_CA_BUNDLE=gone), lab.direct())


def _never(_connection: socket.socket, request: bytes) -> None:
    raise AssertionError(f"a refused certificate was sent a request: {request!r}")
