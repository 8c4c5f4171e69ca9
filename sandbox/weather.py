"""Weather: what goes wrong by chance, at rates, from a seed.

The nth request of an operation, and the nth event of a type, meets the same fate whenever
seed and rates are the same, however many others come between.
"""

import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from sandbox.faults import FATES, Fault, Mishap, UnknownFaultError

# What may befall a request, and as which fault.
REQUESTS = {
    "cut_before": Fault("cut_before"),
    "cut_after": Fault("cut_after"),
    "429": Fault("status", status=429),
    "500": Fault("status", status=500),
    "slow": Fault("hang"),
}
Rates = dict[str, float]


@dataclass(frozen=True, slots=True)
class Climate:
    """How often what goes wrong: rates between 0 and 1 by name, and how long things take.

    `requests` may name cut_before, cut_after, 429, 500 and slow; `events` lost, doubled,
    delayed, reordered and twin. `slow_seconds` and `delay_seconds` are the longest.
    """

    seed: int = 0
    requests: Rates = field(default_factory=dict)
    events: Rates = field(default_factory=dict)
    slow_seconds: float = 1.0
    delay_seconds: float = 5.0


class Weather:
    """The climate of now, and what it has done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.change(Climate())

    def change(self, climate: Climate) -> None:
        """Begin anew with this climate."""
        with self._lock:
            self._climate = climate
            self._met: Counter[str] = Counter()
            self._happened: Counter[str] = Counter()

    def fault(self, operation: str) -> Fault | None:
        """What befalls the next request of this operation; None: nothing."""
        name, chance = self._drawn(operation, self._climate.requests)
        if name is None:
            return None
        fault = REQUESTS[name]
        return (
            Fault("hang", seconds=chance * self._climate.slow_seconds) if name == "slow" else fault
        )

    def mishap(self, kind: str) -> Mishap | None:
        """What befalls the next event of this type; None: nothing."""
        name, chance = self._drawn(kind, self._climate.events)
        fate = next((fate for fate in FATES if fate == name), None)
        if fate is None:
            return None
        return Mishap(fate, seconds=chance * self._climate.delay_seconds)  # type: ignore[arg-type] # one of FATES

    def _drawn(self, what: str, rates: Rates) -> tuple[str | None, float]:
        """The fate of the next one of its kind, and a number between 0 and 1 beside it."""
        with self._lock:
            self._met[what] += 1
            chance = Random(f"{self._climate.seed} {what} {self._met[what]}")  # noqa: S311 - no secret
            drawn = chance.random()
            for name, rate in sorted(rates.items()):
                drawn -= rate
                if drawn < 0:
                    self._happened[name] += 1
                    return name, chance.random()
        return None, 0.0

    def told(self) -> dict[str, Any]:
        """The climate, and how often what has happened."""
        with self._lock:
            return {**asdict(self._climate), "happened": dict(self._happened)}


def climate_from(asked: dict[str, Any]) -> Climate:
    """The climate that a JSON object describes. Raises UnknownFaultError."""
    try:
        climate = Climate(**asked)
        sound = are_rates(climate.requests, set(REQUESTS)) and are_rates(climate.events, set(FATES))
    except (TypeError, AttributeError) as error:
        raise UnknownFaultError(str(error)) from error
    if not sound:
        raise UnknownFaultError(
            f"requests has rates of {', '.join(REQUESTS)}; events of {', '.join(FATES)};"
            " none below 0, and not more than 1 together"
        )
    return climate


def are_rates(rates: Rates, names: set[str]) -> bool:
    """True for rates of things that are known, which add up to 1 at most."""
    none_below = all(rate >= 0 for rate in rates.values())
    return rates.keys() <= names and none_below and sum(rates.values()) <= 1
