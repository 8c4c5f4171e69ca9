"""Load the operator's authorities from a file, and say what is wrong with one that has none."""

import base64
import binascii
import re
import ssl
from pathlib import Path

FILE_BYTES = 4 * 1024 * 1024
BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
CERTIFICATE = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
JOINED = re.compile(rb"-----END [A-Z0-9 ]+-----[ \t]*-----BEGIN")
INDENTED = re.compile(rb"^[ \t]+-----BEGIN", re.MULTILINE)
# The object identifiers of PKCS #7 signed data and of PKCS #12 data, in DER.
# Source: RFC 2315 section 14, RFC 7292 appendix D.
PKCS7 = bytes.fromhex("06092a864886f70d010702")
PKCS12 = bytes.fromhex("06092a864886f70d010701")
OTHER_BLOCKS = {
    b"PKCS7": "it is a PKCS #7 file. Convert it: `openssl pkcs7 -print_certs -in {path} -out {converted}`",
    b"CMS": "it is a PKCS #7 file. Convert it: `openssl pkcs7 -print_certs -in {path} -out {converted}`",
    b"CERTIFICATE REQUEST": "it contains a certificate signing request, not a certificate",
    b"NEW CERTIFICATE REQUEST": "it contains a certificate signing request, not a certificate",
    b"X509 CRL": "it contains a certificate revocation list, not a certificate",
    b"PUBLIC KEY": "it contains a public key, not a certificate",
}


class CABundleError(Exception):
    """The operator's CA bundle cannot be used. The text says why, and what to do.

    `converted` is the file that the command in the text writes; None if the text has no command.
    """

    converted: Path | None = None


def load_ca_bundle(context: ssl.SSLContext, path: Path) -> None:
    """Add the certificates of a PEM file to what a context trusts. Raises: CABundleError."""
    try:
        context.load_verify_locations(cafile=str(path))
    except ssl.SSLError as error:
        # OpenSSL names a file of Python's source, and no remedy.
        reason = what_is_wrong(path)
        refused = CABundleError(_sentence(path, reason))
        if str(_converted(path)) in reason:
            refused.converted = _converted(path)
        raise refused from error
    except PermissionError as error:
        reason = "permission denied. Give read access to the user that runs the site"
        raise CABundleError(_sentence(path, reason)) from error
    except OSError as error:
        raise CABundleError(_sentence(path, error.strerror or "it cannot be read")) from error


def _sentence(path: Path, reason: str) -> str:
    return f"{path} cannot be used as a CA bundle: {reason}"


def _converted(path: Path) -> Path:
    """Return where a command writes the certificates of a file of another format."""
    return path.with_name(f"{path.stem}-converted.pem")


def what_is_wrong(path: Path) -> str:
    """Return why a file holds no certificates that OpenSSL reads, and what to do about it."""
    content = path.read_bytes()[:FILE_BYTES]
    reason = _about_binary(content) or _about_blocks(content) or _about_text(content)
    return reason.format(path=path, converted=_converted(path))


def _about_binary(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0C\0E\0R\0T" in content:
        return "it is UTF-16 text. Save it as UTF-8"
    if content[:1] != b"\x30" or b"-----BEGIN" in content:
        return ""
    if PKCS7 in content[:40]:
        return (
            "it is a binary PKCS #7 file. Convert it: `openssl pkcs7 -inform der -print_certs "
            "-in {path} -out {converted}`"
        )
    if PKCS12 in content[:80]:
        return (
            "it is a PKCS #12 file. Extract the certificates: `openssl pkcs12 -nokeys "
            "-in {path} -out {converted}`"
        )
    return (
        "it is a certificate in binary (DER) format. Convert it: `openssl x509 -inform der "
        "-in {path} -out {converted}`"
    )


def _about_blocks(content: bytes) -> str:
    if b"CERTIFICATE-----\\n" in content:
        return r"its line breaks are written as \n. Replace them with real line breaks"
    joined = JOINED.search(content)
    if joined:
        line = content[: joined.start()].count(b"\n") + 1
        return (
            f"line {line} contains the end of one certificate and the beginning of the next. Insert a line break "
            "between them"
        )
    if INDENTED.search(content):
        return "its lines are indented. Remove the spaces at the start of each line"
    return _about_damage(content)


def _about_damage(content: bytes) -> str:
    starts = list(CERTIFICATE.finditer(content))
    for number, start in enumerate(starts, 1):
        end = content.find(b"-----END", start.end())
        if end < 0 or not _is_certificate(content[start.end() : end]):
            line = content[: start.start()].count(b"\n") + 1
            return (
                f"certificate {number} of {len(starts)}, which begins on line {line}, is damaged. "
                "Copy the certificate again"
            )
    return ""


def _is_certificate(block: bytes) -> bool:
    try:
        data = base64.b64decode(b"".join(block.split()), validate=True)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=data)
    except (binascii.Error, ssl.SSLError, ValueError):
        return False
    return True


def _about_text(content: bytes) -> str:
    kind = BEGIN.search(content)
    if kind and kind[1] in OTHER_BLOCKS:
        return OTHER_BLOCKS[kind[1]]
    if kind and kind[1].endswith(b"PRIVATE KEY"):
        return "it contains a private key, not a certificate. Keep that key secret"
    if not content.strip():
        return "it is empty"
    if re.search(rb"<(?:!doctype|html|title)", content[:2000], re.IGNORECASE):
        return "it is a web page, probably a sign-in page. Sign in and download the file again"
    return "it contains no PEM certificate"
