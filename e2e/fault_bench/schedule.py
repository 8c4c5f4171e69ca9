"""Who does what, and what breaks when: all of it from one seed. Nothing is done here."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

BANKS = 8
LONGEST_DEBIT_SECONDS = 20

WAYS = {
    "card": 68,
    "declined-first": 7,
    "second-step": 5,
    "second-step-refused": 2,
    "debit": 6,
    "debit-fails": 3,
    "disputed": 2,
    "gives-up": 5,
    "never-pays": 2,
}
AFTERWARDS = {
    "nothing": 68,
    "refund": 5,
    "refund-and-again": 3,
    "partial": 4,
    "partial-and-rest": 2,
    "refund-fails": 3,
    "dispute-open": 2,
    "dispute-won": 3,
    "dispute-lost": 2,
    "inquiry": 2,
    "seller-pays-back": 3,
    "seller-pays-part": 2,
    "seller-shortens": 1,
}
CLICKS = {"one": 74, "double": 14, "two-tabs": 12}
TARGETS = {"web": 4, "one-process": 3, "worker": 3, "seller": 1}
PURCHASES_A_KILL = 50
PURCHASES_A_PRICE = 60


@dataclass(frozen=True)
class Plan:
    """What one buyer does. Times are in seconds."""

    number: int
    clicks: str
    way: str
    hesitates_seconds: float
    pays_on_page: bool
    comes_back: bool
    debit_seconds: int
    afterwards: str
    afterwards_seconds: float

    @property
    def learner(self) -> int:
        """Whose purchase it is."""
        return self.number // BANKS

    @property
    def bank(self) -> int:
        """Which bank is bought."""
        return self.number % BANKS


@dataclass(frozen=True)
class Kill:
    """A `kill -9`: of what, once so many buyers have begun, and how much later."""

    after_buyers: int
    target: str
    later_seconds: float


@dataclass(frozen=True)
class NewPrice:
    """A bank costs something else once so many buyers have begun."""

    after_buyers: int
    bank: int
    price_minor: int


def plan(seed: int, number: int) -> Plan:
    """What the nth buyer does."""
    chance = chances(seed, f"buyer {number}")
    late = chance.random() < 0.05
    return Plan(
        number=number,
        clicks=drawn(chance, CLICKS),
        way=drawn(chance, WAYS),
        hesitates_seconds=chance.uniform(3, 12) if late else chance.uniform(0, 0.6),
        pays_on_page=chance.random() < 0.7,
        comes_back=chance.random() < 0.7,
        debit_seconds=chance.randint(0, LONGEST_DEBIT_SECONDS),
        afterwards=drawn(chance, AFTERWARDS),
        afterwards_seconds=chance.uniform(0, 2),
    )


def kills(seed: int, buyers: int) -> list[Kill]:
    """What is killed in a run with so many buyers, in order: at least one of each."""
    chance = chances(seed, "kills")
    count = max(len(TARGETS), buyers // PURCHASES_A_KILL)
    targets = [*TARGETS, *(drawn(chance, TARGETS) for _ in range(count - len(TARGETS)))]
    chance.shuffle(targets)
    moments = sorted(chance.sample(range(1, buyers), k=min(count, buyers - 1)))
    return [
        Kill(moment, target, chance.uniform(0, 0.8))
        for moment, target in zip(moments, targets, strict=False)
    ]


def prices(seed: int, buyers: int) -> list[NewPrice]:
    """When the seller changes a price in a run with so many buyers, in order."""
    chance = chances(seed, "prices")
    count = min(max(2, buyers // PURCHASES_A_PRICE), buyers - 1)
    moments = sorted(chance.sample(range(1, buyers), k=count))
    return [
        NewPrice(moment, chance.randrange(BANKS), chance.randrange(500, 9999)) for moment in moments
    ]


def climate(seed: int) -> dict[str, Any]:
    """The weather at Stripe, as the sandbox takes it."""
    return {
        "seed": seed,
        "requests": {
            "cut_before": 0.03,
            "cut_after": 0.04,
            "429": 0.02,
            "500": 0.02,
            "slow": 0.04,
        },
        "events": {
            "dropped": 0.10,
            "repeated": 0.08,
            "delayed": 0.08,
            "reordered": 0.08,
            "twin": 0.05,
        },
        "slow_seconds": 2.0,
        "delay_seconds": 12.0,
    }


def chances(seed: int, what: str) -> Random:
    """The dice for one matter, untouched by what else is diced."""
    return Random(f"{seed} {what}")  # noqa: S311 - printed, so that a run can be repeated


def drawn(chance: Random, weights: dict[str, int]) -> str:
    """One of the names, by its weight."""
    names: Sequence[str] = list(weights)
    return chance.choices(names, weights=list(weights.values()))[0]
