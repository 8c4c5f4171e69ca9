"""`make crashes`: kill a process at every point of every journey, and print the outcomes."""

import argparse
import sys
import tempfile
from pathlib import Path

from testing.crashing.report import crash_report


def main() -> int:
    """Return 0 if every purchase was completed exactly once, by each of the three recoveries."""
    parser = argparse.ArgumentParser(prog="python -m testing.crashing", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--quick", action="store_true", help="one recovery for each point, in turn")
    options = parser.parse_args()
    failed = 0
    for database in options.database or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory(prefix="testbank-crashes-") as folder:
            report = crash_report(
                database, Path(folder), every_recovery=not options.quick, say=sys.stdout.write
            )
        failed += len(report.problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
