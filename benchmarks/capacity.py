"""`make load`: learners who answer, visitors who browse and buyers who purchase, all at once.

Every learner answers once a minute and opens the next question. Requests come at a fixed rate,
however long the site takes. The figures are printed and written into docs/sizes.md.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from benchmarks.against_bare import SITE, WrongAnswer
from benchmarks.fake_stripe import fake_stripe
from benchmarks.load import Load, Request, drive_at_rate
from benchmarks.proc import cpu_seconds, proportional_megabytes
from benchmarks.report import Latency, latency_of
from benchmarks.seed_data import QUESTIONS, SeedData, SeedSize
from benchmarks.sites import Database, new_settings, running_database, seeded_site, served
from benchmarks.targets import form, page, purchases

PAGE = Path(__file__).resolve().parent.parent / "docs" / "sizes.md"
LEARNERS, SECONDS, WARM_UP_SECONDS = 1200, 40, 5
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
PROCESSES = (1, 2)
STRIPE_SECONDS = 0.2
BUYERS = 40
# For each 60 answers: as many pages with the next question, 30 pages of the catalog for visitors
# without an account, and 3 purchases.
ANSWERS_A_ROUND, CATALOG_A_ROUND, PURCHASES_A_ROUND = 60, 30, 3
ROUND = 2 * ANSWERS_A_ROUND + CATALOG_A_ROUND + PURCHASES_A_ROUND
OK, SEE_OTHER = 200, 303
# The busiest moment: so many of all learners are in a session, and so much of a core is used.
SHARE_AT_ONCE = 0.1
MOST_OF_A_CORE = 0.5
COMMUNITIES = (5_000, 50_000)


@dataclass(frozen=True, slots=True)
class Measured:
    """Processor time per request in milliseconds, latency, and memory of one load run."""

    database: str
    processes: int
    latency: Latency
    web_ms: float
    database_ms: float
    megabytes: float

    @property
    def requests_a_learner(self) -> float:
        """The requests a minute that a learner in a session stands for."""
        return ROUND / ANSWERS_A_ROUND


@dataclass(frozen=True, slots=True)
class Need:
    """Requests per second and cores for a number of learners at peak, with cores half used."""

    learners: int
    requests_per_second: float
    web_cores: float
    database_cores: float


def needed(learners: int, measured: Measured) -> Need:
    """Return what so many learners need, from what a request costs."""
    per_second = learners * SHARE_AT_ONCE * measured.requests_a_learner / 60
    cores = per_second / 1000 / MOST_OF_A_CORE
    return Need(learners, per_second, cores * measured.web_ms, cores * measured.database_ms)


def traffic(data: SeedData) -> Iterator[Request]:
    """Yield requests in their proportions: each learner answers once before any answers again."""
    answers, buyers = _answers(data), cycle(purchases(data))
    catalog = cycle(["/banks/", *(f"/banks/{slug}/" for slug in data.banks)])
    for number, (answer, question) in enumerate(answers):
        yield answer
        yield question
        if number % (ANSWERS_A_ROUND // CATALOG_A_ROUND) == 0:
            yield page(next(catalog))
        if number % (ANSWERS_A_ROUND // PURCHASES_A_ROUND) == 0:
            yield next(buyers)


def _answers(data: SeedData) -> Iterator[tuple[Request, Request]]:
    for position in range(1, QUESTIONS):
        for one in data.attempts:
            path = f"/practice/{one.attempt}/{{}}/".format
            yield (
                form(one.session, path(position), "&choice=b"),
                page(path(position + 1), one.session),
            )


def measure(
    database: Database, *, learners: int, seconds: int, processes: Sequence[int]
) -> Iterator[Measured]:
    """Yield a row for each number of web processes."""
    per_second = learners / 60 * ROUND / ANSWERS_A_ROUND
    size = SeedSize(answers=learners * QUESTIONS, orders=0, buyers=BUYERS)
    with (
        tempfile.TemporaryDirectory(prefix="testbank-load-") as folder,
        seeded_site(database, size) as (seeded, data),
        fake_stripe(Path(folder), latency_seconds=STRIPE_SECONDS) as stripe,
        new_settings(seeded, stripe.settings()) as site,
    ):
        requests = traffic(data)
        for count in processes:
            with ExitStack() as stack:
                servers = [stack.enter_context(served(site, SITE)) for _each in range(count)]
                ports, pids = zip(*servers, strict=True)
                warm_up = list(islice(requests, int(per_second * WARM_UP_SECONDS)))
                _loaded(ports, warm_up, per_second)
                with _cpu(pids) as web, _cpu([database.pid] if database.pid else []) as stored:
                    sent = list(islice(requests, int(per_second * seconds)))
                    load = _loaded(ports, sent, per_second)
                yield Measured(
                    database=database.name,
                    processes=count,
                    latency=latency_of(load.seconds, elapsed_seconds=load.elapsed_seconds),
                    web_ms=web[0] * 1000 / len(sent),
                    database_ms=stored[0] * 1000 / len(sent),
                    megabytes=sum(map(proportional_megabytes, pids)),
                )


def _loaded(ports: Sequence[int], requests: Sequence[Request], per_second: float) -> Load:
    """Raises: WrongAnswer."""
    load = drive_at_rate(ports, requests, per_second=per_second)
    if unexpected := set(load.statuses) - {OK, SEE_OTHER}:
        raise WrongAnswer(f"{unexpected} in {dict(load.statuses)}")
    return load


@contextmanager
def _cpu(pids: Sequence[int]) -> Iterator[list[float]]:
    """Yield a list that has the CPU seconds of the block once it has ended."""
    used, before = [0.0], cpu_seconds(pids)
    yield used
    used[0] = cpu_seconds(pids) - before


def tables(rows: Sequence[Measured], *, learners: int, machine: str) -> str:
    """Format the figures, and what communities need by them, as Markdown."""
    lines = [
        f"These figures are for {learners:,} learners who each answer one question per minute, "
        "plus the visitors and buyers described above "
        f"({learners / 60 * ROUND / ANSWERS_A_ROUND:.0f} requests per second). {machine}.",
        "",
        "| database | web processes | p50 | p95 | p99 | site CPU time | database CPU time | memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        times = (row.latency.p50_ms, row.latency.p95_ms, row.latency.p99_ms)
        lines.append(
            f"| {DATABASES[row.database]} | {row.processes} | {' | '.join(f'{ms:.0f} ms' for ms in times)} "
            f"| {row.web_ms:.1f} ms | {row.database_ms:.1f} ms | {row.megabytes:.0f} MB |"
        )
    lines += [
        "",
        "The next table is calculated from these figures. It assumes that CPU utilization is "
        "50% and that one in ten learners is in a session at the busiest moment of the day.",
        "",
        "| learners | in a session | requests per second | database | cores for the site | cores for the database |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        _need_line(row, needed(learners, row))
        for row in rows
        if row.processes == 1
        for learners in COMMUNITIES
    ]
    return "\n".join(lines)


def _need_line(row: Measured, need: Need) -> str:
    """SQLite is for one web process, which uses one core at most."""
    cores = f"{need.web_cores:.1f} | {need.database_cores:.1f}"
    if row.database == "sqlite" and need.web_cores > 1:
        cores = "more than one process: use PostgreSQL | "
    return (
        f"| {need.learners:,} | {need.learners * SHARE_AT_ONCE:,.0f} "
        f"| {need.requests_per_second:.0f} | {DATABASES[row.database]} | {cores} |"
    )


def written(text: str, figures: str) -> str:
    """Replace the figures between the two marks of the page."""
    marks = re.compile(r"(?<=<!-- figures: make load -->\n).*(?=\n<!-- end of figures -->)", re.S)
    return marks.sub(lambda _old: figures, text)


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables, and write them into the manual unless told otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--learners", type=int, default=LEARNERS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each measurement")
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--processes", type=int, action="append")
    parser.add_argument("--no-write", action="store_true", help="only print the figures")
    options = parser.parse_args(arguments)
    started, load_before = time.monotonic(), os.getloadavg()[0]
    rows: list[Measured] = []
    for name in options.database or DATABASES:
        with running_database(name) as database:
            rows += measure(
                database,
                learners=options.learners,
                seconds=options.seconds,
                processes=options.processes or PROCESSES,
            )
    machine = f"The machine has {os.cpu_count()} cores"
    if load_before >= 0.5:
        machine += f" and was busy with other work (load average {load_before:.1f})"
    figures = tables(rows, learners=options.learners, machine=machine)
    sys.stdout.write(f"{figures}\n\n{time.monotonic() - started:.0f} s\n")
    if not options.no_write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
