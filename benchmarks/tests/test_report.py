import json
from argparse import ArgumentTypeError

import pytest

from benchmarks.__main__ import NAMES, select
from benchmarks.floor import FLOORS
from benchmarks.report import (
    RowJSON,
    at_least,
    at_most,
    comparison,
    latency_of,
    line,
    percentile,
)
from benchmarks.search_words import BODY, COMMON, MIDDLE, RARE, TITLE, Author, queries
from benchmarks.seed_data import LearnerAttempt, SeedData


def compared(**fields):
    given = {"ours_ms": [3.0], "bare_ms": [1.0], "budget": at_most(3), **fields}
    return comparison("detail", database="sqlite", **given)


@pytest.mark.parametrize(
    ("budget", "value", "is_allowed"),
    [
        (at_most(3), 3.0, True),
        (at_most(3), 3.01, False),
        (at_least(28), 28.0, True),
        (at_least(28), 27.9, False),
    ],
)
def test_budget_includes_its_limit(budget, value, is_allowed):
    assert budget.allows(value) is is_allowed


def test_comparison_divides_the_medians():
    row = compared(ours_ms=[9.0, 2.0, 1.0], bare_ms=[1.0, 1.0, 7.0])
    assert (row.ours_ms, row.bare_ms, row.value, row.is_ok) == (2.0, 1.0, 2.0, True)


def test_row_with_too_many_statements_is_over_its_budget():
    row = compared(statements=6, max_statements=5)
    assert not row.is_ok
    assert line(row).split()[7:] == ["OVER", "3.000", "1.000", "6", "(≤", "5)"]


def test_percentile_is_of_the_nearest_rank():
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, part) for part in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 1) == percentile([7.0], 99) == 7.0
    assert latency_of([0.001, 0.003], elapsed_seconds=0.5).per_second == 4


def test_row_as_json_has_every_field():
    written = json.loads(json.dumps(compared().as_json()))
    assert written.keys() == RowJSON.__annotations__.keys()
    assert (written["name"], written["value"], written["ok"]) == ("detail", 3.0, True)


def test_rows_are_selected_by_the_start_of_their_names():
    assert select("") == NAMES
    assert select("search-r,result") == ["result", "search-rare"]
    assert select("webhook-d") == ["webhook-fulfillment", "webhook-duplicate"]
    with pytest.raises(ArgumentTypeError, match="odd is none of"):
        select("odd")


def test_seed_data_survives_json():
    one = LearnerAttempt(session="key", attempt="id")
    data = SeedData(["bank"], [one], one, one, "owner", [("order", "session")], ["buyer"])
    read = SeedData.from_json(data.as_json())
    assert (read.attempts, read.half_answered, read.buyers) == ([one], one, ["buyer"])


@pytest.mark.slow
def test_words_are_as_frequent_as_their_class_says():
    author = Author()
    texts = [set(author.writes(TITLE + BODY).split()) for _text in range(3000)]
    asked = queries()

    def share(word):
        return sum(word in text for text in texts) / len(texts)

    assert 0.2 < sum(map(share, asked["common"])) / len(COMMON) < 0.35
    assert 0.01 < sum(map(share, asked["middle"])) / len(MIDDLE) < 0.025
    assert 0.0005 < sum(map(share, asked["rare"])) / len(RARE) < 0.0015


def test_floors_are_of_some_rows_of_the_report():
    assert {floor.name for floor in FLOORS} < set(NAMES)
