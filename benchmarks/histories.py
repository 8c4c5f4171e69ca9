"""Measure the history of a learner with 1,000 past sessions and 20,000 answers."""

from collections.abc import Iterator
from statistics import median

from benchmarks.against_bare import SITE, Say, WrongAnswer, running_server
from benchmarks.load import drive
from benchmarks.report import Row, at_most
from benchmarks.seed_data import SeedSize
from benchmarks.sites import Database, repeat_session, seeded_site
from benchmarks.targets import page

NAMES = ["history-1000"]
SESSIONS = 1000
LOAD = 24
MAX_MS = 100


def measure(database: Database, *, rounds: int, say: Say) -> Iterator[Row]:
    """Yield the one row: milliseconds until one learner has the page, the median of all requests.

    Raises: WrongAnswer.
    """
    with seeded_site(database, SeedSize(answers=0, orders=0, buyers=0)) as (site, data):
        say(f"{database.name}: {SESSIONS:,} past sessions")
        repeat_session(site, data.finished.attempt, SESSIONS)
        history = [page("/practice/history/", data.finished.session)] * LOAD
        with running_server(SITE, site, database) as server:
            loads = [drive(server.port, history, connections=1) for _round in range(rounds + 1)]
    for load in loads:
        if dict(load.statuses) != {200: LOAD}:
            raise WrongAnswer(f"the history was answered {dict(load.statuses)}")
    milliseconds = 1000 * median(seconds for load in loads[1:] for seconds in load.seconds)
    yield Row(NAMES[0], database.name, milliseconds, "ms", at_most(MAX_MS))
