"""Measures purchases through the shipped server: at a Stripe that takes its time, and into silence.

A purchase waits for Stripe and little else, so that what counts is threads: how many wait at
once while Stripe answers, and how many are left to pages while it does not.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice, takewhile
from pathlib import Path

from benchmarks.figures import Row, at_least, at_most, latency_of, percentile
from benchmarks.load import Request, drive
from benchmarks.pages import SHOP, Say, WrongAnswer
from benchmarks.plan import Plan, Size
from benchmarks.requests import purchases
from benchmarks.sites import Database, filled_site, running_database, served
from benchmarks.stripe_side import KEY, PUBLIC_KEY, stripe_side
from testing.proxies import black_hole
from testing.site import Site

BUYERS = {"silent-two": 2, "silent-twenty": 20}
NAMES = ["sessions-per-second", *BUYERS]
STRIPE_SECONDS = 0.2
THREADS = 8
# Eight threads that wait 200 ms each make 40 a second; a tenth of it may be ours.
LEAST_SESSIONS = 0.9 * THREADS / STRIPE_SECONDS
SESSIONS = 240
WARMING = 24
# Two for each thread, so that none is idle between two buyers.
CONNECTIONS = 2 * THREADS
DEADLINE_SECONDS = 10.0
LATE_SECONDS = 1.0
SLOWER_AT_MOST = 3
WARMING_VISITS = 200
IDLE_SECONDS = 6.0
PAUSE_SECONDS = 0.005
SENT_ON, UNAVAILABLE, OK = 303, 503, 200


def measured(name: str, *, only: Sequence[str], say: Say) -> Iterator[Row]:
    """The rows of one kind of database."""
    size = Size(answers=0, orders=0, buyers=max(BUYERS.values()))
    with running_database(name) as database, filled_site(database, size) as (site, plan):
        if "sessions-per-second" in only:
            say(f"{name}: {SESSIONS} purchases at {STRIPE_SECONDS * 1000:g} ms")
            yield _sessions(site, plan, database)
        for row, buyers in BUYERS.items():
            if row in only:
                say(f"{name}: {buyers} buyers at a silent proxy")
                yield from _into_silence(site, plan, database, row, buyers)


def _sessions(site: Site, plan: Plan, database: Database) -> Row:
    with (
        tempfile.TemporaryDirectory(prefix="testbank-bench-") as folder,
        stripe_side(Path(folder), answers_after_seconds=STRIPE_SECONDS) as stripe,
        _configured(site, stripe.settings()) as shop,
        served(shop, SHOP) as (port, _pid),
    ):
        asked = purchases(plan)
        # One after another: until one was answered, only half as many calls are let out.
        for request in islice(asked, WARMING):
            drive(port, [request])
        load = drive(port, list(islice(asked, SESSIONS)), connections=CONNECTIONS)
    if dict(load.statuses) != {SENT_ON: SESSIONS}:
        raise WrongAnswer(f"purchases were answered {dict(load.statuses)}")
    return Row(
        name="sessions-per-second",
        database=database.name,
        way="server",
        value=SESSIONS / load.elapsed_seconds,
        unit="a second",
        goal=at_least(LEAST_SESSIONS),
        latency=latency_of(load.seconds, elapsed_seconds=load.elapsed_seconds),
    )


def _into_silence(site: Site, plan: Plan, database: Database, name: str, buyers: int) -> list[Row]:
    """The catalog meanwhile, as a multiple of when nobody buys; and the slowest purchase."""
    pages = cycle(["/banks/", *(f"/banks/{slug}/" for slug in plan.banks)])
    with _behind_silence(site) as shop, served(shop, SHOP) as (port, _pid):
        _visits(port, islice(pages, WARMING_VISITS))
        idle = _visits(port, _for_a_while(pages))
        with ThreadPoolExecutor(buyers) as pool:
            asked = islice(purchases(plan), buyers)
            pressed = [pool.submit(_pressed, port, request) for request in asked]
            meanwhile = _visits(
                port, takewhile(lambda _page: not all(one.done() for one in pressed), pages)
            )
        slowest = max(one.result() for one in pressed)
    return [
        Row(
            name=f"{name}-catalog",
            database=database.name,
            way="server",
            value=percentile(meanwhile, 99) / percentile(idle, 99),
            unit="of idle p99",
            goal=at_most(SLOWER_AT_MOST),
            latency=latency_of(meanwhile, elapsed_seconds=slowest),
        ),
        Row(
            name=f"{name}-slowest",
            database=database.name,
            way="server",
            value=slowest,
            unit="s",
            goal=at_most(DEADLINE_SECONDS + LATE_SECONDS),
        ),
    ]


@contextmanager
def _behind_silence(site: Site) -> Iterator[Site]:
    """The shop with a proxy that accepts and never answers, and nothing else changed."""
    with black_hole() as port:
        settings = {
            "STRIPE_PUBLIC_KEY": PUBLIC_KEY,
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": "https://api.stripe.com",
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
            "STRIPE_DEADLINE": f"{DEADLINE_SECONDS:g}",
        }
        with _configured(site, settings) as shop:
            yield shop


@contextmanager
def _configured(site: Site, settings: dict[str, str]) -> Iterator[Site]:
    """The same installation with other settings."""
    with tempfile.TemporaryDirectory(prefix="testbank-bench-") as folder:
        other = replace(site, folder=Path(folder), dotenv=dict(site.dotenv), processes=[])
        other.write_env(**settings)
        yield other


def _for_a_while(pages: Iterator[str]) -> Iterator[str]:
    ends_at = time.monotonic() + IDLE_SECONDS
    return takewhile(lambda _page: time.monotonic() < ends_at, pages)


def _visits(port: int, pages: Iterable[str]) -> list[float]:
    """The seconds of each page, asked for by one visitor after another."""
    seconds = []
    for page in pages:
        seconds.append(_seconds_of(port, Request("GET", page), OK))
        time.sleep(PAUSE_SECONDS)
    return seconds


def _pressed(port: int, request: Request) -> float:
    """The seconds until a buyer is told that Stripe cannot be reached."""
    return _seconds_of(port, request, UNAVAILABLE)


def _seconds_of(port: int, request: Request, status: int) -> float:
    """Raises: WrongAnswer."""
    load = drive(port, [request])
    if dict(load.statuses) != {status: 1}:
        raise WrongAnswer(f"{request.path} was answered {dict(load.statuses)}")
    return load.elapsed_seconds
