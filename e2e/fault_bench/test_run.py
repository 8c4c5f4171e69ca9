"""A short run of the bench: nothing is lost in forty purchases."""

import random

import pytest

from e2e.fault_bench import report, run
from testing.parts import require

PURCHASES = 40

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("fault-bench"), pytest.mark.timeout(400)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_while_everything_fails(database: str) -> None:
    if database == "postgresql":
        require("postgresql")
    seed = random.randrange(10**6)  # noqa: S311 - printed, so that the run can be repeated
    result = run.run(database=database, purchases=PURCHASES, seed=seed)
    printed = "\n".join([f"SEED={seed}", *report.lines(result)])
    assert result.violations == [], printed
    assert report.paid_share(result) >= report.MIN_PAID_SHARE, printed
    assert result.kills.total() >= 3, printed
    assert result.pending_deliveries == 0, printed
