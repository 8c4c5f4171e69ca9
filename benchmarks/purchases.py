"""Measure how many Checkout sessions the site opens a second while Stripe takes its time."""

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.against_bare import SITE, Say, WrongAnswer
from benchmarks.fake_stripe import fake_stripe
from benchmarks.load import drive
from benchmarks.report import Row, at_least, latency_of
from benchmarks.seed_data import SeedSize
from benchmarks.sites import Database, new_settings, seeded_site, served
from benchmarks.targets import purchases

NAMES = ["sessions-per-second"]
STRIPE_SECONDS = 0.2
# Eight threads that wait 200 ms each open at most 40 a second.
MIN_SESSIONS = 28
# Each purchases eleven times, which is within the limit of a minute (`safety.rate_limits`).
BUYERS = 24
SESSIONS = 240
WARM_UP = 24
# Two for each thread, so that none is idle between two buyers.
CONNECTIONS = 16
SEE_OTHER = 303


def measure(database: Database, *, say: Say) -> Iterator[Row]:
    """Yield the one row."""
    say(f"{database.name}: {SESSIONS} purchases with Stripe at {STRIPE_SECONDS * 1000:g} ms")
    with (
        tempfile.TemporaryDirectory(prefix="testbank-bench-") as folder,
        seeded_site(database, SeedSize(answers=0, orders=0, buyers=BUYERS)) as (seeded, data),
        fake_stripe(Path(folder), latency_seconds=STRIPE_SECONDS) as stripe,
        new_settings(seeded, stripe.settings()) as site,
        served(site, SITE) as (port, _pid),
    ):
        requests = purchases(data)
        # One by one: until a call has succeeded, only half of the threads may wait for Stripe.
        for request in islice(requests, WARM_UP):
            drive(port, [request])
        load = drive(port, list(islice(requests, SESSIONS)), connections=CONNECTIONS)
    if dict(load.statuses) != {SEE_OTHER: SESSIONS}:
        raise WrongAnswer(f"purchases were answered {dict(load.statuses)}")
    yield Row(
        NAMES[0],
        database.name,
        SESSIONS / load.elapsed_seconds,
        "a second",
        at_least(MIN_SESSIONS),
        latency=latency_of(load.seconds, elapsed_seconds=load.elapsed_seconds),
    )
