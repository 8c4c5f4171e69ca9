"""`make bench`: measure, print each row beside its budget, and write `var/bench.json`."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import against_bare, catalog_size, histories, purchases, search, slow_proxy
from benchmarks.report import HEAD, Row, line
from benchmarks.sites import running_database
from benchmarks.targets import TARGETS

RESULTS = Path(__file__).resolve().parent.parent / "var" / "bench.json"
ROUNDS = 5
# A duplicate is of an event that was delivered before.
NEEDED = {"webhook-duplicate": "webhook-fulfillment"}
COMPARED = [target.name for target in TARGETS]
NAMES = [
    *COMPARED,
    *catalog_size.NAMES,
    *search.NAMES,
    *histories.NAMES,
    *purchases.NAMES,
    *slow_proxy.NAMES,
]
DATABASES = {"sqlite": ["sqlite"], "postgresql": ["postgresql"], "both": ["sqlite", "postgresql"]}


def main() -> int:
    """Measure what was asked for. Exit code 0 even if a row is over its budget."""
    options = _options(sys.argv[1:])
    rows: list[Row] = []
    sys.stdout.write(f"{HEAD}\n")
    for row in _rows(options):
        rows.append(row)
        sys.stdout.write(f"{line(row)}\n")
        sys.stdout.flush()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    over = sum(not row.is_ok for row in rows)
    sys.stdout.write(f"{len(rows) - over} ok, {over} over; rows in var/bench.json\n")
    return 0


def _rows(options: argparse.Namespace) -> Iterator[Row]:
    rounds = options.rounds
    for name in DATABASES[options.database]:
        if only := _among(options.only, COMPARED):
            with running_database(name) as database:
                yield from against_bare.measure(database, rounds=rounds, only=only, say=say)
        if only := _among(options.only, catalog_size.NAMES):
            with running_database(name) as database:
                yield from catalog_size.measure(database, rounds=rounds, only=only, say=say)
        if only := _among(options.only, search.NAMES):
            with running_database(name) as database:
                yield from search.measure(database, rounds=rounds, only=only, say=say)
        if _among(options.only, histories.NAMES):
            with running_database(name) as database:
                yield from histories.measure(database, rounds=rounds, say=say)
        if _among(options.only, purchases.NAMES):
            with running_database(name) as database:
                yield from purchases.measure(database, say=say)
        if _among(options.only, slow_proxy.NAMES):
            with running_database(name) as database:
                yield from slow_proxy.measure(database, say=say)


def _among(names: Sequence[str], possible: Sequence[str]) -> list[str]:
    return [name for name in names if name in possible]


STARTED = time.monotonic()


def say(message: str) -> None:
    """Write a line of progress to stderr; rows go to stdout."""
    sys.stderr.write(f"[{time.monotonic() - STARTED:4.0f} s] {message}\n")


def select(text: str) -> list[str]:
    """The names that start with one of the comma-separated words. Raises: ArgumentTypeError."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if not any(name.startswith(word) for name in NAMES):
            raise argparse.ArgumentTypeError(f"{word} is none of {', '.join(NAMES)}")
    selected = {name for name in NAMES if not words or name.startswith(tuple(words))}
    selected |= {NEEDED[name] for name in selected if name in NEEDED}
    return [name for name in NAMES if name in selected]


def positive(text: str) -> int:
    """Read a number of rounds. Raises: ArgumentTypeError below 1, ValueError."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=select, default=NAMES, metavar="NAME,…")
    parser.add_argument("--database", choices=list(DATABASES), default="both")
    parser.add_argument("--rounds", type=positive, default=ROUNDS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
