"""Measures calls to Stripe: the client's CPU, its connections, and the decision before each.

Without a database. Our client is held against the one that stripe-python takes by itself, in
one process and in turns, at the same far side.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.dialler import DEFAULT, OURS, dialling
from benchmarks.figures import Row, at_most
from benchmarks.pages import Say
from benchmarks.sites import Database, new_site
from benchmarks.stripe_side import STRIPE, stripe_side
from outbound.route import ProxyEnvironment, decide

NAMES = ["call-cpu", "call-connections", "decide-linear"]
CALLS = 100
# In short turns, so that a disturbance of the machine meets both.
A_TURN = 20
CONNECTIONS_A_HUNDRED = 1
FEW, MANY = 200, 2000
DECISIONS = 3
GROWS_AT_MOST = 1.25
NO_DATABASE = "none"


def measured(*, rounds: int, only: Sequence[str], say: Say) -> Iterator[Row]:
    """The rows that were asked for."""
    if any(name.startswith("call-") for name in only):
        yield from _calls(rounds, say)
    if "decide-linear" in only:
        yield _decisions(rounds)


def _calls(rounds: int, say: Say) -> Iterator[Row]:
    say(f"calls: {rounds} rounds of {CALLS} by each client")
    with (
        tempfile.TemporaryDirectory(prefix="testbank-bench-") as name,
        stripe_side(Path(name)) as stripe,
    ):
        nothing = Database("sqlite", f"sqlite:///{name}/none.sqlite3")
        site = new_site(Path(name), nothing, **stripe.settings())
        with dialling(site, stripe) as dial:
            dial(DEFAULT, A_TURN)
            # The default client keeps its one connection: all others from here on are ours.
            before = stripe.side.connections
            dial(OURS, A_TURN)
            turns = range(rounds * CALLS // A_TURN)
            costs = [(dial(OURS, A_TURN), dial(DEFAULT, A_TURN)) for _turn in turns]
            opened = stripe.side.connections - before
    ours, default = (median(each) / A_TURN * 1000 for each in zip(*costs, strict=True))
    yield Row(
        name="call-cpu",
        database=NO_DATABASE,
        way="process",
        value=ours / default,
        unit="of default",
        goal=at_most(1),
        ours_ms=ours,
        bare_ms=default,
    )
    yield Row(
        name="call-connections",
        database=NO_DATABASE,
        way="process",
        value=opened / rounds,
        unit=f"per {CALLS}",
        goal=at_most(CONNECTIONS_A_HUNDRED),
    )


def _decisions(rounds: int) -> Row:
    """What an entry of NO_PROXY costs among many, as a multiple of what it costs among few.

    The least of the rounds is the law's; what is more is the machine's.
    """
    turns = [(_entry_seconds(FEW), _entry_seconds(MANY)) for _round in range(rounds)]
    few, many = (min(each) for each in zip(*turns, strict=True))
    return Row(
        name="decide-linear",
        database=NO_DATABASE,
        way="process",
        value=many / few,
        unit="of linear",
        goal=at_most(GROWS_AT_MOST),
        ours_ms=many * MANY * 1000,
    )


def _entry_seconds(entries: int) -> float:
    """CPU seconds for each entry in one decision, none of which is about Stripe."""
    kinds = ("host{}.example.org", ".sub{}.example", "*.star{}.example:8443", "10.{}.0.0/16")
    text = ",".join(kinds[place % len(kinds)].format(place % 256) for place in range(entries))
    environment = ProxyEnvironment(
        process={"NO_PROXY": text, "HTTPS_PROXY": "http://proxy.example:3128"}, dotenv={}
    )
    decisions = DECISIONS * MANY // entries
    started = time.process_time()
    for _decision in range(decisions):
        route = decide(f"https://{STRIPE}/", environment=environment)
        assert not route.is_direct
    return (time.process_time() - started) / decisions / entries
