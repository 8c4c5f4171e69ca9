"""Measure what Django's defaults cost for as many statements as our pages run.

`python -m benchmarks.floor` compares the bare site of `make bench`, which has no middleware and
runs one statement, with the same page behind the middleware of `startproject` and allauth, a
session, a user, and the number of ORM statements that our page runs. Each statement reads or
inserts one row. With standard components, our page cannot cost less than that. If the value is
over the budget of a row, the budget cannot be met.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.__main__ import DATABASES, ROUNDS, positive
from benchmarks.against_bare import BARE, ROUND, WARM_UP, running_server
from benchmarks.load import Request
from benchmarks.report import HEAD, Row, comparison, line
from benchmarks.seed_data import SeedData, SeedSize
from benchmarks.sites import running_database, seeded_site
from benchmarks.stripe_events import delivery
from benchmarks.targets import TARGETS, BareRequests, bare_event, form, page

DEFAULT = "benchmarks.bare.default_wsgi"


@dataclass(frozen=True, slots=True)
class Floor:
    """A row of `make bench`, and how many of its statements read a row, and how many write one.

    Without those that the middleware adds for the session and the user, and without the insert
    of the bare webhook.
    """

    name: str
    reads: int
    inserts: int = 0


FLOORS = (
    Floor("detail-signed-in", reads=3),
    Floor("question", reads=8),
    Floor("result", reads=6),
    Floor("answer", reads=4, inserts=1),
    Floor("webhook-fulfillment", reads=8, inserts=7),
)


def main() -> int:
    """Print the value for each row of FLOORS, beside the budget of the row."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=__doc__)
    parser.add_argument("--database", choices=list(DATABASES), default="both")
    parser.add_argument("--rounds", type=positive, default=ROUNDS)
    options = parser.parse_args()
    sys.stdout.write(f"{HEAD}\n")
    for name in DATABASES[options.database]:
        for row in measure(name, rounds=options.rounds):
            sys.stdout.write(f"{line(row)}\n")
            sys.stdout.flush()
    return 0


def measure(name: str, *, rounds: int) -> Iterator[Row]:
    """Yield a row for each floor: CPU time with the defaults against that of the bare site."""
    targets = {target.name: target for target in TARGETS}
    with (
        running_database(name) as database,
        seeded_site(database, SeedSize(answers=0, orders=0, buyers=1)) as (site, data),
        running_server(DEFAULT, site, database) as default,
        running_server(BARE, site, database) as bare,
    ):
        bare_requests = BareRequests(data)
        for floor in FLOORS:
            target = targets[floor.name]
            costs: tuple[list[float], list[float]] = ([], [])
            for number in range(rounds + 1):
                count = ROUND if number else WARM_UP
                pairs = (
                    (default, _requests(floor, data, count)),
                    (bare, bare_requests.of(target.bare, count)),
                )
                for (server, requests), measured in zip(pairs, costs, strict=True):
                    milliseconds, _load = server.cpu_ms(requests, status=target.status)
                    if number:
                        measured.append(milliseconds)
            yield comparison(
                floor.name,
                database=name,
                ours_ms=costs[0],
                bare_ms=costs[1],
                budget=target.budget,
            )


def _requests(floor: Floor, data: SeedData, count: int) -> list[Request]:
    """Requests that run the statements of a floor."""
    slug, session = data.banks[0], data.buyers[0]
    if floor.name.startswith("webhook"):
        path = f"/webhook/{slug}/{floor.reads}/{floor.inserts}/"
        return [delivery(bare_event(), path=path) for _number in range(count)]
    if floor.inserts:
        path = f"/answer/{slug}/{floor.reads}/{floor.inserts}/"
        return [form(session, path, "&choice=b")] * count
    return [page(f"/page/{slug}/{floor.reads}/", session)] * count


if __name__ == "__main__":
    sys.exit(main())
