"""Item statistics: how hard a question is, and whether it tells those who know from those who don't.

Definitions as Moodle's, so that figures can be compared. Source: Moodle's documentation,
"Quiz statistics calculations". No database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

# Nothing is shown for fewer first exposures; no alarm for fewer.
FEWEST, FEWEST_FOR_ALARM = 20, 100
# The best and worst learners by their other answers.
GROUP_SHARE = 0.27


@dataclass(frozen=True)
class ItemFigures:
    """The figures of one item over the attempts in which it was answered; marks are from 0 to 1.

    `discrimination` and `efficiency` are in percent; None where a variance is 0.
    """

    count: int
    facility: float
    deviation: float
    discrimination: float | None
    efficiency: float | None


def figures_of(marks: Sequence[float], others: Sequence[float]) -> ItemFigures:
    """Return the figures of an item.

    `marks` are those on the item, `others` the sums of the marks on the other items of the same
    attempts, in the same order.
    """
    count = len(marks)
    facility = sum(marks) / count
    own, rest = variance(marks), variance(others)
    together = covariance(marks, others)
    most = covariance(sorted(marks), sorted(others))
    spread = sqrt(own * rest)
    return ItemFigures(
        count=count,
        facility=facility,
        deviation=sqrt(own),
        discrimination=100 * together / spread if spread else None,
        efficiency=100 * together / most if most else None,
    )


def variance(values: Sequence[float]) -> float:
    """The variance with n - 1; 0 for fewer than two values."""
    return covariance(values, values)


def covariance(left: Sequence[float], right: Sequence[float]) -> float:
    """The covariance with n - 1; 0 for fewer than two values."""
    count = len(left)
    if count < 2:
        return 0.0
    mean_left, mean_right = sum(left) / count, sum(right) / count
    products = ((a - mean_left) * (b - mean_right) for a, b in zip(left, right, strict=True))
    return sum(products) / (count - 1)


@dataclass(frozen=True)
class Exposure:
    """A first answer to an item: what it earned, what the same learner earned elsewhere, and how.

    `other` is the mean mark on the other answers of the attempt, `chosen` the ids of the
    choices, `seconds` the time, where it is known.
    """

    mark: float
    other: float
    chosen: tuple[str, ...] = ()
    seconds: int | None = None


def distractor_table(exposures: Sequence[Exposure]) -> dict[str, tuple[float, float]]:
    """The share of each choice among the weakest and the strongest learners, in this order."""
    ranked = sorted(exposures, key=lambda exposure: exposure.other)
    size = max(1, round(len(ranked) * GROUP_SHARE))
    lower, upper = ranked[:size], ranked[-size:]
    choices = sorted({choice for exposure in exposures for choice in exposure.chosen})
    return {
        choice: (
            sum(choice in exposure.chosen for exposure in lower) / size,
            sum(choice in exposure.chosen for exposure in upper) / size,
        )
        for choice in choices
    }


def median_seconds(exposures: Sequence[Exposure]) -> int | None:
    """The median time, of the answers whose time is known."""
    times = [exposure.seconds for exposure in exposures if exposure.seconds is not None]
    return round(median(times)) if times else None


# How far a distractor's correlation must be above 0, in standard errors. Chance alone reaches
# that, but not together with a key that the stronger learners avoid: test_statistics.py shows
# how often.
SIGNIFICANT = 2.0


def key_alarm(exposures: Sequence[Exposure], key: frozenset[str]) -> tuple[str, float] | None:
    """Return the choice that is probably the key instead, with how sure that is.

    A wrong key shows in two figures at once: those who know more choose the key less often,
    and another choice more often. None for fewer than `FEWEST_FOR_ALARM` exposures.
    """
    if len(exposures) < FEWEST_FOR_ALARM:
        return None
    others = [exposure.other for exposure in exposures]
    if _z(exposures, others, key) > 0:
        return None
    found = {
        choice: _z(exposures, others, frozenset({choice}))
        for choice in {choice for exposure in exposures for choice in exposure.chosen} - key
    }
    best = max(found, key=lambda choice: found[choice], default=None)
    if best is None or found[best] < SIGNIFICANT:
        return None
    return best, found[best]


def _z(exposures: Sequence[Exposure], others: Sequence[float], choices: frozenset[str]) -> float:
    """The correlation of taking one of these choices with the rest, in standard errors."""
    taken = [float(bool(choices & set(exposure.chosen))) for exposure in exposures]
    spread = sqrt(variance(taken) * variance(others))
    return covariance(taken, others) / spread * sqrt(len(exposures)) if spread else 0.0


def shares(table: Mapping[str, tuple[float, float]]) -> dict[str, list[int]]:
    """A distractor table in whole percent, as JSON keeps it."""
    return {choice: [round(100 * low), round(100 * high)] for choice, (low, high) in table.items()}
