"""Measures whether a bank is found as quickly among many: the list, and search.

The list is held against itself with 1,000 banks, search against the bare site's, whose one
statement ranks whatever has the word.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, cycle, islice
from statistics import median
from urllib.parse import quote_plus

from benchmarks.caller import Caller, calling
from benchmarks.figures import NO_GOAL, Row, at_least, at_most, comparison, percentile
from benchmarks.load import Request, drive
from benchmarks.pages import BARE, SHOP, Say, ServedSide, WrongAnswer, served_side
from benchmarks.plan import Size
from benchmarks.proc import cpu_seconds
from benchmarks.sites import Database, filled_site, managed, running_database, served
from benchmarks.words import queries
from testing.site import Site

NAMES = ["list-long", "list-late", "search-rare", "search-mid", "search-pair", "search-common"]
FEW, MANY, TEXTS = 1000, 20_000, 100_000
LATE = 18_000
CALLS = 60
LOAD = 120
GROWS_AT_MOST = 1.25
WORST_OF_MID = 3
PREFIX_MS = 10
SEARCH = dict.fromkeys(["rare", "mid", "pair"], at_least(0.6))
OK = 200

Ask = Callable[[Sequence[Request]], float]
Costs = dict[str, tuple[list[float], list[float]]]


def found(name: str, *, rounds: int, only: Sequence[str], say: Say) -> Iterator[Row]:
    """The rows of one kind of database."""
    nothing = Size(answers=0, orders=0, buyers=0)
    with running_database(name) as database, filled_site(database, nothing) as (site, _plan):
        measure = Finding(site, database, rounds=rounds, say=say)
        if any(each.startswith("list-") for each in only):
            yield from measure.lists()
        if any(each.startswith("search-") for each in only):
            yield from measure.searches()


class Finding:
    """One installation that is filled further and further."""

    def __init__(self, site: Site, database: Database, *, rounds: int, say: Say) -> None:
        self._site, self._database = site, database
        self._rounds, self._say = rounds, say
        self._numbers = count()

    def lists(self) -> Iterator[Row]:
        """Page 1 and page 900 of 20,000 banks, each held against page 1 of 1,000."""
        self._fill(FEW)
        few = self._page_ms("/banks/")
        self._fill(MANY)
        place = self._shell(f"print(place_of({LATE}))").split()[-1]
        for row, address in (("list-long", "/banks/"), ("list-late", f"/banks/?after={place}")):
            many = self._page_ms(address)
            yield Row(
                name=row,
                database=self._database.name,
                way="process",
                value=many / few,
                unit=f"of {FEW}",
                goal=at_most(GROWS_AT_MOST),
                ours_ms=many,
            )

    def searches(self) -> Iterator[Row]:
        """Each class of words against the bare search, and how slow the worst word is."""
        self._fill(TEXTS)
        yield from self._compared()
        yield self._worst()
        beginnings = sorted({word[:3] for words in queries().values() for word in words[:20]})
        asked = self._shell(f"print(prefix_milliseconds({beginnings!r}, {self._rounds}))")
        yield Row(
            name="search-prefix",
            database=self._database.name,
            way="database",
            value=float(asked.split()[-1]),
            unit="ms",
            goal=at_most(PREFIX_MS),
        )

    def _fill(self, banks: int) -> None:
        self._say(f"{self._database.name}: {banks:,} banks")
        self._shell(f"fill_up_to({banks})\nsettle()")

    def _shell(self, code: str) -> str:
        imports = "from benchmarks.shelves import *\n"
        return managed(self._site, "shell", "--no-imports", stdin=imports + code + "\n")

    def _page_ms(self, address: str) -> float:
        with calling(SHOP, self._site) as shop:
            requests = [Request("GET", address)] * CALLS
            self._cost(shop, requests)
            return median(self._cost(shop, requests) for _round in range(self._rounds))

    def _compared(self) -> Iterator[Row]:
        """By themselves, and through the server, which has the goals as for every page."""
        with calling(SHOP, self._site) as shop, calling(BARE, self._site) as bare:
            sides = (partial(self._cost, shop), partial(self._cost, bare))
            yield from self._rows("process", self._interleaved(sides, CALLS))
        with (
            served_side(SHOP, self._site, self._database) as shop_at,
            served_side(BARE, self._site, self._database) as bare_at,
        ):
            sides = (partial(_served_cost, shop_at), partial(_served_cost, bare_at))
            yield from self._rows("server", self._interleaved(sides, LOAD))

    def _interleaved(self, sides: tuple[Ask, Ask], each: int) -> Costs:
        """CPU ms a request of both sides, by the class of words; the first round warms up."""
        asked = {name: cycle(words) for name, words in queries().items()}
        costs: Costs = {name: ([], []) for name in asked}
        for number in range(self._rounds + 1):
            self._say(f"{self._database.name}: search, round {number} of {self._rounds}")
            for name, words in asked.items():
                some = list(islice(words, each))
                ours, least = (side(self._requests(some)) for side in sides)
                if number:
                    costs[name][0].append(ours)
                    costs[name][1].append(least)
        return costs

    def _rows(self, way: str, costs: Costs) -> Iterator[Row]:
        for name, (ours_ms, bare_ms) in costs.items():
            yield comparison(
                f"search-{name}",
                database=self._database.name,
                way=way,
                ours_ms=ours_ms,
                bare_ms=bare_ms,
                goal=SEARCH.get(name, NO_GOAL) if way == "server" else NO_GOAL,
            )

    def _worst(self) -> Row:
        """The slowest common word's p95 through the server, as a multiple of a middling one's."""
        words = queries()
        with served(self._site, SHOP) as (port, _pid):
            self._p95(port, words["mid"])
            middling = self._p95(port, words["mid"])
            worst = max(self._p95(port, [word]) for word in words["common"])
        return Row(
            name="search-worst-p95",
            database=self._database.name,
            way="server",
            value=worst / middling,
            unit="of mid's",
            goal=at_most(WORST_OF_MID),
        )

    def _p95(self, port: int, words: Sequence[str]) -> float:
        """The median of the rounds: among several words the worst of one round is chance."""
        return median(self._p95_once(port, words) for _round in range(self._rounds))

    def _p95_once(self, port: int, words: Sequence[str]) -> float:
        load = drive(port, self._requests(list(islice(cycle(words), LOAD))))
        if dict(load.statuses) != {OK: LOAD}:
            raise WrongAnswer(f"search answered {dict(load.statuses)}")
        return percentile(load.seconds, 95)

    def _requests(self, words: Sequence[str]) -> list[Request]:
        """Each with an address of its own, so that no page that was kept answers it."""
        return [
            Request("GET", f"/search/?q={quote_plus(word)}&n={next(self._numbers)}")
            for word in words
        ]

    def _cost(self, side: Caller, requests: Sequence[Request]) -> float:
        """CPU ms a request, of the caller and of the database's server. Raises: WrongAnswer."""
        server = [self._database.pid] if self._database.pid else []
        before = cpu_seconds(server)
        called = side.call(requests)
        if called.statuses != {OK: len(requests)}:
            raise WrongAnswer(f"{requests[0].path}: {called.statuses}")
        seconds = called.cpu_seconds + cpu_seconds(server) - before
        return seconds / len(requests) * 1000


def _served_cost(side: ServedSide, requests: Sequence[Request]) -> float:
    """CPU ms a request, of the server and of the database's. Raises: WrongAnswer."""
    cost = side.cost(requests)
    if dict(cost.statuses) != {OK: len(requests)}:
        raise WrongAnswer(f"{requests[0].path}: {dict(cost.statuses)}")
    return cost.cpu_seconds / len(requests) * 1000
