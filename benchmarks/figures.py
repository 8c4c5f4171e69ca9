"""What a measurement says: a figure beside its goal, as a line and as a row of JSON.

Pure arithmetic over numbers; how they are measured stands in the other modules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypedDict


class RowJSON(TypedDict):
    """One row of `var/bench.json`. What a row does not know is null."""

    name: str
    database: str
    way: str
    value: float
    unit: str
    goal: str
    ok: bool
    ours: float | None
    bare: float | None
    ratio: float | None
    statements: int | None
    most_statements: int | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    per_second: float | None


@dataclass(frozen=True, slots=True)
class Goal:
    """What a value must reach, or must not pass. Without a limit it is only told."""

    sense: Literal["at least", "at most", "none"]
    limit: float = 0.0

    def holds(self, value: float) -> bool:
        """True where the goal is met, or there is none."""
        if self.sense == "at least":
            return value >= self.limit
        return self.sense == "none" or value <= self.limit

    def __str__(self) -> str:
        sign = {"at least": "≥", "at most": "≤"}
        return f"{sign[self.sense]} {self.limit:g}" if self.sense != "none" else ""


NO_GOAL = Goal("none")


def at_least(limit: float) -> Goal:
    """The value may be larger."""
    return Goal("at least", limit)


def at_most(limit: float) -> Goal:
    """The value may be smaller."""
    return Goal("at most", limit)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long clients waited, in ms, and how many answers a second they got."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `value` in `unit` is held against `goal`.

    Where two things were compared, `ours_ms` and `bare_ms` are CPU ms a request. `way` says
    how: `process` without a server, `server` through the shipped one. `statements` count
    against `most_statements`.
    """

    name: str
    database: str
    way: str
    value: float
    unit: str
    goal: Goal
    ours_ms: float | None = None
    bare_ms: float | None = None
    statements: int | None = None
    most_statements: int | None = None
    latency: Latency | None = None

    @property
    def keeps_statements(self) -> bool:
        """True where there are not more statements than allowed."""
        if self.statements is None or self.most_statements is None:
            return True
        return self.statements <= self.most_statements

    @property
    def is_ok(self) -> bool:
        """True where all of the row's goals are met."""
        return self.goal.holds(self.value) and self.keeps_statements

    def as_json(self) -> RowJSON:
        """The row as `var/bench.json` holds it."""
        latency = self.latency
        return {
            "name": self.name,
            "database": self.database,
            "way": self.way,
            "value": round(self.value, 4),
            "unit": self.unit,
            "goal": str(self.goal),
            "ok": self.is_ok,
            "ours": _rounded(self.ours_ms),
            "bare": _rounded(self.bare_ms),
            "ratio": _rounded(self.value) if self.unit == RATIO else None,
            "statements": self.statements,
            "most_statements": self.most_statements,
            "p50_ms": _rounded(latency.p50_ms if latency else None),
            "p95_ms": _rounded(latency.p95_ms if latency else None),
            "p99_ms": _rounded(latency.p99_ms if latency else None),
            "per_second": _rounded(latency.per_second if latency else None),
        }


RATIO = "of bare"
HEAD = (
    f"{'what':<24}{'database':<11}{'way':<9}{'value':>8} {'unit':<12}{'goal':<9}{'':<6}"
    f"{'ours':>8}{'bare':>8}  {'statements':<11}{'p50':>7}{'p95':>7}{'p99':>7}{'per s':>7}"
)


def line(row: Row) -> str:
    """The row as one line under `HEAD`."""
    json = row.as_json()
    verdict = "ok" if row.is_ok else "SHORT"
    counted = "" if row.statements is None else str(row.statements)
    if row.most_statements is not None:
        counted += f" (≤ {row.most_statements})"
    numbers = "".join(
        f"{'' if number is None else format(number, '.1f'):>7}"
        for number in (json["p50_ms"], json["p95_ms"], json["p99_ms"], json["per_second"])
    )
    cpu = "".join(
        f"{'' if number is None else format(number, '.3f'):>8}"
        for number in (row.ours_ms, row.bare_ms)
    )
    return (
        f"{row.name:<24}{row.database:<11}{row.way:<9}{row.value:>8.2f} {row.unit:<12}"
        f"{row.goal!s:<9}{verdict:<6}{cpu}  {counted:<11}{numbers}"
    ).rstrip()


def comparison(
    name: str,
    *,
    database: str,
    way: str,
    ours_ms: Sequence[float],
    bare_ms: Sequence[float],
    goal: Goal,
    statements: int | None = None,
    most_statements: int | None = None,
    latency: Latency | None = None,
) -> Row:
    """The row of a page and its bare counterpart, from the CPU ms a request of each round."""
    ours, bare = median(ours_ms), median(bare_ms)
    return Row(
        name=name,
        database=database,
        way=way,
        value=bare / ours,
        unit=RATIO,
        goal=goal,
        ours_ms=ours,
        bare_ms=bare,
        statements=statements,
        most_statements=most_statements,
        latency=latency,
    )


def latency_of(seconds: Sequence[float], *, elapsed_seconds: float) -> Latency:
    """The percentiles of single waiting times, and the rate over the time they all took."""
    return Latency(
        p50_ms=percentile(seconds, 50) * 1000,
        p95_ms=percentile(seconds, 95) * 1000,
        p99_ms=percentile(seconds, 99) * 1000,
        per_second=len(seconds) / elapsed_seconds,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` of all do not pass (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
