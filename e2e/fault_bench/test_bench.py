"""The bench itself, shorter than `make faults` runs it: nothing is lost in forty purchases."""

import random

import pytest

from e2e.fault_bench import bench, report
from testing.parts import require

PURCHASES = 40

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("fault-bench"), pytest.mark.timeout(400)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_while_everything_breaks(database: str) -> None:
    if database == "postgresql":
        require("postgresql")
    seed = random.randrange(10**6)  # noqa: S311 - printed, so that the run can be repeated
    outcome = bench.run(database=database, purchases=PURCHASES, seed=seed)
    told = "\n".join([f"SEED={seed}", *report.lines(outcome)])
    assert outcome.violations == [], told
    assert report.paid_share(outcome) >= report.LEAST_PAID, told
    assert outcome.kills.total() >= 3, told
    assert outcome.untold == 0, told
