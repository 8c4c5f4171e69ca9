"""Rows of the report: a value against its budget, as a line of text and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypedDict


class RowJSON(TypedDict):
    """One row of `var/bench.json`. What a row does not measure is null.

    `ours_ms` and `bare_ms` are CPU milliseconds of a request.
    """

    name: str
    database: str
    value: float
    unit: str
    budget: str
    ok: bool
    ours_ms: float | None
    bare_ms: float | None
    statements: int | None
    max_statements: int | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    per_second: float | None


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit that a value may reach."""

    kind: Literal["at most", "at least"]
    limit: float

    def allows(self, value: float) -> bool:
        return value <= self.limit if self.kind == "at most" else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.kind == 'at most' else '≥'} {self.limit:g}"


def at_most(limit: float) -> Budget:
    return Budget("at most", limit)


def at_least(limit: float) -> Budget:
    return Budget("at least", limit)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long clients waited for an answer, and how many answers they got a second."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Row:
    """A value in `unit` against its budget, and the statements of a request if counted."""

    name: str
    database: str
    value: float
    unit: str
    budget: Budget
    ours_ms: float | None = None
    bare_ms: float | None = None
    statements: int | None = None
    max_statements: int | None = None
    latency: Latency | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the value and the number of statements are within their limits."""
        if self.statements is not None and self.max_statements is not None:
            return self.budget.allows(self.value) and self.statements <= self.max_statements
        return self.budget.allows(self.value)

    def as_json(self) -> RowJSON:
        latency = self.latency
        return {
            "name": self.name,
            "database": self.database,
            "value": round(self.value, 4),
            "unit": self.unit,
            "budget": str(self.budget),
            "ok": self.is_ok,
            "ours_ms": _rounded(self.ours_ms),
            "bare_ms": _rounded(self.bare_ms),
            "statements": self.statements,
            "max_statements": self.max_statements,
            "p50_ms": _rounded(latency.p50_ms if latency else None),
            "p95_ms": _rounded(latency.p95_ms if latency else None),
            "p99_ms": _rounded(latency.p99_ms if latency else None),
            "per_second": _rounded(latency.per_second if latency else None),
        }


TIMES_BARE = "× bare"
HEAD = (
    f"{'row':<24}{'database':<12}{'value':>8} {'unit':<15}{'budget':<8}{'':<6}"
    f"{'ours ms':>8}{'bare ms':>8}  {'statements':<11}{'p50':>7}{'p95':>7}{'p99':>7}{'per s':>7}"
)


def line(row: Row) -> str:
    """Format a row as one line below `HEAD`."""
    json = row.as_json()
    verdict = "ok" if row.is_ok else "OVER"
    cpu = "".join(_number(each, ".3f", 8) for each in (row.ours_ms, row.bare_ms))
    statements = "" if row.statements is None else str(row.statements)
    if row.max_statements is not None:
        statements += f" (≤ {row.max_statements})"
    latency = "".join(
        _number(each, ".1f", 7)
        for each in (json["p50_ms"], json["p95_ms"], json["p99_ms"], json["per_second"])
    )
    return (
        f"{row.name:<24}{row.database:<12}{row.value:>8.2f} {row.unit:<15}"
        f"{row.budget!s:<8}{verdict:<6}{cpu}  {statements:<11}{latency}"
    ).rstrip()


def comparison(
    name: str,
    *,
    database: str,
    ours_ms: Sequence[float],
    bare_ms: Sequence[float],
    budget: Budget,
    statements: int | None = None,
    max_statements: int | None = None,
    latency: Latency | None = None,
) -> Row:
    """Compare the CPU milliseconds of each round: the median of ours in medians of the bare."""
    ours, bare = median(ours_ms), median(bare_ms)
    return Row(
        name=name,
        database=database,
        value=ours / bare,
        unit=TIMES_BARE,
        budget=budget,
        ours_ms=ours,
        bare_ms=bare,
        statements=statements,
        max_statements=max_statements,
        latency=latency,
    )


def latency_of(seconds: Sequence[float], *, elapsed_seconds: float) -> Latency:
    """Summarize waiting times; the rate is over the time that they took together."""
    return Latency(
        p50_ms=percentile(seconds, 50) * 1000,
        p95_ms=percentile(seconds, 95) * 1000,
        p99_ms=percentile(seconds, 99) * 1000,
        per_second=len(seconds) / elapsed_seconds,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]


def _number(number: float | None, form: str, width: int) -> str:
    return f"{'' if number is None else format(number, form):>{width}}"


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
