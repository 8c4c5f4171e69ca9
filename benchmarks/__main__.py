"""`make bench`: measures, prints each figure beside its goal, and writes `var/bench.json`."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import calls, finding, silence
from benchmarks.figures import HEAD, Row, line
from benchmarks.pages import Pages
from benchmarks.requests import TARGETS, Target
from benchmarks.sites import filled_site, running_database

RESULTS = Path(__file__).resolve().parent.parent / "var" / "bench.json"
LEAST_ROUNDS = 5
# What is told again must have been told.
NEEDED = {"webhook-duplicate": "webhook-new"}
NAMES = [*(target.name for target in TARGETS), *finding.NAMES, *calls.NAMES, *silence.NAMES]
DATABASES = {"sqlite": ["sqlite"], "postgresql": ["postgresql"], "both": ["sqlite", "postgresql"]}


def main() -> int:
    """Measure what was asked for; 0 where it could be measured, whatever the figures say."""
    options = _options(sys.argv[1:])
    rows: list[Row] = []
    sys.stdout.write(f"{HEAD}\n")
    for row in _measured(options):
        rows.append(row)
        sys.stdout.write(f"{line(row)}\n")
        sys.stdout.flush()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    short = sum(not row.is_ok for row in rows)
    sys.stdout.write(f"{len(rows) - short} ok, {short} short; rows in var/bench.json\n")
    return 0


def _measured(options: argparse.Namespace) -> Iterator[Row]:
    pages = [target for target in TARGETS if target.name in options.only]
    yield from calls.measured(rounds=options.rounds, only=options.only, say=say)
    for name in DATABASES[options.database]:
        if pages:
            yield from _pages(name, pages, options)
        if finds := [each for each in options.only if each in finding.NAMES]:
            yield from finding.found(name, rounds=options.rounds, only=finds, say=say)
        if any(each in silence.NAMES for each in options.only):
            yield from silence.measured(name, only=options.only, say=say)


def _pages(name: str, targets: Sequence[Target], options: argparse.Namespace) -> Iterator[Row]:
    say(f"{name}: filling a database")
    size = Pages.size(options.rounds)
    with running_database(name) as database, filled_site(database, size) as (site, plan):
        pages = Pages(site, plan, database, rounds=options.rounds, say=say)
        yield from pages.called(targets)
        if not options.in_process:
            yield from pages.served(targets)


STARTED = time.monotonic()


def say(words: str) -> None:
    """A line of progress, beside the figures and not among them."""
    sys.stderr.write(f"[{time.monotonic() - STARTED:4.0f} s] {words}\n")


def chosen(text: str) -> list[str]:
    """The names that begin with one of the words between commas. Raises: ArgumentTypeError."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if not any(name.startswith(word) for name in NAMES):
            raise argparse.ArgumentTypeError(f"{word} is none of {', '.join(NAMES)}")
    asked = {name for name in NAMES if any(name.startswith(word) for word in words) or not words}
    asked |= {NEEDED[name] for name in asked if name in NEEDED}
    return [name for name in NAMES if name in asked]


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return rounds


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=chosen, default=NAMES, metavar="NAME,…")
    parser.add_argument("--database", choices=list(DATABASES), default="both")
    parser.add_argument("--rounds", type=_rounds, default=LEAST_ROUNDS)
    parser.add_argument("--in-process", action="store_true", help="leave the server out")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
