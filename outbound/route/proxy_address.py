"""The address of a proxy: `scheme://user:password@host:port`.

`decision.py` decides whether a proxy is used.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from outbound.redaction import MASK
from outbound.route.hosts import normal_host, parse_address, parse_port, split_port, with_port

SCHEMES = ("http", "https", "socks5", "socks5h")
# Source: RFC 1928 (1080) and what urllib3 takes for the others.
DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
EXAMPLE = "http://user:password@proxy.example:3128"
SPECIAL = {"@": "%40", ":": "%3A", "/": "%2F", "#": "%23", "?": "%3F", "[": "%5B", "]": "%5D"}
PERCENT_ENCODING = ", ".join(f"{sign} as {code}" for sign, code in list(SPECIAL.items())[:5])
# What people and templates write where a host belongs.
WORDS_FOR_NONE = frozenset(
    "direct none null nil undefined false off no disable disabled unset empty blank nothing"
    " noproxy n/a na 0 -".split()
)
WORDS_FOR_SOME = frozenset("auto automatic default system env true on yes 1".split())
PAC_FILE = re.compile(
    r"^(?:pac\+|file:|data:)|/[^?#]*\.(?:pac|dat|js)(?:$|[?#])|/wpad(?:$|[/?#.:])|^wpad(?:\.dat)?$",
    re.IGNORECASE,
)
PAC_ANSWER = re.compile(r"^(?:PROXY|HTTPS?|SOCKS[45]?|DIRECT)(?:\s|;|$)")
PAC_PROXY = re.compile(r"\bPROXY\s+([^\s;]+)")
BY_SCHEME = re.compile(r"^(?:https?|ftp|socks)=", re.IGNORECASE)
BY_SCHEME_HTTPS = re.compile(r"(?:^|;)\s*https=([^;\s]+)", re.IGNORECASE)
# `http:/proxy`, `http//proxy` and `http:proxy:8080`, which name no user.
BROKEN_SCHEME = re.compile(
    r"^(https?|socks5h?)(?::/(?!/)|://(?=/)|//|:(?=[^@/]*[^\d@/][^@/]*$))/*", re.IGNORECASE
)
VARIABLE = re.compile(r"\$\{?\w+\}?|%\w+%|\{\{.*\}\}")
SEVERAL = re.compile(
    r"[^,;|\s](?:\s*[,;|]\s*(?:[a-z0-9]+://|[\w.-]+:\d+)|\s+[a-z0-9]+://)", re.IGNORECASE
)


class RouteError(Exception):
    """No route can be decided. The text is a sentence for the operator, without secrets."""


class ProxyAddressError(RouteError):
    """The address of a proxy cannot be used. The text says what to write instead."""


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    """Where a proxy listens and which protocol it speaks. Its text hides the password.

    `username` and `password` are percent-decoded, and None where the address has none.
    Bytes that are no UTF-8 are kept as surrogate escapes (PEP 383), so that `credentials`
    returns the very bytes that were written.
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
        """True where the proxy looks up the target's name, so that this machine need not."""
        return self.scheme != "socks5"

    @property
    def endpoint(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return with_port(self.host, self.port)

    @property
    def credentials(self) -> tuple[bytes, bytes] | None:
        """User and password byte for byte, in whatever encoding they were written."""
        if self.username is None:
            return None
        return _bytes(self.username), _bytes(self.password or "")

    def __str__(self) -> str:
        password = f":{MASK}" if self.password is not None else ""
        user = "" if self.username is None else f"{quote(_bytes(self.username), safe='')}"
        at = "" if self.username is None else "@"
        return f"{self.scheme}://{user}{password}{at}{self.endpoint}"


def parse_proxy(text: str) -> ProxyAddress:
    """Read `scheme://user:password@host:port`.

    Without a scheme it is an HTTP proxy. User and password are percent-decoded. A path of
    `/` is ignored. Raises: ProxyAddressError, whose sentence never holds the password.
    """
    text = text.strip()
    _refuse_other_notations(text)
    scheme, rest = _split_scheme(text)
    credentials, at, endpoint = rest.rpartition("@")
    username, password = _parse_credentials(credentials) if at else (None, None)
    host, port = _parse_endpoint(endpoint.removesuffix("/"), scheme)
    return ProxyAddress(scheme, host, port, username, password)


def corrected(text: str) -> str | None:
    """Return the address that was probably meant, with `***` for its password.

    User and password are percent-encoded, the scheme is a supported one, and nothing stands
    after the port. None where host or port would be a guess.
    """
    text = text.strip().strip("\"'")
    for pattern in (PAC_PROXY, BY_SCHEME_HTTPS):
        if found := pattern.search(text):
            text = found[1]
    text = BROKEN_SCHEME.sub(r"\1://", text)
    if _is_no_address(text) or PAC_FILE.search(text) or BY_SCHEME.match(text):
        return None
    scheme, rest = _likely_scheme(text)
    credentials, at, endpoint = rest.rpartition("@")
    place = _likely_endpoint(re.split(r"[/?#\\]", endpoint.strip())[0], scheme)
    if place is None or SEVERAL.search(text):
        return None
    user, colon, _password = credentials.partition(":")
    name = quote(unquote_to_bytes(_bytes(user)), safe="")
    shown = f"{name}{f':{MASK}' if colon else ''}@" if at else ""
    return f"{scheme}://{shown}{with_port(*place)}"


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A surrogate that stands for no byte: no environment and no file holds one.
        return text.encode("utf-8", "replace")


def _refuse_other_notations(text: str) -> None:
    if not text:
        raise ProxyAddressError(f"The value is empty. Enter an address such as {EXAMPLE}.")
    if _is_no_address(text):
        raise ProxyAddressError(_about_word(_word(text)))
    if PAC_ANSWER.match(text):
        raise ProxyAddressError(
            "The value is output from a proxy auto-configuration (PAC) file. Enter one address in the "
            "form http://host:port."
        )
    if PAC_FILE.search(text.rpartition("@")[2]):
        raise ProxyAddressError(
            "The value is the address of a proxy auto-configuration (PAC) file, which is not "
            "supported. Open the file, find the proxy that it names for api.stripe.com, and enter that "
            "proxy's address."
        )
    if BY_SCHEME.match(text):
        raise ProxyAddressError(
            "The value lists a proxy for each scheme. Enter only the proxy for https."
        )
    if VARIABLE.fullmatch(text):
        raise ProxyAddressError(
            "The value is a reference to another variable, which is not expanded here. Enter the "
            "proxy's address."
        )
    if BROKEN_SCHEME.match(text):
        raise ProxyAddressError("The scheme must be followed by ://.")
    if SEVERAL.search(text):
        raise ProxyAddressError("The value lists several proxies. Enter one address.")


def _word(text: str) -> str:
    scheme, _mark, rest = text.rpartition("://")
    host = rest if scheme.lower() in SCHEMES else text
    word = split_port(host.removesuffix("/"))[0].lower()
    return re.sub(r"[\s_-]", "", word) or word


def _is_no_address(text: str) -> bool:
    return _word(text) in WORDS_FOR_NONE | WORDS_FOR_SOME


def _about_word(word: str) -> str:
    if word in WORDS_FOR_NONE:
        return f"“{word}” is not an address. Set STRIPE_PROXY=direct to use no proxy."
    return (
        f"“{word}” does not name a proxy. Enter the proxy's address, or set STRIPE_PROXY=environment "
        "to use HTTPS_PROXY."
    )


def _likely_scheme(text: str) -> tuple[str, str]:
    scheme, mark, rest = text.partition("://")
    if not mark:
        return "http", text
    if scheme.lower() in SCHEMES:
        return scheme.lower(), rest
    return ("socks5h" if scheme.lower().startswith("socks") else "http"), rest


def _likely_endpoint(text: str, scheme: str) -> tuple[str, int] | None:
    host, port_text = split_port(text)
    if _lacks_brackets(text):
        # Without brackets, the last group of an IPv6 address may be the port.
        head, _colon, tail = text.rpartition(":")
        if parse_address(head) is None or parse_port(tail) is None:
            return None
        host, port_text = head, tail
    name = normal_host(host) if host else None
    port = DEFAULT_PORTS[scheme] if port_text is None else parse_port(port_text)
    return (name, port) if name and port else None


def _lacks_brackets(text: str) -> bool:
    return text.count(":") > 1 and not text.startswith("[")


def _split_scheme(text: str) -> tuple[str, str]:
    scheme, mark, rest = text.partition("://")
    if not mark or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return "http", text
    scheme = scheme.lower()
    if scheme in SCHEMES:
        return scheme, rest
    if scheme.startswith("socks"):
        raise ProxyAddressError(f"{scheme}:// is not supported. Use socks5h://host:port.")
    raise ProxyAddressError(
        f"{scheme}:// is not supported. Use http://, https://, socks5://, or socks5h://."
    )


def _parse_credentials(text: str) -> tuple[str, str | None]:
    username, colon, password = text.partition(":")
    for part in (username, password):
        _refuse_unencoded(part)
    decoded = _decoded(username), (_decoded(password) if colon else None)
    if any(character in part for part in decoded if part for character in "\r\n\0"):
        raise ProxyAddressError(
            "The username or password contains a line break or a null byte. Remove it."
        )
    return decoded


def _decoded(part: str) -> str:
    return unquote_to_bytes(_bytes(part)).decode("utf-8", "surrogateescape")


def _refuse_unencoded(part: str) -> None:
    if any(sign in SPECIAL or sign.isspace() for sign in part):
        raise ProxyAddressError(
            "The username or password contains a reserved character. Percent-encode it: "
            f"write {PERCENT_ENCODING}, and a space as %20."
        )
    if re.search(r"%(?![0-9A-Fa-f]{2})", part):
        raise ProxyAddressError(
            "The username or password contains a % that is not followed by two "
            "hexadecimal digits. Percent-encode it: write % as %25."
        )


def _parse_endpoint(text: str, scheme: str) -> tuple[str, int]:
    if any(sign in text for sign in "/?#\\") or any(sign.isspace() for sign in text):
        raise ProxyAddressError(
            "There is text after the host and port, or the password is not "
            f"percent-encoded. Use an address such as {EXAMPLE}, with {PERCENT_ENCODING} "
            "in the username and password."
        )
    if _lacks_brackets(text):
        raise ProxyAddressError(
            "An IPv6 address must be in brackets to separate it from the port, as in "
            f"{scheme}://[2001:db8::1]:3128."
        )
    host, port_text = split_port(text)
    # RFC 6874: the % before an interface's name is written %25.
    name = normal_host(host.replace("%25", "%") if text.startswith("[") else host) if host else None
    port = parse_port(port_text) if port_text is not None else DEFAULT_PORTS[scheme]
    if name is None or port is None:
        part = "host" if name is None else "port"
        raise ProxyAddressError(
            f"The {part} is not valid. Use an address such as {EXAMPLE}. Put an IPv6 address in "
            f"brackets, and percent-encode the password ({PERCENT_ENCODING})."
        )
    return name, port
