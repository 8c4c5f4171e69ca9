"""Whom we trust: the public roots, and the operator's own authorities beside them.

Verification is never off for a call. Nothing is read from the environment: neither
SSL_CERT_FILE, REQUESTS_CA_BUNDLE nor SSLKEYLOGFILE.
"""

import ssl
from collections.abc import Iterable
from pathlib import Path

import certifi

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


class CABundleError(Exception):
    """The operator's CA bundle cannot be read; the text says why."""


def system_store(places: Iterable[Path] = SYSTEM_STORES) -> Path:
    """The file of authorities that this machine's own programs trust, a company's among them.

    SSL_CERT_FILE, which moves it for other programs, is not asked. Raises: CABundleError.
    """
    for place in places:
        if place.is_file():
            return place
    raise CABundleError("This machine keeps no store of authorities where they usually are")


def client_context(ca_bundle: Path | None = None) -> ssl.SSLContext:
    """This will verify far sides against the public roots plus `ca_bundle` (a PEM file).

    TLS 1.2 at least. Authorities without a key usage extension, as company proxies have
    them, are accepted on every Python. Raises: CABundleError.
    """
    context = _bare_context()
    context.load_verify_locations(cafile=certifi.where())
    if ca_bundle is None:
        return context
    try:
        context.load_verify_locations(cafile=str(ca_bundle))
    except OSError as error:
        # OpenSSL's own words name files of Python's source, and no remedy.
        is_content = isinstance(error, ssl.SSLError)
        reason = "it holds no certificate in PEM form" if is_content else error.strerror
        raise CABundleError(f"{ca_bundle} cannot be used as a CA bundle: {reason}") from error
    return context


def reading_context() -> ssl.SSLContext:
    """A context that verifies nothing, to read a certificate that was refused; sends no data."""
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
