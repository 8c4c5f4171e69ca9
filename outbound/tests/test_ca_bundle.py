"""The error about an unusable CA bundle names the kind of file and the remedy."""

import ssl
from itertools import count

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from outbound.transport.ca_bundle import CABundleError
from outbound.transport.trust import client_context
from testing.certificates import authority

# The cases are numbered (`ids=count()`): two processes make two certificates, and all processes of a
# run must give a case the same name.
ONE, TWO = authority("One"), authority("Two")
TEXT = ONE.pem.decode()
BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def how_many(path):
    return len(client_context(path).get_ca_certs()) - len(client_context().get_ca_certs())


@pytest.mark.parametrize(
    "content",
    [
        ONE.pem,
        ONE.pem.replace(b"\n", b"\r\n"),
        ONE.pem.rstrip(b"\n"),
        b"\xef\xbb\xbf" + ONE.pem,
        b"Bag Attributes\n    friendlyName: One\nsubject=O = Company\n" + ONE.pem,
        ONE.pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
        ONE.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + ONE.pem,
    ],
    ids=count(),
)
def test_files_accepted_by_openssl(tmp_path, content):
    (tmp_path / "ca.pem").write_bytes(content)
    assert how_many(tmp_path / "ca.pem") == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"nothing", "it contains no PEM certificate"),
        # Joined.
        (ONE.pem.rstrip() + TWO.pem, "line {line} contains the end of one certificate and the beginning of the next. "
         "Insert a line break between them"),
        (ONE.pem + TWO.pem.rstrip() + b"  " + ONE.pem, "line {lines} contains the end of one certificate and the beginning of the next"),
        # Damaged.
        (TEXT + BROKEN, "certificate 2 of 2, which begins on line {next}, is damaged. Copy the "
         "certificate again"),
        (BROKEN + TEXT, "certificate 1 of 2, which begins on line 1, is damaged."),
        (TEXT[: len(TEXT) // 2], "certificate 1 of 1, which begins on line 1, is damaged."),
        (TEXT.replace("MII", "MI", 1), "certificate 1 of 1, which begins on line 1, is damaged."),
        # Binary.
        (ONE.der, "it is a certificate in binary (DER) format. Convert it: `openssl x509 -inform der "),
        (pkcs7.serialize_certificates([ONE.certificate], Encoding.DER),
         "it is a binary PKCS #7 file. Convert it: `openssl pkcs7 -inform der -print_certs "),
        (pkcs12.serialize_key_and_certificates(
            b"x", None, ONE.certificate, None, BestAvailableEncryption(b"x")),
         "it is a PKCS #12 file. Extract the certificates: `openssl pkcs12 -nokeys "),
        # Text of another kind.
        (pkcs7.serialize_certificates([ONE.certificate, TWO.certificate], Encoding.PEM),
         "it is a PKCS #7 file. Convert it: `openssl pkcs7 -print_certs -in "),
        (TEXT.encode("utf-16"), "it is UTF-16 text. Save it as UTF-8"),
        (TEXT.replace("\n", "\\n"), r"its line breaks are written as \n."),
        ("".join(f"    {line}\n" for line in TEXT.splitlines()), "its lines are indented."),
        ("<html><title>Sign in</title></html>", "it is a web page, probably a sign-in page."),
        (ONE.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
         "it contains a private key, not a certificate."),
        (TEXT.replace("CERTIFICATE", "CERTIFICATE REQUEST"), "it contains a certificate signing request"),
        (TEXT.replace("CERTIFICATE", "X509 CRL"), "it contains a certificate revocation list"),
    ],
    ids=count(),
)  # fmt: skip
def test_unusable_file_is_named_by_kind(tmp_path, content, reason):
    lines = TEXT.count("\n")
    path = tmp_path / "ca.pem"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(CABundleError) as refused:
        client_context(path)
    said = reason.format(line=lines, lines=2 * lines, next=lines + 1)
    assert str(refused.value).startswith(f"{path} cannot be used as a CA bundle: {said}")


def test_conversion_command_for_binary_file(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(ONE.der)
    converted = tmp_path / "ca-converted.pem"
    with pytest.raises(CABundleError, match=f"-in {path} -out {converted}`$") as refused:
        client_context(path)
    assert refused.value.converted == converted
    path.write_text(ssl.DER_cert_to_PEM_cert(ONE.der))
    assert how_many(path) == 1


def test_a_folder_is_no_bundle(tmp_path):
    with pytest.raises(CABundleError, match="cannot be used as a CA bundle"):
        client_context(tmp_path)
