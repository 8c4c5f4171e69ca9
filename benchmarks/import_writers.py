"""Measure how long a writer waits for an import: `python -m benchmarks.import_writers`.

A file of 20,000 questions is imported while another thread stores a row again and again. Prints
the longest wait as a share of the import's time, beside its budget; exits with 1 if it is over.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import HEAD, Row, at_most, line
from benchmarks.sites import Database, databases_of, managed, new_site, running_database

QUESTIONS = 20_000
LONGEST_SHARE = 0.15
IMPORT = """
import json
import time
from threading import Thread
from django.db import connection
from django.utils import timezone
from catalog.importing.items import import_items
from catalog.models import Category, TestBank
from questions.formats.jsonl import read_jsonl
category = Category.objects.create(slug="software", title="Software")
bank = TestBank.objects.create(slug="new", title="New", category=category, price_minor=1900)
lines = (
    json.dumps(dict(kind="true_false", stem=f"Is {{number}} even?", answer=number % 2 == 0))
    for number in range({questions})
)
read = read_jsonl("\\n".join(lines).encode())
def run():
    import_items(test_bank=bank, read=read, at=timezone.now())
    connection.close()
imported = Thread(target=run)
waits = []
began = time.monotonic()
imported.start()
while imported.is_alive():
    started = time.monotonic()
    Category.objects.update(title="General")
    waits.append(time.monotonic() - started)
    time.sleep(0.02)
assert bank.bank_questions.count() == {questions}
print(max(waits), time.monotonic() - began)
"""


def measure(database: Database) -> Row:
    """Import the file on a new site, and return the row of the longest wait."""
    with tempfile.TemporaryDirectory(prefix="testbank-bench-") as name:
        site = new_site(Path(name), database)
        managed(site, "migrate", "--verbosity=0")
        code = IMPORT.format(questions=QUESTIONS)
        printed = managed(site, "shell", "--no-imports", stdin=code)
    longest, whole = map(float, printed.split())
    share = longest / whole
    return Row("import-longest-wait", database.name, share, "of import", at_most(LONGEST_SHARE))


def main(arguments: Sequence[str]) -> int:
    """Measure on each database. Exit code 1 if a figure is over its budget."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.import_writers", description=__doc__
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args(arguments)
    sys.stdout.write(f"{HEAD}\n")
    is_ok = True
    for name in databases_of(options.database):
        with running_database(name) as database:
            row = measure(database)
        sys.stdout.write(f"{line(row)}\n")
        sys.stdout.flush()
        is_ok &= row.is_ok
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
