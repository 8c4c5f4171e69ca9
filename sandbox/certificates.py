"""TLS for Stripe's names: a certificate authority made for the run, and a certificate by it."""

import ssl
from pathlib import Path

NAMES = ("api.stripe.com", "checkout.stripe.com", "localhost", "127.0.0.1")


class CertificatesError(Exception):
    """The library that makes certificates is not installed."""


def server_context(directory: Path) -> ssl.SSLContext:
    """A context that serves Stripe's names; the authority is written to DIRECTORY/ca.pem.

    Only the authority's certificate is written, never its key. Raises CertificatesError.
    """
    try:
        # Only TLS needs it, and the demo does not: it is a development requirement.
        import trustme  # noqa: PLC0415
    except ImportError as error:
        raise CertificatesError(
            "--tls-port needs the package trustme (in requirements/development.txt)."
        ) from error
    authority = trustme.CA()
    directory.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)
    return context
