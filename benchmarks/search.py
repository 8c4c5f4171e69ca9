"""Compare searches among 100,000 banks with the bare site's, and a common word with others.

The bare site ranks everything that contains the words, by one statement.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, cycle, islice
from statistics import median
from urllib.parse import quote_plus

from benchmarks.against_bare import BARE, SITE, Costs, Say, Server, running_server
from benchmarks.load import Request
from benchmarks.report import Row, at_most, comparison, percentile
from benchmarks.search_words import queries
from benchmarks.seed_data import SeedSize
from benchmarks.sites import Database, fill, seeded_site

COMPARED = {"search-rare": "rare", "search-middle": "middle", "search-pair": "pair"}
WORST_WORD = "search-worst-word"
NAMES = [*COMPARED, WORST_WORD]
BANKS = 100_000
LOAD = 120
TIMES_BARE = 6
TIMES_MIDDLE = 3


def measure(database: Database, *, rounds: int, only: Sequence[str], say: Say) -> Iterator[Row]:
    """Yield the rows with these names."""
    with seeded_site(database, SeedSize(answers=0, orders=0, buyers=0)) as (site, _data):
        say(f"{database.name}: {BANKS:,} banks")
        fill(site, BANKS)
        with (
            running_server(SITE, site, database) as ours,
            running_server(BARE, site, database) as bare,
        ):
            searches = Searches(rounds, say)
            names = [name for name in COMPARED if name in only]
            for name, costs in searches.costs((ours, bare), names).items():
                yield comparison(
                    name,
                    database=database.name,
                    ours_ms=costs.ours_ms,
                    bare_ms=costs.bare_ms,
                    budget=at_most(TIMES_BARE),
                    latency=costs.latency,
                )
            if WORST_WORD in only:
                value = searches.worst_word(ours)
                yield Row(WORST_WORD, database.name, value, "× middle p95", at_most(TIMES_MIDDLE))


class Searches:
    """Searches with a URL of its own each, so that the page cache answers none of them."""

    def __init__(self, rounds: int, say: Say) -> None:
        self._rounds, self._say = rounds, say
        self._numbers = count()

    def costs(self, servers: tuple[Server, Server], names: Sequence[str]) -> Mapping[str, Costs]:
        """What the searches of each class cost on both sides; the first round warms up."""
        words = {name: cycle(queries()[COMPARED[name]]) for name in names}
        costs = {name: Costs() for name in names}
        for number in range(self._rounds + 1):
            self._say(f"search, round {number} of {self._rounds}")
            for name in names:
                some = list(islice(words[name], LOAD))
                ours_ms, ours = servers[0].cpu_ms(self._requests(some))
                bare_ms, bare = servers[1].cpu_ms(self._requests(some))
                if number:
                    costs[name].ours_ms.append(ours_ms)
                    costs[name].bare_ms.append(bare_ms)
                    costs[name].ours.append(ours)
                    costs[name].bare.append(bare)
        return costs

    def worst_word(self, server: Server) -> float:
        """The p95 of the slowest common word, divided by that of the middle words."""
        words = queries()
        self._p95(server, words["middle"])
        middle = self._p95(server, words["middle"])
        return max(self._p95(server, [word]) for word in words["common"]) / middle

    def _p95(self, server: Server, words: Sequence[str]) -> float:
        """The median over the rounds: the p95 of a single round varies by chance."""
        return median(self._p95_once(server, words) for _round in range(self._rounds))

    def _p95_once(self, server: Server, words: Sequence[str]) -> float:
        _cpu, load = server.cpu_ms(self._requests(list(islice(cycle(words), LOAD))))
        return percentile(load.seconds, 95)

    def _requests(self, words: Sequence[str]) -> list[Request]:
        return [
            Request("GET", f"/search/?q={quote_plus(word)}&n={next(self._numbers)}")
            for word in words
        ]
