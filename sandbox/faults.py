"""Faults on demand: what shall go wrong with the next requests that match.

Set through the control address; each is used up after so many requests.
"""

import threading
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from sandbox.errors import ApiError

Kind = Literal["status", "hang", "cut_before", "cut_after", "page"]
KINDS: tuple[str, ...] = get_args(Kind)


class UnknownFaultError(ValueError):
    """What was asked for is not a fault that the sandbox knows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

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

    def matches(self, method: str, path: str) -> bool:
        """True where the fault is for this request."""
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)


class Faults:
    """The faults that are still to happen, first set first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Wait for the next requests that match."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that happens to this request, counted down; None where all goes well."""
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if fault.matches(method, path):
                    left = replace(fault, times=fault.times - 1)
                    self._waiting[position : position + 1] = [left] if left.times else []
                    return fault
        return None

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to happen."""
        with self._lock:
            return [asdict(fault) for fault in self._waiting]

    def clear(self) -> None:
        """Let all go well again."""
        with self._lock:
            self._waiting.clear()


def fault_from(asked: dict[str, Any]) -> Fault:
    """The fault that a JSON object describes. Raises UnknownFaultError."""
    try:
        fault = Fault(**asked)
        sound = fault.kind in KINDS and fault.times >= 1 and fault.seconds >= 0
    except TypeError as error:
        raise UnknownFaultError(str(error)) from error
    if not sound:
        raise UnknownFaultError(
            f"kind is one of {', '.join(KINDS)}; times at least 1; seconds at least 0"
        )
    return fault


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
