"""Resolve names within a call's deadline, and lead names elsewhere for a trial.

`getaddrinfo` cannot be interrupted, so it runs in a thread of its own. Calls that want the
same name at the same time share one look-up, so that a dead resolver holds one thread for
each name and not one for each call.
"""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from outbound.route.hosts import normal_host, parse_address, parse_port, with_port
from outbound.transport.trace import DeadlineError, Trace

EXAMPLE = "api.stripe.com:443:127.0.0.1:8443"


class OverrideError(ValueError):
    """An override cannot be read. The text says what to write."""


class SilentResolverError(TimeoutError):
    """The resolver has not answered in the time that the call had."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that can be connected to."""

    family: int
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Override:
    """Connect calls to `host:port` to `address:target_port`.

    Only the look-up on this machine is replaced: the name stays in every decision, in SNI,
    in the verification of the certificate, in Host, and in CONNECT.
    """

    host: str
    port: int
    address: str
    target_port: int

    def endpoint(self) -> Endpoint:
        """Return where the connection goes."""
        return _literal(self.address, self.target_port)

    def __str__(self) -> str:
        return f"{with_port(self.host, self.port)}:{with_port(self.address, self.target_port)}"


def parse_resolve(text: str) -> tuple[Override, ...]:
    """Read `host:port:address:port`, several separated by commas, or none.

    As curl's --resolve, but with a port for the address too. An IPv6 address stands in
    brackets. Raises: OverrideError.
    """
    return tuple(_parse_override(part.strip()) for part in text.split(",") if part.strip())


def _parse_override(text: str) -> Override:
    host, _, rest = text.partition(":")
    port, _, rest = rest.partition(":")
    address, _, target_port = rest.rpartition(":")
    numbers = parse_port(port), parse_port(target_port)
    name, literal = normal_host(host), parse_address(address.removeprefix("[").removesuffix("]"))
    bracketed = address.startswith("[") and address.endswith("]")
    fits = literal is not None and bracketed == (":" in address)
    if not (name and fits and numbers[0] and numbers[1]):
        raise OverrideError(f"Use host:port:address:port, such as {EXAMPLE}.")
    return Override(name, numbers[0], str(literal), numbers[1])


LookUp = Callable[..., list[tuple[int, int, int, str, tuple[str | int, ...]]]]
HOSTS_FILE = Path("/etc/hosts")
NOT_FOUND = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up found. `searched`: only with the help of this machine's search domains."""

    endpoints: list[Endpoint]
    searched: bool = False


Find = Callable[[str, int], Found]
Key = tuple[Find, str, int]


class Resolver:
    """Resolve names. Thread-safe."""

    def __init__(self, overrides: tuple[Override, ...] = (), look_up: LookUp | None = None) -> None:
        self._overrides = {(override.host, override.port): override for override in overrides}
        self._look_up: LookUp = look_up or socket.getaddrinfo  # type: ignore[assignment]
        self._lock = threading.Lock()
        self._under_way: dict[Key, Future[Found]] = {}

    def public(self, host: str, port: int, trace: Trace) -> list[Endpoint]:
        """Resolve a name of the public DNS, in the order to be tried; never empty.

        It is looked up with a trailing dot: otherwise a search domain with a wildcard would
        answer where the name itself is unknown, and lead the call to another machine.
        Raises: socket.gaierror, SilentResolverError, UnicodeError.
        """
        return self._known(host, port) or self._shared(self._public, host, port, trace).endpoints

    def local(self, host: str, port: int, trace: Trace) -> list[Endpoint]:
        """Resolve a name that may be one of this network alone, such as a proxy's.

        The name as it stands comes first, then the search domains: `proxy.tools` is a whole
        name to a cluster's containers. Raises: as `public`.
        """
        known = self._known(host, port)
        if known:
            return known
        found = self._shared(self._local, host, port, trace)
        trace.searched = found.searched
        return found.endpoints

    def _known(self, host: str, port: int) -> list[Endpoint]:
        override = self._overrides.get((host, port))
        if override is not None:
            return [override.endpoint()]
        return [_literal(host, port)] if parse_address(host) is not None else []

    def _shared(self, find: Find, host: str, port: int, trace: Trace) -> Found:
        try:
            return self._future((find, host, port)).result(trace.remaining_seconds())
        except (TimeoutError, DeadlineError) as error:
            raise SilentResolverError(f"no answer about {host}") from error

    def _future(self, key: Key) -> "Future[Found]":
        with self._lock:
            future = self._under_way.get(key)
            if future is None:
                future = self._under_way[key] = Future()
                # A daemon, so that a dead resolver does not keep the process from ending.
                threading.Thread(
                    target=self._run, args=(key, future), name="look-up", daemon=True
                ).start()
            return future

    def _run(self, key: Key, future: "Future[Found]") -> None:
        find, host, port = key
        try:
            found = find(host, port)
            outcome: BaseException | None = None
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            outcome = error
        with self._lock:
            del self._under_way[key]
        if outcome is not None:
            future.set_exception(outcome)
        else:
            future.set_result(found)

    def _public(self, host: str, port: int) -> Found:
        # A name without a dot belongs to this network. glibc does not find a name with a
        # trailing dot in its hosts file.
        if "." not in host or _is_in(HOSTS_FILE, host):
            return Found(self._ask(host, port))
        return Found(self._ask(f"{host}.", port))

    def _local(self, host: str, port: int) -> Found:
        try:
            return self._public(host, port)
        except socket.gaierror as error:
            if error.errno not in NOT_FOUND:
                raise
        return Found(self._ask(host, port), searched=True)

    def _ask(self, name: str, port: int) -> list[Endpoint]:
        answers = self._look_up(name, port, 0, socket.SOCK_STREAM)
        return [Endpoint(family, str(where[0]), port) for family, *_, where in answers]


def _is_in(hosts_file: Path, host: str) -> bool:
    try:
        lines = hosts_file.read_text("utf-8", "replace").lower().splitlines()
    except OSError:
        return False
    return any(host in line.partition("#")[0].split()[1:] for line in lines if host in line)


def _literal(address: str, port: int) -> Endpoint:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return Endpoint(family, address, port)
