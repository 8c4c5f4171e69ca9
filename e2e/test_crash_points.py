"""Kill a process of the site at every commit and every step of a call to Stripe, one by one.

A first run in which nothing dies finds these crash points. `make crashes` tries all three ways
of recovery at each point; here they take turns.
"""

from collections import Counter
from pathlib import Path

import pytest

from testing.crashing.report import crash_report
from testing.crashing.trial import Recovery, Stage
from testing.parts import require

# Guards against a run that finds no crash points; a purchase has 80 and more.
FEWEST_POINTS = 60
FEWEST_OF_A_STAGE = 4
STAGES = {*Stage} - {Stage.PAYMENT, Stage.NEW_PRICE}  # the site does nothing in these two


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "database",
    [
        pytest.param("sqlite", marks=pytest.mark.xdist_group("crashes-sqlite")),
        pytest.param("postgresql", marks=pytest.mark.xdist_group("crashes-postgresql")),
    ],
)
def test_purchase_survives_a_crash_at_every_point(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if database == "postgresql":
        require("postgresql")
        tmp_path.chmod(0o755)
    lines: list[str] = []
    report = crash_report(database, tmp_path, every_recovery=False, say=lines.append)
    with capsys.disabled():
        print("\n" + "".join(lines), end="")  # noqa: T201 - the points are part of the result
    assert report.problems == []
    found = Counter(point.stage for point in report.points)
    assert {stage for stage in STAGES if found[stage] < FEWEST_OF_A_STAGE} == set()
    assert len(report.points) >= FEWEST_POINTS
    cut = [trial for trial in report.trials if trial.point]
    assert [trial.point for trial in cut] == report.points
    assert {trial.recovery for trial in cut} == {*Recovery}
