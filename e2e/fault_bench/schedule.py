"""What each buyer does and what fails when, all drawn from one seed. Nothing is executed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

BANKS = 8
MAX_SETTLE_SECONDS = 20

# Names with their weights.
PAYMENTS = {
    "card": 68,
    "declined-first": 7,
    "authentication": 5,
    "authentication-fails": 2,
    "debit": 6,
    "debit-fails": 3,
    "disputed": 2,
    "abandons": 5,
    "never-pays": 2,
}
FOLLOW_UPS = {
    "nothing": 68,
    "refund": 5,
    "refund-and-rebuy": 3,
    "partial-refund": 4,
    "refund-in-two-parts": 2,
    "refund-fails": 3,
    "dispute-open": 2,
    "dispute-won": 3,
    "dispute-lost": 2,
    "inquiry": 2,
    "seller-refunds": 3,
    "seller-refunds-part": 2,
    "seller-shortens-access": 1,
}
CLICKS = {"one": 74, "double": 14, "two-tabs": 12}
KILL_TARGETS = {"web": 4, "web-child": 3, "worker": 3, "seller": 1}
PURCHASES_PER_KILL = 50
PURCHASES_PER_PRICE_CHANGE = 60


@dataclass(frozen=True)
class BuyerPlan:
    """What one buyer does."""

    number: int
    clicks: str
    payment: str
    hesitation_seconds: float
    pays_on_page: bool
    returns: bool
    settle_seconds: int
    follow_up: str
    follow_up_seconds: float

    @property
    def learner(self) -> int:
        return self.number // BANKS

    @property
    def bank(self) -> int:
        return self.number % BANKS


@dataclass(frozen=True)
class Kill:
    """Send SIGKILL to the target, `delay_seconds` after that many buyers have started."""

    after_buyers: int
    target: str
    delay_seconds: float


@dataclass(frozen=True)
class PriceChange:
    """Change a bank's price once that many buyers have started."""

    after_buyers: int
    bank: int
    price_minor: int


def bank_slug(bank: int) -> str:
    return f"bench-{bank}"


def buyer_plan(seed: int, number: int) -> BuyerPlan:
    """Return what the nth buyer does."""
    random = random_for(seed, f"buyer {number}")
    hesitates = random.random() < 0.05
    return BuyerPlan(
        number=number,
        clicks=draw(random, CLICKS),
        payment=draw(random, PAYMENTS),
        hesitation_seconds=random.uniform(3, 12) if hesitates else random.uniform(0, 0.6),
        pays_on_page=random.random() < 0.7,
        returns=random.random() < 0.7,
        settle_seconds=random.randint(0, MAX_SETTLE_SECONDS),
        follow_up=draw(random, FOLLOW_UPS),
        follow_up_seconds=random.uniform(0, 2),
    )


def kills(seed: int, buyers: int) -> list[Kill]:
    """Return the kills of a run with that many buyers, in order. Every target is killed."""
    random = random_for(seed, "kills")
    count = max(len(KILL_TARGETS), buyers // PURCHASES_PER_KILL)
    others = count - len(KILL_TARGETS)
    targets = [*KILL_TARGETS, *(draw(random, KILL_TARGETS) for _ in range(others))]
    random.shuffle(targets)
    moments = sorted(random.sample(range(1, buyers), k=min(count, buyers - 1)))
    return [
        Kill(moment, target, random.uniform(0, 0.8))
        for moment, target in zip(moments, targets, strict=False)
    ]


def price_changes(seed: int, buyers: int) -> list[PriceChange]:
    """Return the price changes of a run with that many buyers, in order."""
    random = random_for(seed, "prices")
    count = min(max(2, buyers // PURCHASES_PER_PRICE_CHANGE), buyers - 1)
    moments = sorted(random.sample(range(1, buyers), k=count))
    return [
        PriceChange(moment, random.randrange(BANKS), random.randrange(500, 9999))
        for moment in moments
    ]


def fault_rates(seed: int) -> dict[str, Any]:
    """Return how often Stripe fails, as the FaultRates of the sandbox."""
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


def random_for(seed: int, subject: str) -> Random:
    """Return the random numbers of one subject, independent of all others."""
    return Random(f"{seed} {subject}")  # noqa: S311 - printed, so that a run can be repeated


def draw(random: Random, weights: dict[str, int]) -> str:
    """Draw one of the names by its weight."""
    names: Sequence[str] = list(weights)
    return random.choices(names, weights=list(weights.values()))[0]
