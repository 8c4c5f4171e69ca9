"""Addresses of proxies, and host names in the one form in which they are compared.

Nothing here decides whether a proxy is used; `route.py` does.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from outbound.redaction import MASK

SCHEMES = ("http", "https", "socks5", "socks5h")
# Source: RFC 1928 (1080) and what urllib3 takes for the others.
DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
EXAMPLE = "http://user:password@proxy.example:3128"
SPECIAL = {"@": "%40", ":": "%3A", "/": "%2F", "#": "%23", "?": "%3F", "[": "%5B", "]": "%5D"}
PERCENT_ENCODING = ", ".join(f"{sign} as {code}" for sign, code in list(SPECIAL.items())[:5])
HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
LONGEST_HOST_NAME = 253
LARGEST_PORT = 65535


class RouteError(Exception):
    """No route can be decided. The text is a sentence for the operator, without secrets."""


class ProxyAddressError(RouteError):
    """The address of a proxy is malformed; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    """Where a proxy listens and how it is spoken to; its text never shows the password.

    `username` and `password` are decoded, and None where the address has none.
    """

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def is_socks(self) -> bool:
        """True where the proxy speaks SOCKS 5 instead of HTTP."""
        return self.scheme.startswith("socks")

    @property
    def resolves_names(self) -> bool:
        """True where the proxy looks the target's name up, so that this machine need not."""
        return self.scheme != "socks5"

    @property
    def endpoint(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return with_port(self.host, self.port)

    def __str__(self) -> str:
        password = f":{MASK}" if self.password is not None else ""
        credentials = f"{self.username}{password}@" if self.username is not None else ""
        return f"{self.scheme}://{credentials}{self.endpoint}"


def with_port(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_proxy(text: str) -> ProxyAddress:
    """This will read a proxy's address: `scheme://user:password@host:port`.

    Without a scheme it is an HTTP proxy; user and password are percent-decoded; a path of
    `/` is ignored. Raises: ProxyAddressError, whose sentence never holds the password.
    """
    scheme, rest = _split_scheme(text.strip())
    credentials, at, endpoint = rest.rpartition("@")
    username, password = _parse_credentials(credentials) if at else (None, None)
    host, port = _parse_endpoint(re.sub(r"/$", "", endpoint), scheme)
    return ProxyAddress(scheme, host, port, username, password)


def corrected(text: str) -> str:
    """The address that was probably meant, with `***` for its password; an example at worst.

    For people who correct a line: user and password percent-encoded, a scheme that is
    supported, nothing behind the port.
    """
    scheme, rest = _meant_scheme(text.strip().strip("\"'"))
    credentials, at, endpoint = rest.rpartition("@")
    user, colon, _password = credentials.partition(":")
    host, port = split_port(re.split(r"[/?#\\\s]", endpoint)[0])
    name = normal_host(host) if host else None
    if name is None or (port is not None and parse_port(port) is None):
        return EXAMPLE
    shown = (
        f"{quote(unquote(user), safe='', errors='replace')}{f':{MASK}' if colon else ''}@"
        if at
        else ""
    )
    number = parse_port(port) if port else DEFAULT_PORTS[scheme]
    return f"{scheme}://{shown}{with_port(name, number or DEFAULT_PORTS[scheme])}"


def _meant_scheme(text: str) -> tuple[str, str]:
    scheme, mark, rest = text.partition("://")
    if not mark:
        return "http", text
    if scheme.lower() in SCHEMES:
        return scheme.lower(), rest
    return ("socks5h" if scheme.lower().startswith("socks") else "http"), rest


def _split_scheme(text: str) -> tuple[str, str]:
    if not text:
        raise ProxyAddressError(f"It is empty. Write an address such as {EXAMPLE}.")
    scheme, mark, rest = text.partition("://")
    if not mark or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return "http", text
    scheme = scheme.lower()
    if scheme in SCHEMES:
        return scheme, rest
    if scheme.startswith("socks"):
        raise ProxyAddressError(f"{scheme}:// is not supported. Write socks5h://host:port.")
    raise ProxyAddressError(
        f"It begins with {scheme}://. Write http://, https://, socks5:// or socks5h://."
    )


def _parse_credentials(text: str) -> tuple[str, str | None]:
    username, colon, password = text.partition(":")
    for part in (username, password):
        _refuse_unencoded(part)
    decoded = unquote(username), (unquote(password) if colon else None)
    if any(character in part for part in decoded if part for character in "\r\n\0"):
        raise ProxyAddressError(
            "The user or the password holds a line break or a zero byte. Write it without."
        )
    return decoded


def _refuse_unencoded(part: str) -> None:
    signs = sorted({sign for sign in part if sign in SPECIAL or sign.isspace()})
    if signs:
        raise ProxyAddressError(
            "The user or the password holds a sign that has a meaning in addresses. "
            f"Percent-encode it: write {PERCENT_ENCODING}, and a space as %20."
        )
    if re.search(r"%(?![0-9A-Fa-f]{2})", part):
        raise ProxyAddressError(
            "The user or the password holds a % that is not followed by two hexadecimal "
            "digits. Percent-encode it: write % as %25."
        )


def _parse_endpoint(text: str, scheme: str) -> tuple[str, int]:
    if any(sign in text for sign in "/?#\\") or any(sign.isspace() for sign in text):
        raise ProxyAddressError(
            "Something stands after the host and port, or the password is not "
            f"percent-encoded. Write an address such as {EXAMPLE}, with {PERCENT_ENCODING} "
            "in the user and the password."
        )
    host, port_text = split_port(text)
    port = parse_port(port_text) if port_text is not None else DEFAULT_PORTS[scheme]
    name = normal_host(host) if host else None
    if name is None or port is None:
        part = "host" if name is None else "port"
        raise ProxyAddressError(
            f"Its {part} cannot be read. Write an address such as {EXAMPLE}; an IPv6 address "
            f"stands in brackets, and a password is percent-encoded ({PERCENT_ENCODING})."
        )
    return name, port


def split_port(text: str) -> tuple[str, str | None]:
    """Host and port of `host`, `host:port`, `[address]`, `[address]:port` or a bare IPv6."""
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
    """The number, or None where it is no port."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    port = int(text)
    return port if 0 < port <= LARGEST_PORT else None


def normal_host(host: str) -> str | None:
    """The host as it is compared and looked up, or None where it cannot be a host.

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
    if len(host) > LONGEST_HOST_NAME or not HOST_NAME.fullmatch(host):
        return None
    return host


def parse_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that the text is, or None; an IPv4 address in IPv6 clothes is undressed."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
