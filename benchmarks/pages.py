"""Measures the pages of the shop against the bare site, on one database.

Each round visits every target on both sides in turn, so that a disturbance of the machine
meets both; each figure is the median of the rounds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.caller import Caller, calling
from benchmarks.figures import NO_GOAL, Latency, Row, at_most, comparison, latency_of
from benchmarks.load import Load, Request, drive
from benchmarks.plan import Plan, Size
from benchmarks.proc import cpu_seconds, proportional_megabytes
from benchmarks.requests import BareRequests, ShopRequests, Target
from benchmarks.sites import Database, served
from testing.site import Site

CALLS_A_ROUND = 80
WARMING_CALLS = 20
LOAD_A_ROUND = 160
WARMING_LOAD = 80
SQLITE_ANSWER_P95_MS = 15
MOST_MEGABYTES = 140
SHOP, BARE = "testbank.wsgi", "benchmarks.bare.wsgi"

Say = Callable[[str], None]


class WrongAnswer(Exception):
    """A page did not answer as it must, so that its cost means nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What some requests cost: CPU seconds in all, the statuses, and the load if there was one."""

    cpu_seconds: float
    statuses: Mapping[int, int]
    load: Load | None = None


class Side(Protocol):
    """One of the two that are compared."""

    def cost(self, requests: Sequence[Request]) -> Cost:
        """Have all requests answered."""


@dataclass(frozen=True, slots=True)
class CalledSide:
    """An application that is called without a server: the CPU of its process."""

    caller: Caller

    def cost(self, requests: Sequence[Request]) -> Cost:
        """One after the other."""
        called = self.caller.call(requests)
        return Cost(called.cpu_seconds, called.statuses)


@dataclass(frozen=True, slots=True)
class ServedSide:
    """A site behind the shipped server: the CPU of its processes and of the database's."""

    port: int
    pids: tuple[int, ...]

    def cost(self, requests: Sequence[Request]) -> Cost:
        """At 8 connections."""
        before = cpu_seconds(self.pids)
        load = drive(self.port, requests)
        return Cost(cpu_seconds(self.pids) - before, load.statuses, load)


@contextmanager
def served_side(module: str, site: Site, database: Database) -> Iterator[ServedSide]:
    """The application behind the shipped server while the block runs."""
    with served(site, module) as (port, pid):
        yield ServedSide(port, (pid, *([database.pid] if database.pid else [])))


@dataclass(slots=True)
class Costs:
    """What a target cost on both sides: CPU ms a request in each round, and the shop's load."""

    ours_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)

    @property
    def latency(self) -> Latency | None:
        """How long the shop's clients waited, over all rounds."""
        seconds = [second for load in self.loads for second in load.seconds]
        elapsed = sum(load.elapsed_seconds for load in self.loads)
        return latency_of(seconds, elapsed_seconds=elapsed) if seconds else None


class Pages:
    """The pages of one installation. Its database is used up by `rounds` of both ways."""

    def __init__(
        self, site: Site, plan: Plan, database: Database, *, rounds: int, say: Say
    ) -> None:
        self._site = site
        self._database = database
        self._rounds = rounds
        self._say = say
        self._shop, self._bare = ShopRequests(plan), BareRequests(plan)

    @staticmethod
    def size(rounds: int) -> Size:
        """How much the database must hold for so many rounds."""
        called = WARMING_CALLS + 2 + rounds * CALLS_A_ROUND
        loaded = WARMING_LOAD + rounds * LOAD_A_ROUND
        return Size(answers=called + loaded, orders=called + loaded, buyers=0)

    def called(self, targets: Sequence[Target]) -> list[Row]:
        """Without a server; the statements of each page are counted too."""
        with calling(SHOP, self._site) as shop, calling(BARE, self._site) as bare:
            counts = {target: self._statements(shop, target) for target in targets}
            sides = (CalledSide(shop), CalledSide(bare))
            costs = self._interleaved(sides, targets, warming=WARMING_CALLS, each=CALLS_A_ROUND)
        return [
            self._row(target, "process", costs[target], statements=counts[target])
            for target in targets
        ]

    def served(self, targets: Sequence[Target]) -> list[Row]:
        """Through the shipped server, with the memory of its processes afterwards."""
        with (
            served_side(SHOP, self._site, self._database) as shop,
            served_side(BARE, self._site, self._database) as bare,
        ):
            costs = self._interleaved(
                (shop, bare), targets, warming=WARMING_LOAD, each=LOAD_A_ROUND
            )
            megabytes = proportional_megabytes(shop.pids[0])
        rows = [self._row(target, "server", costs[target]) for target in targets]
        return [*rows, *self._tail(rows), self._memory(megabytes)]

    def _interleaved(
        self, sides: tuple[Side, Side], targets: Sequence[Target], *, warming: int, each: int
    ) -> dict[Target, Costs]:
        for target in targets:
            self._visit(sides, target, warming)
        costs = {target: Costs() for target in targets}
        for number in range(1, self._rounds + 1):
            self._say(f"{self._database.name}: round {number} of {self._rounds}")
            for target in targets:
                ours, bare = self._visit(sides, target, each)
                costs[target].ours_ms.append(ours.cpu_seconds / each * 1000)
                costs[target].bare_ms.append(bare.cpu_seconds / each * 1000)
                costs[target].loads += [ours.load] if ours.load else []
        return costs

    def _visit(self, sides: tuple[Side, Side], target: Target, count: int) -> tuple[Cost, Cost]:
        """Both sides, one after the other. Raises: WrongAnswer."""
        ours = sides[0].cost(self._shop.of(target.name, count))
        bare = sides[1].cost(self._bare.of(target.name, count))
        for side, cost in (("the shop", ours), ("the bare site", bare)):
            if dict(cost.statuses) != {target.status: count}:
                raise WrongAnswer(f"{target.name}: {side} answered {dict(cost.statuses)}")
        return ours, bare

    def _statements(self, shop: Caller, target: Target) -> int:
        """Of a request that is not the first of its process."""
        if target.name == "webhook-duplicate":
            shop.call(self._shop.of("webhook-new", 1))
        shop.call(self._shop.of("detail", 1))
        (request,) = self._shop.of(target.name, 1)
        return len(shop.statements(request, of_visitor=not target.signed_in))

    def _row(self, target: Target, way: str, costs: Costs, *, statements: int | None = None) -> Row:
        """Goals are for what the server and the database use; without them it is told only."""
        return comparison(
            target.name,
            database=self._database.name,
            way=way,
            ours_ms=costs.ours_ms,
            bare_ms=costs.bare_ms,
            goal=target.goal if way == "server" else NO_GOAL,
            statements=statements,
            most_statements=None if statements is None else target.most_statements,
            latency=costs.latency,
        )

    def _tail(self, rows: Sequence[Row]) -> list[Row]:
        """SQLite writes one at a time, so that the slowest of those who wait matter."""
        if self._database.name != "sqlite":
            return []
        return [
            Row(
                name="answer-p95",
                database=self._database.name,
                way="server",
                value=row.latency.p95_ms,
                unit="ms",
                goal=at_most(SQLITE_ANSWER_P95_MS),
            )
            for row in rows
            if row.name == "answer" and row.latency
        ]

    def _memory(self, megabytes: float) -> Row:
        return Row(
            name="web-memory",
            database=self._database.name,
            way="server",
            value=megabytes,
            unit="MB (PSS)",
            goal=at_most(MOST_MEGABYTES),
        )
