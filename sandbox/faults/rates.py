"""Faults at random rates, reproducible from a seed.

The nth request of a route, and the nth event of a type, meets the same fault whenever seed and
rates are the same, no matter how many others come in between.
"""

import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from sandbox.faults.queue import (
    DELIVERY_FAULT_KINDS,
    DeliveryFault,
    RequestFault,
    UnknownFaultError,
)

REQUEST_FAULTS = {
    "cut_before": RequestFault("cut_before"),
    "cut_after": RequestFault("cut_after"),
    "429": RequestFault("status", status=429),
    "500": RequestFault("status", status=500),
    "slow": RequestFault("hang"),
}
Rates = dict[str, float]


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often each fault happens: a rate between 0 and 1 by its name.

    `requests` may name cut_before, cut_after, 429, 500 and slow; `events` may name dropped,
    repeated, delayed, reordered and twin. `slow_seconds` and `delay_seconds` are upper bounds.
    """

    seed: int = 0
    requests: Rates = field(default_factory=dict)
    events: Rates = field(default_factory=dict)
    slow_seconds: float = 1.0
    delay_seconds: float = 5.0


class RandomFaults:
    """Draws faults at the current rates and counts what it drew. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.set_rates(FaultRates())

    def set_rates(self, rates: FaultRates) -> None:
        """Use these rates, and start all counts at 0."""
        with self._lock:
            self._rates = rates
            self._seen: Counter[str] = Counter()
            self._injected: Counter[str] = Counter()

    def request_fault(self, route: str) -> RequestFault | None:
        """Return the fault of the next request of this route, or None."""
        name, share = self._draw(route, self._rates.requests)
        if name == "slow":
            return RequestFault("hang", seconds=share * self._rates.slow_seconds)
        return REQUEST_FAULTS[name] if name else None

    def delivery_fault(self, event_type: str) -> DeliveryFault | None:
        """Return the fault of the next event of this type, or None."""
        name, share = self._draw(event_type, self._rates.events)
        if name is None:
            return None
        seconds = share * self._rates.delay_seconds
        return DeliveryFault(name, seconds=seconds)  # type: ignore[arg-type] # checked by rates_from_json

    def _draw(self, subject: str, rates: Rates) -> tuple[str | None, float]:
        """Return the name of the fault drawn for the subject, and a share between 0 and 1."""
        with self._lock:
            self._seen[subject] += 1
            random = Random(f"{self._rates.seed} {subject} {self._seen[subject]}")  # noqa: S311 - reproducible, not secret
            drawn = random.random()
            for name, rate in sorted(rates.items()):
                drawn -= rate
                if drawn < 0:
                    self._injected[name] += 1
                    return name, random.random()
        return None, 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the rates, and how often each fault was injected."""
        with self._lock:
            return {**asdict(self._rates), "injected": dict(self._injected)}


def rates_from_json(fields: dict[str, Any]) -> FaultRates:
    """Return the rates that a JSON object describes. Raises UnknownFaultError."""
    try:
        rates = FaultRates(**fields)
        valid = are_valid(rates.requests, set(REQUEST_FAULTS)) and are_valid(
            rates.events, set(DELIVERY_FAULT_KINDS)
        )
    except (TypeError, AttributeError) as error:
        raise UnknownFaultError(str(error)) from error
    if not valid:
        raise UnknownFaultError(
            f"requests accepts rates for {', '.join(REQUEST_FAULTS)}. events accepts rates for "
            f"{', '.join(DELIVERY_FAULT_KINDS)}. Rates cannot be negative or add up to more than 1."
        )
    return rates


def are_valid(rates: Rates, names: set[str]) -> bool:
    """Return whether the rates are of known faults and add up to at most 1."""
    not_negative = all(rate >= 0 for rate in rates.values())
    return rates.keys() <= names and not_negative and sum(rates.values()) <= 1
