"""`python -m e2e.fault_bench`: run it on both databases, and say what was found.

1 where a number that must be 0 is not, or too few orders were paid.
"""

import argparse
import random
import sys

import testing.scrub


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m e2e.fault_bench", description=__doc__)
    parser.add_argument("--purchases", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, to repeat it")
    parser.add_argument("--database", choices=("postgresql", "sqlite", "both"), default="both")
    options = parser.parse_args()
    testing.scrub.scrub_environment()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    databases = ("postgresql", "sqlite") if options.database == "both" else (options.database,)
    results = [judged(database, options.purchases, seed) for database in databases]
    return 0 if all(results) else 1


def judged(database: str, purchases: int, seed: int) -> bool:
    """Run on one database; True where all is well."""
    from e2e.fault_bench import bench, report

    bench.say(f"{purchases} purchases on {database}, SEED={seed}")
    outcome = bench.run(database=database, purchases=purchases, seed=seed)
    for line in report.lines(outcome):
        bench.say(line)
    well = report.passes(outcome)
    bench.say(f"\n{database}: {'all is well' if well else 'NOT well'} (SEED={seed})\n")
    return well


if __name__ == "__main__":
    sys.exit(main())
