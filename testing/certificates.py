"""Certificates that trustme does not make: expired authorities, weak keys, missing constraints."""

import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ORGANIZATION = "Company Proxy"


@dataclass(frozen=True)
class Signed:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @cached_property
    def pem(self) -> bytes:
        """The certificate as a file holds it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @cached_property
    def der(self) -> bytes:
        """The certificate in binary form."""
        return self.certificate.public_bytes(Encoding.DER)


def key_of(rsa_bits: int = 0) -> Key:
    """A key; RSA of so many bits on demand, since elliptic curves are made at once."""
    if rsa_bits:
        return rsa.generate_private_key(65537, rsa_bits)
    return ec.generate_private_key(ec.SECP256R1())


def authority(
    name: str,
    issuer: Signed | None = None,
    *,
    ends_in_days: int = 3000,
    rsa_bits: int = 0,
    constraints: bool = True,
    path_length: int | None = None,
    may_sign: bool | None = None,
) -> Signed:
    """An authority, signed by itself unless an issuer is named.

    `may_sign` puts a key usage extension into it that allows or forbids to sign.
    """
    key = key_of(rsa_bits)
    builder = _builder(_name(name), key, issuer, starts_in_days=-4000, ends_in_days=ends_in_days)
    if constraints:
        builder = builder.add_extension(x509.BasicConstraints(True, path_length), critical=True)
    if may_sign is not None:
        usage = x509.KeyUsage(True, False, False, False, False, may_sign, False, False, False)
        builder = builder.add_extension(usage, critical=True)
    return Signed(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def certificate(
    issuer: Signed,
    *names: str,
    starts_in_days: int = -60,
    ends_in_days: int = 300,
    rsa_bits: int = 0,
    for_servers: bool = True,
) -> Signed:
    """A server's certificate for these names."""
    key = key_of(rsa_bits)
    builder = _builder(
        _name(names[0]), key, issuer, starts_in_days=starts_in_days, ends_in_days=ends_in_days
    )
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if for_servers else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(alternatives, critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return Signed(builder.sign(issuer.key, hashes.SHA256()), key)


def serving(own: Signed, *chain: Signed) -> ssl.SSLContext:
    """Return a server's SSL context with a certificate and its chain."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL would not present a weak certificate either.
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    private = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with tempfile.TemporaryDirectory(prefix="testbank-certificate-") as folder:
        file = Path(folder) / "chain.pem"
        file.write_bytes(private + own.pem + b"".join(each.pem for each in chain))
        context.load_cert_chain(file)
    return context


def _name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def _builder(
    subject: x509.Name, key: Key, issuer: Signed | None, *, starts_in_days: int, ends_in_days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=starts_in_days))
        .not_valid_after(now + timedelta(days=ends_in_days))
    )
