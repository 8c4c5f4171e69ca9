"""NO_PROXY read as people write it, with what curl and requests would do differently.

No standard says what NO_PROXY means. Ours takes all that curl 7.88 and requests 2.34 take,
and the spellings that neither takes although people write them. Each entry is judged on its
own, in time that does not depend on the others.

Source: curl's docs/cmdline-opts/noproxy.d and requests.utils.should_bypass_proxies, both
measured; https://about.gitlab.com/blog/2021/01/27/we-need-to-talk-no-proxy/
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from outbound.addresses import normal_host, parse_address, parse_port, split_port
from outbound.surroundings import DOTENV, QUOTES, Surroundings, Variable

SEPARATORS = re.compile(r"[,\s]+")
ADDRESS_START = re.compile(r"[a-z][a-z0-9+.-]{0,20}://", re.IGNORECASE)
LONGEST_ENTRY = 300

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

STAR_IN_LIST = "curl and requests honour * only where it is the whole value"
STAR_PREFIX = "curl and requests do not honour the star; write .{suffix}"
QUOTED = "curl and requests take the quotes for a part of the name"
TRAILING_DOT = "requests does not honour the dot at the end"
WITH_SCHEME = "curl and requests do not honour a scheme or a path; write the host only"
WITH_PORT = "curl and requests do not honour a port where the address called names none"
SPACES = "requests does not take a space for a separator"
LINE_BREAK = "curl does not honour an entry before a line break"
IPV6_NETWORK = "requests does not honour IPv6 networks, and httpx does not start beside them"
IPV6_BRACKETS = "httpx does not start beside an IPv6 address in brackets"
LITERAL_ONLY = "matches only addresses that are called as such: names are not looked up"
NOT_UNDERSTOOD = "is no host, .suffix, address or network, and matches nothing"


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

    `exact` is a host that matches itself, `suffix` a name whose subdomains match, `notes`
    say where other tools read the entry differently.
    """

    everything: bool = False
    exact: str | None = None
    suffix: str | None = None
    network: Network | None = None
    port: int | None = None
    notes: tuple[str, ...] = ()

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
        """`entry 2 of NO_PROXY in .env, *.stripe.com`."""
        where = "in .env" if self.source == DOTENV else "of the process"
        return f"entry {self.position} of {self.variable} {where}, {self.text}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an entry says about one target; `note` tells where curl or requests differ."""

    entry: Entry
    matches: bool
    note: str


def read_entries(surroundings: Surroundings) -> tuple[Entry, ...]:
    """Every entry of NO_PROXY and no_proxy, from the process and from `.env`, united."""
    return tuple(
        entry
        for variable in surroundings.settings_of("NO_PROXY")
        for entry in _entries_of(variable)
    )


def judge(entries: tuple[Entry, ...], target: Target) -> tuple[Verdict, ...]:
    """A verdict for each entry, in their order."""
    return tuple(
        Verdict(entry, entry.pattern.matches(target), "; ".join(entry.pattern.notes))
        for entry in entries
    )


def _entries_of(variable: Variable) -> Iterator[Entry]:
    texts = [text for text in SEPARATORS.split(variable.value) if text.strip(QUOTES)]
    alone = len(texts) == 1
    separators = _notes_on_separators(variable.value)
    for position, text in enumerate(texts, start=1):
        pattern = _read(text[:LONGEST_ENTRY], alone=alone)
        pattern = replace(pattern, notes=(*pattern.notes, *separators))
        yield Entry(text[:LONGEST_ENTRY], variable.name, variable.source, position, pattern)


def _notes_on_separators(value: str) -> tuple[str, ...]:
    notes = []
    if re.search(r"[^,\s] +[^,\s]", value):
        notes.append(SPACES)
    if re.search(r"[\r\n]", value):
        notes.append(LINE_BREAK)
    return tuple(notes)


def _read(text: str, *, alone: bool) -> Pattern:
    bare, notes = _without_quotes_and_scheme(text)
    if bare == "*":
        in_list = () if alone else (STAR_IN_LIST,)
        return Pattern(everything=True, notes=(*notes, *in_list))
    pattern = _read_network(bare) or _read_host(bare)
    return replace(pattern, notes=(*notes, *pattern.notes))


def _without_quotes_and_scheme(text: str) -> tuple[str, tuple[str, ...]]:
    bare, notes = text.strip(QUOTES), []
    if bare != text:
        notes.append(QUOTED)
    scheme = ADDRESS_START.match(bare)
    if scheme:
        bare = bare[scheme.end() :].partition("/")[0]
        notes.append(WITH_SCHEME)
    return bare, tuple(notes)


def _read_network(text: str) -> Pattern | None:
    if "/" not in text:
        return None
    try:
        network = ipaddress.ip_network(text.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None
    version = (IPV6_NETWORK,) if network.version == 6 else ()
    return Pattern(network=network, notes=(LITERAL_ONLY, *version))


def _read_host(text: str) -> Pattern:
    host_text, port_text = split_port(text)
    port = parse_port(port_text) if port_text is not None else None
    starred = host_text.startswith("*")
    name = normal_host(host_text.removeprefix("*").removeprefix("."))
    if name is None or (port_text is not None and port is None):
        return Pattern(notes=(NOT_UNDERSTOOD,))
    notes = _notes_on_host(text, name, starred=starred, ported=port is not None)
    if parse_address(name) is not None:
        return Pattern(exact=name, port=port, notes=notes)
    # `*.x` means the names below x, in Go, which alone honours it; `.x` means x too.
    exact = None if starred else name
    return Pattern(exact=exact, suffix=name, port=port, notes=notes)


def _notes_on_host(text: str, name: str, *, starred: bool, ported: bool) -> tuple[str, ...]:
    found = (
        (starred, STAR_PREFIX.format(suffix=name)),
        (ported, WITH_PORT),
        (text.partition(":")[0].endswith("."), TRAILING_DOT),
        (text.startswith("["), IPV6_BRACKETS),
    )
    return tuple(note for applies, note in found if applies)
