"""Whom a call trusts: the public roots, and the operator's own authorities beside them.

Verification is never off for a call. Nothing is read from the environment: neither
SSL_CERT_FILE, REQUESTS_CA_BUNDLE nor SSLKEYLOGFILE.
"""

import ssl
from collections.abc import Iterable
from pathlib import Path

import certifi

from outbound.transport.ca_bundle import CABundleError, load_ca_bundle
from outbound.transport.deadline import TimedTLSSocket

# Where systems keep the authorities that their administrators trust, the usual ones first.
# Source: Go's crypto/x509/root_linux.go and root_bsd.go
SYSTEM_STORES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),  # Debian, Ubuntu, Arch, Alpine
    Path("/etc/pki/tls/certs/ca-bundle.crt"),  # Fedora, Red Hat
    Path("/etc/ssl/ca-bundle.pem"),  # openSUSE
    Path("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),  # CentOS
    Path("/etc/ssl/cert.pem"),  # BSD, macOS
)


def system_store(places: Iterable[Path] = SYSTEM_STORES) -> Path:
    """Return the file of authorities that this machine's own programs trust.

    SSL_CERT_FILE, which moves it for other programs, is ignored. Raises: CABundleError.
    """
    for place in places:
        if place.is_file():
            return place
    raise CABundleError("No system certificate store was found in the usual locations")


def client_context(ca_bundle: Path | None = None) -> ssl.SSLContext:
    """Return a context that verifies against the public roots and `ca_bundle` (a PEM file).

    TLS 1.2 at least. `ca_bundle` may hold a root, an issuing authority, or the far side's own
    certificate, as with `curl --cacert`. Authorities without a key usage extension, which
    company proxies have, are accepted on every Python. Raises: CABundleError.
    """
    context = _bare_context()
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cafile=certifi.where())
    if ca_bundle is not None:
        load_ca_bundle(context, ca_bundle)
    return context


def reading_context() -> ssl.SSLContext:
    """Return a context that verifies nothing, to read a certificate that was refused.

    Nothing may be sent over it.
    """
    context = _bare_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _bare_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = TimedTLSSocket
    return context
