"""`python -m e2e.fault_bench`: run the bench on both databases and print a report.

Exits with 1 if an invariant is violated, or too few orders were paid.
"""

import argparse
import random
import sys

import testing.scrub
from e2e.fault_bench import report, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m e2e.fault_bench", description=__doc__)
    parser.add_argument("--purchases", type=int, default=2000, help="how many (default: 2000)")
    parser.add_argument("--seed", type=int, default=None, help="the seed of a run to repeat")
    parser.add_argument("--database", choices=("postgresql", "sqlite", "both"), default="both")
    options = parser.parse_args()
    testing.scrub.scrub_environment()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    databases = ("postgresql", "sqlite") if options.database == "both" else (options.database,)
    passed = [run_and_report(database, options.purchases, seed) for database in databases]
    return 0 if all(passed) else 1


def run_and_report(database: str, purchases: int, seed: int) -> bool:
    """Run on one database, print the report, and return whether the run passed."""
    run.say(f"{purchases} purchases on {database}, SEED={seed}")
    result = run.run(database=database, purchases=purchases, seed=seed)
    for line in report.lines(result):
        run.say(line)
    passed = report.passes(result)
    run.say(f"\n{database}: {'passed' if passed else 'FAILED'} (SEED={seed})\n")
    return passed


if __name__ == "__main__":
    sys.exit(main())
