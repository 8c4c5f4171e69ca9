"""Measure the catalog while 20 buyers purchase behind a proxy that never answers."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice, takewhile

from benchmarks.against_bare import SITE, Say, WrongAnswer
from benchmarks.fake_stripe import KEY, PUBLIC_KEY
from benchmarks.load import Request, drive
from benchmarks.report import Row, at_most, latency_of, percentile
from benchmarks.seed_data import SeedData, SeedSize
from benchmarks.sites import Database, new_settings, seeded_site, served
from benchmarks.targets import page, purchases
from testing.proxies import black_hole
from testing.site import Site

NAMES = ["slow-proxy-catalog", "slow-proxy-purchase"]
BUYERS = 20
TIMES_IDLE = 3
DEADLINE_SECONDS = 10
# The deadline of a call, and a second for the rest of the purchase.
PURCHASE_SECONDS = DEADLINE_SECONDS + 1
WARM_UP = 200
IDLE_SECONDS = 6.0
PAUSE_SECONDS = 0.005
OK, UNAVAILABLE = 200, 503


def measure(database: Database, *, say: Say) -> Iterator[Row]:
    """Yield the p99 of the catalog against that of an idle site, and the slowest purchase."""
    say(f"{database.name}: {BUYERS} purchases at a silent proxy")
    with (
        seeded_site(database, SeedSize(answers=0, orders=0, buyers=BUYERS)) as (seeded, data),
        _behind_silent_proxy(seeded) as site,
        served(site, SITE) as (port, _pid),
    ):
        pages = _catalog_pages(data)
        _visit(port, islice(pages, WARM_UP))
        idle = _visit(port, _for_a_while(pages))
        with ThreadPoolExecutor(BUYERS) as pool:
            requests = islice(purchases(data), BUYERS)
            pending = [pool.submit(_seconds_of, port, each, UNAVAILABLE) for each in requests]
            until_all_are_done = takewhile(
                lambda _page: not all(one.done() for one in pending), pages
            )
            beside = _visit(port, until_all_are_done)
        slowest = max(one.result() for one in pending)
    yield Row(
        NAMES[0],
        database.name,
        percentile(beside, 99) / percentile(idle, 99),
        "× idle p99",
        at_most(TIMES_IDLE),
        latency=latency_of(beside, elapsed_seconds=slowest),
    )
    yield Row(NAMES[1], database.name, slowest, "s at most", at_most(PURCHASE_SECONDS))


@contextmanager
def _behind_silent_proxy(site: Site) -> Iterator[Site]:
    """The site with a proxy that accepts connections and never answers."""
    with black_hole() as port:
        settings = {
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": "https://api.stripe.com",
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
            "STRIPE_DEADLINE": f"{DEADLINE_SECONDS:g}",
        }
        with new_settings(site, settings) as behind_proxy:
            yield behind_proxy


def _catalog_pages(data: SeedData) -> Iterator[Request]:
    return cycle([page("/banks/"), *(page(f"/banks/{slug}/") for slug in data.banks)])


def _for_a_while(pages: Iterator[Request]) -> Iterator[Request]:
    ends_at = time.monotonic() + IDLE_SECONDS
    return takewhile(lambda _page: time.monotonic() < ends_at, pages)


def _visit(port: int, pages: Iterable[Request]) -> list[float]:
    """Fetch one page after another; the seconds of each."""
    seconds = []
    for request in pages:
        seconds.append(_seconds_of(port, request, OK))
        time.sleep(PAUSE_SECONDS)
    return seconds


def _seconds_of(port: int, request: Request, status: int) -> float:
    """Raises: WrongAnswer."""
    load = drive(port, [request])
    if dict(load.statuses) != {status: 1}:
        raise WrongAnswer(f"{request.path} was answered {dict(load.statuses)}")
    return load.elapsed_seconds
