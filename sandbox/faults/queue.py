"""Faults that tests inject on demand: what goes wrong with the next requests or deliveries.

Each fault is used up after `times` matches. Faults at random rates are in `rates.py`.
"""

import threading
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Generic, Literal, TypeVar, get_args

from sandbox.errors import ApiError

RequestFaultKind = Literal["status", "hang", "cut_before", "cut_after", "page"]
DeliveryFaultKind = Literal["dropped", "repeated", "delayed", "reordered", "twin"]
REQUEST_FAULT_KINDS: tuple[str, ...] = get_args(RequestFaultKind)
DELIVERY_FAULT_KINDS: tuple[str, ...] = get_args(DeliveryFaultKind)


class UnknownFaultError(ValueError):
    """The JSON does not describe a fault."""


@dataclass(frozen=True, slots=True)
class RequestFault:
    """One thing that goes wrong with an API request.

    - `status`: respond with that status in Stripe's shape, without executing. A 5xx is saved
      for the idempotency key, as Stripe does, unless `saved` is false.
    - `hang`: wait `seconds`, then execute and respond.
    - `cut_before`: close the connection without executing.
    - `cut_after`: execute, then close the connection without responding.
    - `page`: respond 200 with an HTML page, as a captive portal does.

    `path` is a glob such as `/v1/checkout/sessions*`.
    """

    kind: RequestFaultKind
    method: str = "*"
    path: str = "*"
    times: int = 1
    status: int = 500
    seconds: float = 0.0
    saved: bool = True

    def matches(self, *subject: str) -> bool:
        """Return whether it applies to a request with this method and path."""
        method, path = subject
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)

    @property
    def is_valid(self) -> bool:
        return self.kind in REQUEST_FAULT_KINDS and self.times >= 1 and self.seconds >= 0


@dataclass(frozen=True, slots=True)
class DeliveryFault:
    """One thing that goes wrong with the delivery of an event to an endpoint.

    - `dropped`: never delivered.
    - `repeated`: the same event is delivered twice.
    - `twin`: delivered, and so is a second event with an id of its own about the same object.
    - `delayed`, `reordered`: delivered `seconds` later.

    `type` is a glob such as `checkout.session.*`.
    """

    kind: DeliveryFaultKind
    type: str = "*"
    times: int = 1
    seconds: float = 0.0

    def matches(self, *subject: str) -> bool:
        """Return whether it applies to an event of this type."""
        return fnmatchcase(subject[0], self.type)

    @property
    def is_valid(self) -> bool:
        return self.kind in DELIVERY_FAULT_KINDS and self.times >= 1 and self.seconds >= 0


AnyFault = TypeVar("AnyFault", RequestFault, DeliveryFault)


class FaultQueue(Generic[AnyFault]):
    """The faults still to happen, first in first out. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[AnyFault] = []

    def add(self, fault: AnyFault) -> None:
        with self._lock:
            self._faults.append(fault)

    def take(self, *subject: str) -> AnyFault | None:
        """Return the first fault that matches, and use up one of its times."""
        with self._lock:
            for position, fault in enumerate(self._faults):
                if fault.matches(*subject):
                    left = replace(fault, times=fault.times - 1)
                    self._faults[position : position + 1] = [left] if left.times else []
                    return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()


def fault_from_json(kind: type[AnyFault], fields: dict[str, Any]) -> AnyFault:
    """Return the fault that a JSON object describes. Raises UnknownFaultError."""
    try:
        fault = kind(**fields)
        valid = fault.is_valid
    except TypeError as error:
        raise UnknownFaultError(str(error)) from error
    if not valid:
        kinds = ", ".join(REQUEST_FAULT_KINDS if kind is RequestFault else DELIVERY_FAULT_KINDS)
        raise UnknownFaultError(
            f"kind must be one of {kinds}. times must be at least 1, and seconds at least 0."
        )
    return fault


def error_with_status(status: int) -> ApiError:
    """Return Stripe's error for that status."""
    if status == 401:
        return ApiError("Invalid API Key provided: sk_test_****", status=401)
    if status == 403:
        return ApiError("The API key does not have the required permissions.", status=403)
    if status == 429:
        return ApiError("Too many requests hit the API too quickly.", status=429, code="rate_limit")
    if status >= 500:
        return ApiError("An unknown error occurred.", status=status, kind="api_error")
    return ApiError("The request was refused.", status=status)
