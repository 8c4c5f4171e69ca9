"""Names to addresses, within a call's deadline; and names led elsewhere for a trial.

`getaddrinfo` cannot be interrupted, so it runs in a thread of its own; calls that want the
same name at the same time share one, so that a dead resolver holds one thread for each name
and not one for each call.
"""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from outbound.route.hosts import normal_host, parse_address, parse_port, with_port
from outbound.transport.trace import DeadlineError, Trace

EXAMPLE = "api.stripe.com:443:127.0.0.1:8443"


class OverrideError(ValueError):
    """An override is malformed; the text says what to write."""


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
    """Calls to `host:port` are connected to `address:target_port` instead.

    The name stays in every decision, in SNI, in the check of the certificate, in Host and
    in what a proxy is asked for: only the look-up on this machine is replaced.
    """

    host: str
    port: int
    address: str
    target_port: int

    def endpoint(self) -> Endpoint:
        """Where the connection goes."""
        return _literal(self.address, self.target_port)

    def __str__(self) -> str:
        return f"{with_port(self.host, self.port)}:{with_port(self.address, self.target_port)}"


def parse_resolve(text: str) -> tuple[Override, ...]:
    """This will read `host:port:address:port`, several separated by commas; none is fine.

    As curl's --resolve, but with a port of its own for the address; an IPv6 address stands
    in brackets. Raises: OverrideError.
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
        raise OverrideError(f"Write host:port:address:port, such as {EXAMPLE}.")
    return Override(name, numbers[0], str(literal), numbers[1])


LookUp = Callable[..., list[tuple[int, int, int, str, tuple[str | int, ...]]]]


class Resolver:
    """Looks names up. Thread-safe."""

    def __init__(self, overrides: tuple[Override, ...] = (), look_up: LookUp | None = None) -> None:
        self._overrides = {(override.host, override.port): override for override in overrides}
        self._look_up: LookUp = look_up or socket.getaddrinfo  # type: ignore[assignment]
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int], Future[list[Endpoint]]] = {}

    def endpoints(self, host: str, port: int, trace: Trace) -> list[Endpoint]:
        """Where `host:port` can be connected to, in the order to be tried; never empty.

        Raises: socket.gaierror, SilentResolverError, UnicodeError.
        """
        override = self._overrides.get((host, port))
        if override is not None:
            return [override.endpoint()]
        if parse_address(host) is not None:
            return [_literal(host, port)]
        try:
            return self._shared_look_up(host, port).result(trace.remaining_seconds())
        except (TimeoutError, DeadlineError) as error:
            raise SilentResolverError(f"no answer about {host}") from error

    def _shared_look_up(self, host: str, port: int) -> "Future[list[Endpoint]]":
        with self._lock:
            future = self._under_way.get((host, port))
            if future is None:
                future = self._under_way[host, port] = Future()
                # A daemon, so that a dead resolver does not keep the process from ending.
                threading.Thread(
                    target=self._run, args=(host, port, future), name="look-up", daemon=True
                ).start()
            return future

    def _run(self, host: str, port: int, future: "Future[list[Endpoint]]") -> None:
        try:
            found = self._look_up(host, port, 0, socket.SOCK_STREAM)
            endpoints = [Endpoint(family, str(where[0]), port) for family, *_, where in found]
            outcome: BaseException | None = None
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            outcome = error
        with self._lock:
            del self._under_way[host, port]
        if outcome is not None:
            future.set_exception(outcome)
        else:
            future.set_result(endpoints)


def _literal(address: str, port: int) -> Endpoint:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return Endpoint(family, address, port)
