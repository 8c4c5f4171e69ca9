"""The arithmetic of measurements, and that what asks and what is asked agree."""

import json

import pytest

from benchmarks.__main__ import NAMES, chosen
from benchmarks.figures import (
    RowJSON,
    at_least,
    at_most,
    comparison,
    latency_of,
    line,
    percentile,
)
from benchmarks.words import BODY, COMMON, MIDDLING, RARE, TITLE, Author, queries


@pytest.mark.parametrize(
    ("goal", "value", "holds"),
    [
        (at_least(0.6), 0.6, True),
        (at_least(0.6), 0.59, False),
        (at_most(15), 15.0, True),
        (at_most(15), 15.1, False),
    ],
)
def test_a_goal_includes_its_limit(goal, value, holds):
    assert goal.holds(value) is holds


def test_a_comparison_is_of_medians_and_says_what_share_of_the_bare_it_reaches():
    row = comparison(
        "detail",
        database="sqlite",
        way="process",
        ours_ms=[9.0, 2.0, 1.0],
        bare_ms=[1.0, 1.0, 7.0],
        goal=at_least(0.5),
    )
    assert (row.ours_ms, row.bare_ms, row.value, row.is_ok) == (2.0, 1.0, 0.5, True)


def test_too_many_statements_are_short_of_the_goal_whatever_the_time():
    row = comparison(
        "detail",
        database="sqlite",
        way="process",
        ours_ms=[1.0],
        bare_ms=[1.0],
        goal=at_least(0.5),
        statements=4,
        most_statements=3,
    )
    assert not row.is_ok
    assert "SHORT" in line(row)
    assert "4 (≤ 3)" in line(row)


def test_percentiles_are_of_the_nearest_rank():
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, part) for part in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 1) == percentile([7.0], 99) == 7.0
    assert latency_of([0.001, 0.003], elapsed_seconds=0.5).per_second == 4


def test_a_row_of_json_has_what_it_promises():
    row = comparison(
        "detail", database="sqlite", way="process", ours_ms=[1.0], bare_ms=[1.0], goal=at_least(1)
    )
    written = json.loads(json.dumps(row.as_json()))
    assert written.keys() == RowJSON.__annotations__.keys()
    assert (written["name"], written["ratio"], written["ok"]) == ("detail", 1.0, True)


def test_what_is_measured_is_chosen_by_the_beginning_of_its_name():
    assert chosen("") == NAMES
    assert chosen("search-r,detail") == ["detail", "search-rare"]
    assert chosen("webhook-d") == ["webhook-new", "webhook-duplicate"]
    with pytest.raises(Exception, match="odd is none of"):
        chosen("odd")


def test_words_are_as_frequent_as_their_class_says():
    author = Author()
    texts = [set(author.writes(TITLE + BODY).split()) for _text in range(3000)]
    asked = queries()

    def share(word):
        return sum(word in text for text in texts) / len(texts)

    common = sum(map(share, asked["common"])) / len(COMMON)
    middling = sum(map(share, asked["mid"])) / len(MIDDLING)
    rare = sum(map(share, asked["rare"])) / len(RARE)
    assert 0.2 < common < 0.35
    assert 0.01 < middling < 0.025
    assert 0.0005 < rare < 0.0015
