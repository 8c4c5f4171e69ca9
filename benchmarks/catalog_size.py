"""Compare the list of 20,000 banks with the list of 1,000. The page cache is off."""

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.against_bare import NO_PAGE_CACHE, SITE, Say, running_server
from benchmarks.report import Row, at_most
from benchmarks.seed_data import SeedSize
from benchmarks.sites import Database, fill, list_cursor, new_settings, seeded_site
from benchmarks.targets import page
from testing.site import Site

# The start of each row's name is what it is compared with: the first page of 1,000 banks.
FIRST_PAGE, LATE_PAGE = "list-20000", "list-20000-late"
NAMES = [FIRST_PAGE, LATE_PAGE]
FEW, MANY = 1000, 20_000
LATE = 18_000
LOAD = 120
TIMES_FEW = 1.5


def measure(database: Database, *, rounds: int, only: Sequence[str], say: Say) -> Iterator[Row]:
    """Yield the rows with these names."""
    with (
        seeded_site(database, SeedSize(answers=0, orders=0, buyers=0)) as (seeded, _data),
        new_settings(seeded, NO_PAGE_CACHE) as site,
    ):
        say(f"{database.name}: {FEW:,} banks")
        fill(site, FEW)
        few = _page_ms(site, database, "/banks/", rounds)
        say(f"{database.name}: {MANY:,} banks")
        fill(site, MANY)
        paths = {FIRST_PAGE: "/banks/", LATE_PAGE: f"/banks/?after={list_cursor(site, LATE)}"}
        for name in only:
            many = _page_ms(site, database, paths[name], rounds)
            yield Row(
                name,
                database.name,
                many / few,
                f"× {FEW:,} banks",
                at_most(TIMES_FEW),
                ours_ms=many,
            )


def _page_ms(site: Site, database: Database, path: str, rounds: int) -> float:
    """CPU milliseconds of a page: the median of the rounds after one to warm up."""
    with running_server(SITE, site, database) as server:
        server.cpu_ms([page(path)] * LOAD)
        return median(server.cpu_ms([page(path)] * LOAD)[0] for _round in range(rounds))
