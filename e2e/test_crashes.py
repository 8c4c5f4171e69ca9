"""A process of the shop killed at every commit and every step of a call to Stripe, in turn.

The points are found by a run of each journey in which nothing dies. `make crashes` does the
same with all three ways of recovery for each point; here they take turns.
"""

from collections import Counter
from pathlib import Path

import pytest

from testing.crashing.report import crash_report
from testing.crashing.trial import Door, Stage
from testing.parts import require

# What a purchase cannot have less of: found are 80 and more.
FEWEST_POINTS = 60
FEWEST_OF_A_STAGE = 4
STAGES = {*Stage} - {Stage.PAYMENT, Stage.NEW_PRICE}  # these two are no doing of the shop


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "database",
    [
        pytest.param("sqlite", marks=pytest.mark.xdist_group("crashes-sqlite")),
        pytest.param("postgresql", marks=pytest.mark.xdist_group("crashes-postgresql")),
    ],
)
def test_a_purchase_survives_a_death_at_every_point(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if database == "postgresql":
        require("postgresql")
        tmp_path.chmod(0o755)
    lines: list[str] = []
    report = crash_report(database, tmp_path, every_door=False, say=lines.append)
    with capsys.disabled():
        print("\n" + "".join(lines), end="")  # noqa: T201 - the points are part of the result
    assert report.problems == []
    found = Counter(point.stage for point in report.points)
    assert {stage for stage in STAGES if found[stage] < FEWEST_OF_A_STAGE} == set()
    assert len(report.points) >= FEWEST_POINTS
    cut = [trial for trial in report.trials if trial.point]
    assert [trial.point for trial in cut] == report.points
    assert {trial.door for trial in cut} == {*Door}
