"""Read NO_PROXY as people write it, and say where curl and requests read it differently.

No standard says what NO_PROXY means. This accepts all that curl 7.88 and requests 2.34
accept, and the spellings that neither accepts although people write them. Each entry is
judged on its own.

Source: curl's docs/cmdline-opts/noproxy.d and requests.utils.should_bypass_proxies, both
measured; https://about.gitlab.com/blog/2021/01/27/we-need-to-talk-no-proxy/
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from outbound.redaction import mask_url
from outbound.route.environment import (
    DOTENV,
    INVISIBLE,
    QUOTES,
    ProxyEnvironment,
    Variable,
)
from outbound.route.hosts import Address, normal_host, parse_address, parse_port, split_port

SEPARATORS = re.compile(r"[,;|，；、\s]+")
NOT_COMMAS = re.compile(r"[;|，；、]")
OTHER_BLANK = re.compile(r"[^\S ]")
START_OF_NETWORK = re.compile(r"[0-9.]+/")
# An address or a network, right or wrong, as opposed to a name with a path.
NETWORK = re.compile(r"(?:[0-9.]+|\[?[0-9a-f.]*:[0-9a-f.:]*:[0-9a-f.:]*\]?)/.+", re.IGNORECASE)
ADDRESS_START = re.compile(r"[a-z][a-z0-9+.-]{0,20}://", re.IGNORECASE)
ENTRY_CHARACTERS = 300

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Where curl 7.88 and requests 2.34 read an entry in another way.
STAR_IN_LIST = "curl and requests support * only as the whole value"
STAR_PREFIX = "curl and requests do not support the asterisk, so use .{name}"
QUOTED = "curl and requests read the quotes as part of the name"
TRAILING_DOT = "requests does not support a trailing dot"
LEADING_DOTS = "curl supports one leading dot, not several"
WITH_SCHEME = "curl and requests do not support a scheme or path, so use only the host"
WITH_USER = "curl and requests do not support a username or password, so use only the host"
EMPTY_PORT = "curl and requests do not support a trailing colon"
NOT_A_COMMA = "curl and requests use only commas as separators, so use a comma instead of {signs}"
SHELL_WORDS = (
    "curl and requests read export and the name as part of the value, so use only the hosts"
)
INVISIBLE_SIGNS = "curl and requests read the invisible characters as part of the name"
WITH_PORT = "curl does not support ports, and requests supports a port only if it is in the URL"
BLANKS = "requests supports only commas as separators"
LINE_BREAKS = "curl and requests do not support line breaks as separators"
LINE_END = "curl does not support a line break in the variable"
IPV6_NETWORK = "curl and requests do not support IPv6 networks, and httpx fails to start with them"
IPV6_BRACKETS = "curl and requests do not support brackets, and httpx fails to start with them"
NETMASK = "curl and requests support only a prefix length, such as /24"
WHOLE_NETWORK = "curl and requests do not support /0"
ADDRESS_FORM = "curl and requests compare addresses as text, so use {name}"
INTERNATIONAL = "curl and requests compare international names as text"
NETWORK_BESIDE_BLANKS = "requests does not support a network next to a tab or line break"
AFTER_NETWORK = "curl ignores what follows the network"
OVERSHADOWED = "curl and requests read only {where}, which is also set"
END_OF_ADDRESS = (
    "requests interprets it as the end of an address, so use a network, such as 10.0.0.0/8"
)
# What else to know.
LITERAL_ONLY = "it matches only IP addresses in URLs, because host names are not resolved"
NOT_UNDERSTOOD = "it is not a host, .suffix, IP address, or network"


@dataclass(frozen=True, slots=True)
class Target:
    """The far side of a call: `host` is a normal name or, with `address`, an address."""

    host: str
    port: int

    @property
    def address(self) -> Address | None:
        """The address, where no name is called."""
        return parse_address(self.host)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an entry stands for.

    `exact` is a host that matches itself, `suffix` a name whose subdomains match.
    `differences` say where other tools read the entry otherwise, `remark` what else to know.
    """

    everything: bool = False
    exact: str | None = None
    suffix: str | None = None
    network: Network | None = None
    port: int | None = None
    differences: tuple[str, ...] = ()
    remark: str = ""

    def matches(self, target: Target) -> bool:
        """True where a call to the target is meant."""
        if self.port is not None and self.port != target.port:
            return False
        address = target.address
        if self.everything or target.host == self.exact:
            return True
        if address is not None:
            return self.network is not None and address in self.network
        return self.suffix is not None and target.host.endswith(f".{self.suffix}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of NO_PROXY. `position` counts from 1 within its variable."""

    text: str
    variable: str
    source: str
    position: int
    pattern: Pattern

    def describe(self) -> str:
        """`Entry 2 of NO_PROXY in .env (*.stripe.com)`."""
        where = "in .env" if self.source == DOTENV else "in the environment"
        return f"Entry {self.position} of {self.variable} {where} ({self.text})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an entry says about one target."""

    entry: Entry
    matches: bool

    @property
    def differs(self) -> bool:
        """True where curl or requests read the entry otherwise."""
        return bool(self.entry.pattern.differences)

    @property
    def note(self) -> str:
        """Where curl or requests read the entry otherwise, and what else to know of it."""
        pattern = self.entry.pattern
        return "; ".join((*pattern.differences, *([pattern.remark] if pattern.remark else [])))


def read_entries(environment: ProxyEnvironment) -> tuple[Entry, ...]:
    """Every entry of NO_PROXY and no_proxy, from the process and from `.env`, united."""
    elsewhere = environment.read_elsewhere("NO_PROXY")
    return tuple(
        entry
        for variable in environment.settings_of("NO_PROXY")
        for entry in _entries_of(variable, _about_spelling(variable, elsewhere))
    )


def judge(entries: tuple[Entry, ...], target: Target) -> tuple[Verdict, ...]:
    """A verdict for each entry, in their order."""
    return tuple(Verdict(entry, entry.pattern.matches(target)) for entry in entries)


def _entries_of(variable: Variable, about_spelling: tuple[str, ...]) -> Iterator[Entry]:
    value = _without_shell_command(variable)
    texts = [text for text in SEPARATORS.split(value) if INVISIBLE.sub("", text).strip(QUOTES)]
    about_shell = () if value is variable.value else (SHELL_WORDS,)
    about_all = (*_about_separators(value), *about_spelling, *about_shell)
    about_networks = (NETWORK_BESIDE_BLANKS,) if OTHER_BLANK.search(variable.value) else ()
    for position, text in enumerate(texts, start=1):
        pattern = _read(text) if len(text) <= ENTRY_CHARACTERS else Pattern(remark=NOT_UNDERSTOOD)
        star = (STAR_IN_LIST,) if text == "*" != variable.value else ()
        network = about_networks if pattern.network else ()
        differences = (*pattern.differences, *star, *network, *about_all)
        yield Entry(
            text=mask_url(text[:ENTRY_CHARACTERS]),
            variable=variable.name,
            source=variable.source,
            position=position,
            pattern=replace(pattern, differences=differences),
        )


def _without_shell_command(variable: Variable) -> str:
    """The value, where a whole `export NO_PROXY=…` was pasted in its place."""
    inside = INVISIBLE.sub("", variable.value).strip().strip(QUOTES)
    return variable.value if inside == variable.bare else variable.bare


def _about_spelling(variable: Variable, elsewhere: Variable | None) -> tuple[str, ...]:
    if elsewhere is None or (variable.name, variable.source) == (elsewhere.name, elsewhere.source):
        return ()
    return (OVERSHADOWED.format(where=elsewhere.where),)


def _about_separators(value: str) -> tuple[str, ...]:
    gaps = SEPARATORS.findall(value.strip())
    signs = " and ".join(sorted({sign for gap in gaps for sign in NOT_COMMAS.findall(gap)}))
    if signs:
        return (NOT_A_COMMA.format(signs=signs),)
    without_comma = [gap for gap in gaps if "," not in gap]
    if any("\n" in gap or "\r" in gap for gap in without_comma):
        return (LINE_BREAKS,)
    found = ((without_comma, BLANKS), ("\n" in value or "\r" in value, LINE_END))
    return tuple(difference for applies, difference in found if applies)


def _read(text: str) -> Pattern:
    inside, differences = _without_decoration(text)
    pattern = _read_star(inside) or _read_network(inside) or _read_host(inside)
    return replace(pattern, differences=(*differences, *pattern.differences))


def _without_decoration(text: str) -> tuple[str, tuple[str, ...]]:
    """The host, `.suffix`, address or network, without what people write around it."""
    visible = INVISIBLE.sub("", text)
    unquoted = visible.strip(QUOTES)
    scheme = ADDRESS_START.match(unquoted)
    address = unquoted[scheme.end() :] if scheme else unquoted
    _user, at, place = address.rpartition("@")
    host = place if NETWORK.fullmatch(place) else place.partition("/")[0]
    found = (
        (visible != text, INVISIBLE_SIGNS),
        (unquoted != visible, QUOTED),
        (scheme or host != place, WITH_SCHEME),
        (at, WITH_USER),
        (host.endswith(":") and host.count(":") == 1, EMPTY_PORT),
    )
    inside = host.removesuffix(":") if host.count(":") == 1 else host
    return inside, tuple(difference for applies, difference in found if applies)


def _read_star(text: str) -> Pattern | None:
    star, colon, port_text = text.partition(":")
    if star != "*":
        return None
    if not colon:
        return Pattern(everything=True)
    port = parse_port(port_text)
    if port is None:
        return Pattern(remark=NOT_UNDERSTOOD)
    return Pattern(everything=True, port=port, differences=(WITH_PORT, STAR_IN_LIST))


def _read_network(text: str) -> Pattern | None:
    if "/" not in text:
        return None
    try:
        network = ipaddress.ip_network(text.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None
    length = text.rpartition("/")[2]
    found = (
        (network.version == 6, IPV6_NETWORK),
        (not length.isdigit(), NETMASK),
        (network.prefixlen == 0, WHOLE_NETWORK),
    )
    differences = tuple(difference for applies, difference in found if applies)
    return Pattern(network=network, differences=differences, remark=LITERAL_ONLY)


def _read_host(text: str) -> Pattern:
    host_text, port_text = split_port(text)
    port = parse_port(port_text) if port_text is not None else None
    name = normal_host(host_text.removeprefix("*").lstrip("."))
    if name is None or (port_text is not None and port is None):
        junk = (AFTER_NETWORK,) if START_OF_NETWORK.match(text) else ()
        return Pattern(differences=junk, remark=NOT_UNDERSTOOD)
    differences = _about_host(text, host_text, name)
    if parse_address(name) is not None:
        return Pattern(exact=name, port=port, differences=differences)
    # `*.x` means the names below x in Go, which alone honors it; `.x` means x too.
    exact = None if host_text.startswith("*") else name
    return Pattern(exact=exact, suffix=name, port=port, differences=differences)


def _about_host(text: str, host_text: str, name: str) -> tuple[str, ...]:
    is_address = parse_address(name) is not None
    found = (
        (host_text.startswith("*"), STAR_PREFIX.format(name=name)),
        (host_text.startswith(".."), LEADING_DOTS),
        (host_text.endswith("."), TRAILING_DOT),
        (text != host_text and not text.endswith("]"), WITH_PORT),
        (text.startswith("["), IPV6_BRACKETS),
        (is_address and host_text.lower() != name, ADDRESS_FORM.format(name=name)),
        (not host_text.isascii(), INTERNATIONAL),
        (not is_address and re.fullmatch(r"[0-9.]+", name), END_OF_ADDRESS),
    )
    return tuple(difference for applies, difference in found if applies)
