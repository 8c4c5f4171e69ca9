"""Every row of the matrix, each beside a control, and the table in docs/network.md.

A row is run whole in one test, since it costs a shop: the purchase and the doctor with the
fault, then the same purchase again without it.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.fault_matrix import table
from e2e.fault_matrix.conditions import CONDITIONS
from e2e.fault_matrix.laboratory import Laboratory, running_laboratory
from e2e.fault_matrix.matrix import ROWS
from e2e.fault_matrix.row import Row
from e2e.fault_matrix.trial import Outcome, run_control, run_row
from outbound.diagnosis.causes import IDS

pytestmark = [pytest.mark.django_db, pytest.mark.squid, pytest.mark.tinyproxy]

# What no cause explains has no row.
WITHOUT_ROW = {"UNKNOWN"}
NOT_FOR_BUYERS = ("127.0.0.1", "localhost", "stripe.com", "proxy", "Traceback", "sk_test_", "NET-")


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with running_laboratory(tmp_path_factory.mktemp("matrix")) as laboratory:
        yield laboratory


each_row = pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])


@pytest.mark.proof
@each_row
def test_fault(laboratory: Laboratory, row: Row) -> None:
    outcome = run_row(laboratory, row)
    assert outcome.found == row.expected.wanted
    assert_nothing_leaks(outcome)
    documented = table.documented()[table.heading(row)]
    assert documented.lasting == table.line_of(row, outcome).lasting, "run make fault-table"


@pytest.mark.proof
@each_row
def test_control(laboratory: Laboratory, row: Row) -> None:
    control = run_control(laboratory, row)
    assert (control.pressed.status, control.reached) == (303, 1)
    assert (control.examination.ok, control.examination.cause) == (True, "")


def test_table_has_every_row_once_and_in_order() -> None:
    assert list(table.documented()) == [table.heading(row) for row in ROWS]


def test_every_cause_has_a_row() -> None:
    assert {row.expected.cause for row in ROWS} - {""} == IDS - WITHOUT_ROW


def test_every_condition_has_rows_and_every_row_a_condition() -> None:
    assert list(CONDITIONS) == list(range(1, 43))
    named = [name for _condition, names in CONDITIONS.values() for name in names]
    assert sorted(named) == sorted(row.name for row in ROWS)


def test_socks_needs_no_package() -> None:
    assert importlib.util.find_spec("socks") is None


def assert_nothing_leaks(outcome: Outcome) -> None:
    """Buyers read no host, no proxy and no class; nobody reads a secret."""
    main = outcome.pressed.page.partition("<main")[2].partition("</main>")[0]
    assert [word for word in NOT_FOR_BUYERS if word in main] == []
    report = outcome.pressed.incident.report if outcome.pressed.incident else ""
    for secret in ("FaultMatrix", "p@ss:w/rd", "p%40ss%3Aw", ":wrong@"):
        assert secret not in outcome.examination.text
        assert secret not in report


def test_table_is_put_between_the_markers_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "network.md"
    page.write_text(f"# Before\n\n{table.BEGIN}\nof last time\n{table.END}\n\n## After\n")
    line = table.Line(
        ("7", "What `X=1` does", *(f"cell {number}" for number in range(7))),
        ("7", "what is told", "what mends it", "what was tried"),
    )
    table.write({"proxies": [line]}, page)
    text = page.read_text()
    assert text.startswith(f"# Before\n\n{table.BEGIN}\n")
    assert text.endswith(f"{table.END}\n\n## After\n")
    assert "of last time" not in text
    assert table.documented(page) == {"What `X=1` does": line}


def test_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "network.md"
    page.write_text("# Nothing to fill\n")
    with pytest.raises(AssertionError, match="lacks the markers"):
        table.write({}, page)
    assert page.read_text() == "# Nothing to fill\n"


def test_rows_to_run_without_names() -> None:
    assert table.rows_to_run([]) == ROWS


def test_rows_to_run_with_names() -> None:
    row = ROWS[3]
    assert table.rows_to_run([row.name]) == [row]


def test_rows_to_run_with_unknown_name() -> None:
    with pytest.raises(SystemExit, match="No such row: squid asleep"):
        table.rows_to_run(["squid asleep"])


def test_rows_to_run_with_undocumented_row(tmp_path: Path) -> None:
    page = tmp_path / "network.md"
    page.write_text("# Network\n")
    with pytest.raises(SystemExit, match="has no line for these rows"):
        table.rows_to_run([ROWS[0].name], page)


def test_merged_table_replaces_measured_line_only() -> None:
    row, before = ROWS[3], table.documented()
    new = table.Line(("0", table.heading(row), *(["new"] * 7)))
    lines = [line for group in table.merged({row.name: new}).values() for line in group]
    assert lines[3] == new.numbered(4)
    assert [*lines[:3], *lines[4:]] == [*before.values()][:3] + [*before.values()][4:]
