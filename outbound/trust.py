"""Whom we trust: the public roots, and the operator's own authority beside them.

Verification is never off for a call. Nothing is read from the environment: neither
SSL_CERT_FILE, REQUESTS_CA_BUNDLE nor SSLKEYLOGFILE.
"""

import ssl
from pathlib import Path

import certifi

from outbound.sockets import TimedTLSSocket


class CABundleError(Exception):
    """The operator's CA bundle cannot be read; the text says why."""


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
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or "it holds no certificate in PEM form"
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
