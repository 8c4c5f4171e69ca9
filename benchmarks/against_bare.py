"""Compare pages, answers and webhooks with the bare site, on one database.

Every round sends the requests of every target to both sides in turn, so that a busy moment of
the machine meets both. A value is the median of the rounds.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.load import Load, Request, drive
from benchmarks.proc import cpu_seconds, proportional_megabytes
from benchmarks.report import Latency, Row, at_most, comparison, latency_of, percentile
from benchmarks.seed_data import SeedSize
from benchmarks.sites import Database, managed, new_settings, seeded_site, served
from benchmarks.targets import TARGETS, BareRequests, SiteRequests, Target
from testing.site import Site

ROUND = 160
WARM_UP = 80
# One of each target to warm up, and one to count.
COUNTED = 2
ANSWER_P95_TIMES_BARE = 6
MAX_MEGABYTES = 160
SITE, BARE = "testbank.wsgi", "benchmarks.bare.wsgi"
NO_PAGE_CACHE = {"PAGE_CACHE_SECONDS": "0"}
COUNT = """
import json
from benchmarks.load import Request
from benchmarks.statements import count_statements
print(json.dumps(count_statements({requests!r})))
"""

Say = Callable[[str], None]


class WrongAnswer(Exception):
    """A request got another status than it should, so that its cost means nothing."""


@dataclass(frozen=True, slots=True)
class Server:
    """A site at work: its port, and the processes whose CPU time counts."""

    port: int
    pids: tuple[int, ...]

    def cpu_ms(self, requests: Sequence[Request], *, status: int = 200) -> tuple[float, Load]:
        """Send requests over 8 connections; CPU milliseconds of each. Raises: WrongAnswer."""
        before = cpu_seconds(self.pids)
        load = drive(self.port, requests)
        milliseconds = (cpu_seconds(self.pids) - before) / len(requests) * 1000
        if dict(load.statuses) != {status: len(requests)}:
            raise WrongAnswer(f"{requests[0].path} was answered {dict(load.statuses)}")
        return milliseconds, load


@contextmanager
def running_server(module: str, site: Site, database: Database) -> Iterator[Server]:
    """Serve the application of a module while the block runs."""
    with served(site, module) as (port, pid):
        yield Server(port, (pid, *([database.pid] if database.pid else [])))


@dataclass(slots=True)
class Costs:
    """CPU milliseconds of a request on both sides, and the loads, a value for each round."""

    ours_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)
    ours: list[Load] = field(default_factory=list)
    bare: list[Load] = field(default_factory=list)

    @property
    def latency(self) -> Latency:
        """How long the clients of the site waited."""
        elapsed = sum(load.elapsed_seconds for load in self.ours)
        return latency_of(_seconds(self.ours), elapsed_seconds=elapsed)


def measure(database: Database, *, rounds: int, only: Sequence[str], say: Say) -> Iterator[Row]:
    """Yield the rows of the targets with these names, and of the server's memory."""
    targets = [target for target in TARGETS if target.name in only]
    per_target = COUNTED + WARM_UP + rounds * ROUND
    size = SeedSize(answers=per_target, orders=per_target, buyers=1)
    say(f"{database.name}: seeding a database")
    with seeded_site(database, size) as (site, data):
        requests = SiteRequests(data), BareRequests(data)
        statements = _statements(site, requests[0], targets)
        with (
            running_server(SITE, site, database) as ours,
            running_server(BARE, site, database) as bare,
        ):
            costs = _costs((ours, bare), requests, targets, rounds=rounds, say=say)
            megabytes = proportional_megabytes(ours.pids[0])
    for target in targets:
        yield _row(target, database, costs[target], statements[target])
        if target.name == "answer":
            yield _answer_p95(database, costs[target])
    yield Row("web-memory", database.name, megabytes, "MB (PSS)", at_most(MAX_MEGABYTES))


def _statements(
    site: Site, requests: SiteRequests, targets: Sequence[Target]
) -> Mapping[Target, int]:
    """Count the statements of the second request of each target, with the page cache off."""
    pairs = [request for target in targets for request in requests.of(target.name, COUNTED)]
    with new_settings(site, NO_PAGE_CACHE) as uncached:
        code = COUNT.format(requests=pairs)
        output = managed(uncached, "shell", "--no-imports", stdin=code)
    counts = json.loads(output.splitlines()[-1])
    return dict(zip(targets, counts[COUNTED - 1 :: COUNTED], strict=True))


def _costs(
    servers: tuple[Server, Server],
    requests: tuple[SiteRequests, BareRequests],
    targets: Sequence[Target],
    *,
    rounds: int,
    say: Say,
) -> dict[Target, Costs]:
    costs = {target: Costs() for target in targets}
    for target in targets:
        _visit(servers, requests, target, WARM_UP, Costs())
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}")
        for target in targets:
            _visit(servers, requests, target, ROUND, costs[target])
    return costs


def _visit(
    servers: tuple[Server, Server],
    requests: tuple[SiteRequests, BareRequests],
    target: Target,
    count: int,
    costs: Costs,
) -> None:
    """Send `count` requests to each side in turn, and add what they cost."""
    ours_ms, ours = servers[0].cpu_ms(requests[0].of(target.name, count), status=target.status)
    bare_ms, bare = servers[1].cpu_ms(requests[1].of(target.bare, count), status=target.status)
    costs.ours_ms.append(ours_ms)
    costs.bare_ms.append(bare_ms)
    costs.ours.append(ours)
    costs.bare.append(bare)


def _row(target: Target, database: Database, costs: Costs, statements: int) -> Row:
    return comparison(
        target.name,
        database=database.name,
        ours_ms=costs.ours_ms,
        bare_ms=costs.bare_ms,
        budget=target.budget,
        statements=statements,
        max_statements=target.max_statements,
        latency=costs.latency,
    )


def _answer_p95(database: Database, costs: Costs) -> Row:
    """Compare how long the slowest of 8 learners wait: SQLite lets one write at a time."""
    value = percentile(_seconds(costs.ours), 95) / percentile(_seconds(costs.bare), 95)
    return Row("answer-p95", database.name, value, "× bare p95", at_most(ANSWER_P95_TIMES_BARE))


def _seconds(loads: Sequence[Load]) -> list[float]:
    return [second for load in loads for second in load.seconds]
