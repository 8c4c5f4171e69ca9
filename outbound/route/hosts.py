"""Host names, addresses and ports, in the one form in which they are compared."""

import ipaddress
import re
import socket

NUMBERS = re.compile(r"[0-9.]+")
HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
HOST_NAME_CHARACTERS = 253
LARGEST_PORT = 65535

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def with_port(host: str, port: int) -> str:
    """Return `host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_port(text: str) -> tuple[str, str | None]:
    """Split `host`, `host:port`, `[address]`, `[address]:port` or a bare IPv6 address."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return "", None
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        return text, None
    host, colon, port = text.partition(":")
    return host, port if colon else None


def parse_port(text: str) -> int | None:
    """Return the port, or None where the text is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    port = int(text)
    return port if 0 < port <= LARGEST_PORT else None


def normal_host(host: str) -> str | None:
    """Return the host as it is compared and looked up, or None where it cannot be one.

    Lower case, without a trailing dot, international names in their ASCII form, addresses
    in their shortest form and without brackets.
    """
    host = host.lower().removesuffix(".")
    address = parse_address(host)
    if address is not None:
        return str(address)
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    if len(host) > HOST_NAME_CHARACTERS or not HOST_NAME.fullmatch(host):
        return None
    return None if NUMBERS.fullmatch(host) and not _is_short_address(host) else host


def _is_short_address(host: str) -> bool:
    """True for an IPv4 address as getaddrinfo reads it too: `127.1`. 10.0.0.300 is none."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def parse_address(host: str) -> Address | None:
    """Return the IP address, an IPv4 address mapped into IPv6 as IPv4; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
