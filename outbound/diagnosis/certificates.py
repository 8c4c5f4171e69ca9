"""Find the certificate at fault where a far side's certificates were refused.

OpenSSL tells a code and a sentence, but not of which certificate. `presented` holds what the
far side sent, `trusted` what could have signed it. Nothing is decided here: the call has
failed already.
"""

import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Source: OpenSSL's x509_vfy.h, of 1.1.1 and of 3.x where they differ.
NOT_YET_VALID, EXPIRED = 9, 10
UNTRUSTED = {2, 18, 19, 20, 21}
OTHER_NAME = {62, 64}
WEAK_LEAF_KEY, WEAK_AUTHORITY_KEY, WEAK_DIGEST = 66, 67, 68
CHANGED, TOO_LONG_A_CHAIN, OTHER_PURPOSE, MAY_NOT_SIGN = 7, 25, 26, 32
NO_AUTHORITY = {24, 79}
OUTSIDE_ITS_NAMES = {47, 48}
RSA_BITS, EC_BITS = 2048, 224
CHAIN_LENGTH = 10
# As many authorities of a file as fit into a sentence.
FEW = 5
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
SHOWN = {NameOID.ORGANIZATION_NAME: "O", NameOID.COMMON_NAME: "CN"}


Extension = TypeVar("Extension", bound=x509.ExtensionType)


class Owner(StrEnum):
    """Whose a certificate is."""

    FAR_SIDE = "far side"  # the one that it presents for itself
    BUNDLE = "bundle"  # an authority that stands in STRIPE_CA_BUNDLE
    PUBLIC = "public"  # an authority that everybody trusts
    PRESENTED = "presented"  # an authority that the far side sent along


class Reason(StrEnum):
    """Why certificates were refused."""

    NOT_YET_VALID = "not yet valid"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    OTHER_NAME = "other name"
    WEAK = "weak"
    INVALID = "invalid"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CertificateFault:
    """The certificate at fault, whose it is, and why.

    `detail` is the end of a sentence about it, such as `expired on 2026-11-02`; for `OTHER`, it
    is OpenSSL's message. Where the certificates could not be read, `owner` is None and the names
    are empty. `issuer` is who
    signed the far side's own certificate, `names` are those it is for.
    """

    reason: Reason
    detail: str
    owner: Owner | None = None
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    bundle: tuple[str, ...] = ()
    is_public: bool = False


def find_fault(
    presented: Sequence[bytes],
    *,
    code: int,
    message: str,
    ca_bundle: Path | None,
    at: datetime,
) -> CertificateFault:
    """Return which of the certificates OpenSSL refused with this code, and why."""
    chain = _Chain.of(presented, ca_bundle)
    reason, detail, position = _judged(chain, code, message, at)
    if not chain.path:
        return CertificateFault(reason, detail, bundle=chain.in_bundle)
    position = min(position, len(chain.path) - 1)
    leaf, at_fault = chain.path[0], chain.path[position]
    return CertificateFault(
        reason=reason,
        detail=detail,
        owner=chain.owner_of(at_fault),
        subject=name_in_words(at_fault.subject),
        issuer=name_in_words(leaf.issuer),
        names=_names_of(leaf),
        bundle=chain.in_bundle,
        is_public=chain.owner_of(chain.path[-1]) is Owner.PUBLIC,
    )


def signer_and_fingerprint(certificate: bytes) -> tuple[str, str]:
    """Return who signed a certificate in DER, and its SHA-256 as browsers show it."""
    found = _read(certificate)
    return (name_in_words(found.issuer), _fingerprint(found)) if found else ("", "")


def name_in_words(name: x509.Name) -> str:
    """Return `O=Example, CN=Example Root`."""
    return ", ".join(f"{SHOWN[part.oid]}={_text(part.value)}" for part in name if part.oid in SHOWN)


@dataclass(frozen=True, slots=True)
class _Chain:
    """The far side's own certificate, then who signed it, as far as that is known.

    The files of authorities stay in DER: only those are read that may have signed.
    """

    path: tuple[x509.Certificate, ...]
    bundle: tuple[bytes, ...]
    public: tuple[bytes, ...]

    @classmethod
    def of(cls, presented: Sequence[bytes], ca_bundle: Path | None) -> "_Chain":
        bundle, public = _in_file(ca_bundle), _in_file(Path(certifi.where()))
        return cls(tuple(_path(presented, [*bundle, *public])), bundle, public)

    @property
    def in_bundle(self) -> tuple[str, ...]:
        few = self.bundle if len(self.bundle) <= FEW else ()
        found = (_read(each) for each in few)
        return tuple(name_in_words(each.subject) for each in found if each)

    def owner_of(self, certificate: x509.Certificate) -> Owner:
        data = certificate.public_bytes(serialization.Encoding.DER)
        if certificate == self.path[0]:
            return Owner.FAR_SIDE
        if data in self.bundle:
            return Owner.BUNDLE
        return Owner.PUBLIC if data in self.public else Owner.PRESENTED

    def first(self, is_at_fault: Callable[[x509.Certificate], bool], *, start: int) -> int:
        """The position of the first such certificate; `start` where there is none."""
        found = (
            number for number, each in enumerate(self.path) if number >= start and is_at_fault(each)
        )
        return next(found, start)


def _read(data: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(data)
    except ValueError:
        return None


def _in_file(path: Path | None) -> tuple[bytes, ...]:
    try:
        text = path.read_text("latin-1") if path else ""
        return tuple(ssl.PEM_cert_to_DER_cert(block) for block in PEM.findall(text))
    except (OSError, ValueError):
        return ()


def _path(presented: Sequence[bytes], trusted: list[bytes]) -> Iterator[x509.Certificate]:
    """As OpenSSL builds it: what is trusted comes before what was sent."""
    current = _read(presented[0]) if presented else None
    for _step in range(CHAIN_LENGTH):
        if current is None:
            return
        yield current
        if current.issuer == current.subject:
            return
        current = _signer(current.issuer, [*trusted, *presented[1:]])


def _signer(issuer: x509.Name, candidates: list[bytes]) -> x509.Certificate | None:
    name = issuer.public_bytes()
    found = (_read(each) for each in candidates if name in each)
    return next((each for each in found if each and each.subject == issuer), None)


def _judged(chain: _Chain, code: int, message: str, at: datetime) -> tuple[Reason, str, int]:
    """The reason, what to say of it, and the position of the certificate at fault."""
    if code in {NOT_YET_VALID, EXPIRED}:
        return _about_dates(chain, code, at)
    if code in UNTRUSTED:
        return Reason.UNTRUSTED, "", 0
    if code in OTHER_NAME:
        return Reason.OTHER_NAME, "", 0
    if code in {WEAK_LEAF_KEY, WEAK_AUTHORITY_KEY, WEAK_DIGEST}:
        return _about_strength(chain, code)
    return _about_validity(chain, code, message)


def _about_dates(chain: _Chain, code: int, at: datetime) -> tuple[Reason, str, int]:
    if code == NOT_YET_VALID:
        place = chain.first(lambda each: each.not_valid_before_utc > at, start=0)
        since = f"until {chain.path[place].not_valid_before_utc:%Y-%m-%d}" if chain.path else "yet"
        return Reason.NOT_YET_VALID, f"is not valid {since}", place
    place = chain.first(lambda each: each.not_valid_after_utc < at, start=0)
    if not chain.path:
        return Reason.EXPIRED, "has expired", place
    return Reason.EXPIRED, f"expired on {chain.path[place].not_valid_after_utc:%Y-%m-%d}", place


def _about_strength(chain: _Chain, code: int) -> tuple[Reason, str, int]:
    if code == WEAK_DIGEST:
        place = chain.first(_is_signed_weakly, start=0)
        digest = chain.path[place].signature_hash_algorithm if chain.path else None
        name = digest.name.upper() if digest else "an old digest"
        return Reason.WEAK, f"is signed with {name}, which is too weak", place
    place = chain.first(_has_weak_key, start=0 if code == WEAK_LEAF_KEY else 1)
    bits = _key_bits(chain.path[place]) if len(chain.path) > place else None
    said = f"has a {bits}-bit key, which is too weak" if bits else "has a key that is too weak"
    return Reason.WEAK, said, place


def _about_validity(chain: _Chain, code: int, message: str) -> tuple[Reason, str, int]:
    """What each code says, and which certificate it is about."""
    known: dict[int, tuple[str, int]] = {
        CHANGED: ("has an invalid signature", 0),
        TOO_LONG_A_CHAIN: (
            "allows fewer intermediate CAs than the chain contains",
            len(chain.path),
        ),
        MAY_NOT_SIGN: (
            "was used to sign another certificate but is not allowed to (key usage)",
            chain.first(lambda each: not _may_sign(each), start=1),
        ),
        OTHER_PURPOSE: (
            "is not intended for servers (extended key usage)",
            chain.first(lambda each: not _is_for_servers(each), start=0),
        ),
    }
    no_authority = (
        "was used to sign another certificate but is not marked as a CA certificate (basic constraints)",
        chain.first(lambda each: not _is_authority(each), start=1),
    )
    known |= dict.fromkeys(NO_AUTHORITY, no_authority)
    known |= dict.fromkeys(
        OUTSIDE_ITS_NAMES, ("is not allowed to sign for this name (name constraints)", 1)
    )
    if code not in known:
        return Reason.OTHER, message, 0
    return Reason.INVALID, *known[code]


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex().upper()


def _key_bits(certificate: x509.Certificate) -> int | None:
    key = certificate.public_key()
    return (
        key.key_size
        if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey | ec.EllipticCurvePublicKey)
        else None
    )


def _has_weak_key(certificate: x509.Certificate) -> bool:
    least = EC_BITS if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey) else RSA_BITS
    bits = _key_bits(certificate)
    return bits is not None and bits < least


def _is_signed_weakly(certificate: x509.Certificate) -> bool:
    weak = isinstance(certificate.signature_hash_algorithm, hashes.MD5 | hashes.SHA1)
    return weak and certificate.issuer != certificate.subject


def _is_authority(certificate: x509.Certificate) -> bool:
    found = _extension(certificate, x509.BasicConstraints)
    return found is not None and found.ca


def _may_sign(certificate: x509.Certificate) -> bool:
    found = _extension(certificate, x509.KeyUsage)
    return found is None or found.key_cert_sign


def _is_for_servers(certificate: x509.Certificate) -> bool:
    found = _extension(certificate, x509.ExtendedKeyUsage)
    return found is None or ExtendedKeyUsageOID.SERVER_AUTH in found


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    found = _extension(certificate, x509.SubjectAlternativeName)
    if found is None:
        return ()
    addresses = [str(each) for each in found.get_values_for_type(x509.IPAddress)]
    return (*found.get_values_for_type(x509.DNSName), *addresses)


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def utc_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)
