"""Measure the statistics of a bank's questions: `python -m benchmarks.question_statistics`.

A bank has 1,500 questions and 1,000,000 answers. The page shows stored figures; the worker computes
all of them anew from the answers. Times are CPU times of the process. Prints each figure beside
its budget; exits with 1 if one is over.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.report import HEAD, Row, at_most, line
from benchmarks.sites import Database, databases_of, managed, new_site, running_database
from testing.site import Site

ANSWERS = 1_000_000
PAGE_MS, COMPUTING_SECONDS, COMPUTING_MEGABYTES = 150, 60, 200
# Added in parts, each by a process of its own: the machine may be busy.
PART = 100_000
SEED = "from benchmarks.many_answers import add_answers, analyze, make_bank\n"
# Peak memory is that of the whole process, so each part has one of its own.
COMPUTE = """
import resource
import time
from django.utils import timezone
from catalog.models import TestBank
from studio.services.statistics import compute_due_statistics
began = time.process_time()
assert compute_due_statistics(at=timezone.now()) == 1
print("computing-seconds", time.process_time() - began)
print("computing-memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
began = time.process_time()
assert compute_due_statistics(at=timezone.now()) == 0
print("nothing-due", (time.process_time() - began) * 1000)
"""
OPEN = """
import time
from statistics import median
from django.conf import settings
from django.test import Client
from accounts.models import User
from testing.staff_sessions import sign_in_staff
settings.ALLOWED_HOSTS = ["testserver"]
client = sign_in_staff(Client(), User.objects.create_superuser("seller@example.org", "x"))
def milliseconds():
    began = time.process_time()
    assert client.get("/studio/banks/{slug}/statistics/").status_code == 200
    return (time.process_time() - began) * 1000
milliseconds()
print("page", median(milliseconds() for _round in range(9)))
"""


def measure(database: Database, *, answers: int) -> Iterator[Row]:
    """Yield a row for each figure."""
    with tempfile.TemporaryDirectory(prefix="testbank-bench-") as name:
        site = new_site(Path(name), database)
        managed(site, "migrate", "--verbosity=0")
        managed(site, "shell", "--no-imports", stdin=f"{SEED}make_bank()\n")
        for _part in range(answers // PART):
            managed(site, "shell", "--no-imports", stdin=f"{SEED}add_answers({PART})\n")
        managed(site, "shell", "--no-imports", stdin=f"{SEED}analyze()\n")
        found = _printed(site, COMPUTE) | _printed(site, OPEN.format(slug="large"))
    for row, unit, limit in (
        ("computing-seconds", "s", COMPUTING_SECONDS),
        ("computing-memory", "MB", COMPUTING_MEGABYTES),
        ("nothing-due", "ms", PAGE_MS),
        ("page", "ms", PAGE_MS),
    ):
        yield Row(f"stats-{row}", database.name, found[row], unit, at_most(limit))


def _printed(site: Site, code: str) -> dict[str, float]:
    """Run code in a process of its own, and return the figures that it printed by name."""
    printed = managed(site, "shell", "--no-imports", stdin=code)
    pairs = (words.split() for words in printed.splitlines())
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2}


def main(arguments: Sequence[str]) -> int:
    """Measure on each database. Exit code 1 if a figure is over its budget."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.question_statistics", description=__doc__
    )
    parser.add_argument("--answers", type=int, default=ANSWERS)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args(arguments)
    sys.stdout.write(f"{HEAD}\n")
    is_ok = True
    for name in databases_of(options.database):
        with running_database(name) as database:
            for row in measure(database, answers=options.answers):
                sys.stdout.write(f"{line(row)}\n")
                sys.stdout.flush()
                is_ok &= row.is_ok
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
