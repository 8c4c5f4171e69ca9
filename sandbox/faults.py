"""Faults on demand: what shall go wrong with the next requests, or events, that match.

Set through the control address; each is used up after so many. Those that come by chance
stand in `weather.py`.
"""

import threading
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Generic, Literal, TypeVar, get_args

from sandbox.errors import ApiError

Kind = Literal["status", "hang", "cut_before", "cut_after", "page"]
KINDS: tuple[str, ...] = get_args(Kind)
Fate = Literal["lost", "doubled", "delayed", "reordered", "twin"]
FATES: tuple[str, ...] = get_args(Fate)


class UnknownFaultError(ValueError):
    """What was asked for is not a fault that the sandbox knows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong with a request.

    `status` answers with that status in Stripe's shape, before acting; a 5xx is saved for
    the idempotency key, as Stripe does, unless `saved` is false. `hang` waits so many
    `seconds`, then acts and answers. `cut_before` closes the connection without acting,
    `cut_after` after it. `page` answers 200 with a page that is not JSON. `path` is a
    pattern such as `/v1/checkout/sessions*`.
    """

    kind: Kind
    method: str = "*"
    path: str = "*"
    times: int = 1
    status: int = 500
    seconds: float = 0.0
    saved: bool = True

    def matches(self, *what: str) -> bool:
        """True where the fault is for a request of this method and path."""
        method, path = what
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)

    @property
    def is_sound(self) -> bool:
        """True where such a fault can be."""
        return self.kind in KINDS and self.times >= 1 and self.seconds >= 0


@dataclass(frozen=True, slots=True)
class Mishap:
    """One thing that goes wrong with an event on its way to an endpoint.

    `lost` is never told. `doubled` is told twice, `twin` as two events with names of their
    own about the same object. `delayed` comes `seconds` later; `reordered` too, by so much
    of them as chance wants. `type` is a pattern such as `checkout.session.*`.
    """

    kind: Fate
    type: str = "*"
    times: int = 1
    seconds: float = 0.0

    def matches(self, *what: str) -> bool:
        """True where it is for an event of this type."""
        return fnmatchcase(what[0], self.type)

    @property
    def is_sound(self) -> bool:
        """True where such a mishap can be."""
        return self.kind in FATES and self.times >= 1 and self.seconds >= 0


Coming = TypeVar("Coming", Fault, Mishap)


class Waiting(Generic[Coming]):
    """What is still to go wrong, first set first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Coming] = []

    def add(self, coming: Coming) -> None:
        """Wait for the next ones that match."""
        with self._lock:
            self._waiting.append(coming)

    def take(self, *what: str) -> Coming | None:
        """What goes wrong with this one, counted down; None where all goes well."""
        with self._lock:
            for position, coming in enumerate(self._waiting):
                if coming.matches(*what):
                    left = replace(coming, times=coming.times - 1)
                    self._waiting[position : position + 1] = [left] if left.times else []
                    return coming
        return None

    def told(self) -> list[dict[str, Any]]:
        """What is still to happen."""
        with self._lock:
            return [asdict(coming) for coming in self._waiting]

    def clear(self) -> None:
        """Let all go well again."""
        with self._lock:
            self._waiting.clear()


def described(kind: type[Coming], asked: dict[str, Any]) -> Coming:
    """The fault or mishap that a JSON object describes. Raises UnknownFaultError."""
    try:
        coming = kind(**asked)
        sound = coming.is_sound
    except TypeError as error:
        raise UnknownFaultError(str(error)) from error
    if not sound:
        allowed = ", ".join(KINDS if kind is Fault else FATES)
        raise UnknownFaultError(f"kind is one of {allowed}; times at least 1; seconds at least 0")
    return coming


def error_with(status: int) -> ApiError:
    """Stripe's error of that status."""
    if status == 401:
        return ApiError("Invalid API Key provided: sk_test_****", status=401)
    if status == 403:
        return ApiError("The API key does not have the permissions for this request.", status=403)
    if status == 429:
        return ApiError("Too many requests in too short a time.", status=429, code="rate_limit")
    if status >= 500:
        return ApiError("An unknown error occurred.", status=status, kind="api_error")
    return ApiError("The request was refused.", status=status)
