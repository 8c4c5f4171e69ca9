"""Reading a certificate that was refused: who presented it, so that the doctor can say.

Python's ssl decodes only certificates that it has verified. What is wanted of others is one
name, so that name is read here; nothing is decided by it.

Source: RFC 5280 section 4.1 (the fields), ITU-T X.690 (their encoding).
"""

import hashlib

CONTEXT_VERSION = 0xA0
BMP_STRING, UTF8_STRING = 0x1E, 0x0C
SHOWN = {bytes.fromhex("55040a"): "O", bytes.fromhex("550403"): "CN"}


def issuer_of(certificate: bytes) -> str:
    """`O=Example, CN=Example Root` of a certificate in DER; empty where it cannot be read."""
    try:
        fields = _items(_items(_items(certificate)[0][1])[0][1])
        if fields[0][0] == CONTEXT_VERSION:
            fields = fields[1:]
        _serial, _algorithm, issuer = fields[:3]
        return ", ".join(_named_parts(issuer[1]))
    except (IndexError, ValueError):
        return ""


def fingerprint_of(certificate: bytes) -> str:
    """SHA-256 of the certificate in hexadecimal, as browsers show it."""
    return hashlib.sha256(certificate).hexdigest().upper() if certificate else ""


def _named_parts(name: bytes) -> list[str]:
    parts = []
    for _, relative_name in _items(name):
        for _, pair in _items(relative_name):
            (_, kind), (encoding, value) = _items(pair)[:2]
            if kind in SHOWN:
                codec = {BMP_STRING: "utf-16-be", UTF8_STRING: "utf-8"}.get(encoding, "latin-1")
                parts.append(f"{SHOWN[kind]}={value.decode(codec, 'replace')}")
    return parts


def _items(data: bytes) -> list[tuple[int, bytes]]:
    """The tag and content of each element. Raises: IndexError, ValueError."""
    items = []
    while data:
        tag, length, start = data[0], data[1], 2
        if length & 0x80:
            count = length & 0x7F
            start, length = 2 + count, int.from_bytes(data[2 : 2 + count])
        if start + length > len(data):
            raise ValueError("an element is longer than what holds it")
        items.append((tag, data[start : start + length]))
        data = data[start + length :]
    return items
