"""Item statistics equal Moodle's, and a wrong key is found."""

import math
import random

import pytest

from studio.statistics import (
    FEWEST_FOR_ALARM,
    Exposure,
    distractor_table,
    figures_of,
    key_alarm,
    median_seconds,
)

# Six attempts (rows) on four items; the figures are Moodle's.
MATRIX = [
    [1, 1, 1, 0],
    [1, 0, 1, 1],
    [0, 0, 1, 0],
    [1, 1, 0, 1],
    [0, 0, 0, 0],
    [1, 1, 1, 1],
]
FACILITY = [0.666667, 0.5, 0.666667, 0.5]
DISCRIMINATION = [87.5, 46.852129, 9.449112, 46.852129]
EFFICIENCY = [100, 60, 10, 60]
SEED = 20261129


@pytest.mark.parametrize("item", range(4))
def test_figures_equal_moodles(item):
    marks = [row[item] for row in MATRIX]
    others = [sum(row) - row[item] for row in MATRIX]
    found = figures_of(marks, others)
    assert found.facility == pytest.approx(FACILITY[item], abs=1e-6)
    assert found.discrimination == pytest.approx(DISCRIMINATION[item], abs=1e-6)
    assert found.efficiency == pytest.approx(EFFICIENCY[item], abs=1e-6)


def test_item_that_everybody_knows_has_no_discrimination():
    found = figures_of([1, 1, 1], [0, 1, 2])
    assert (found.facility, found.discrimination, found.efficiency) == (1, None, None)


def test_distractors_are_shared_by_the_weakest_and_the_strongest():
    exposures = [
        Exposure(mark=n >= 50, other=n, chosen=("b" if n >= 50 else "a",)) for n in range(100)
    ]
    assert distractor_table(exposures) == {"a": (1, 0), "b": (0, 1)}


def test_median_leaves_out_unknown_times():
    times = [10, None, 30, 20]
    assert median_seconds([Exposure(1, 1, seconds=seconds) for seconds in times]) == 20
    assert median_seconds([Exposure(1, 1)]) is None


def simulated(source, *, wrong, items=60, learners=200):
    """Exposures of each item, of a two-parameter model; item `wrong` is keyed to a distractor."""
    skills = [source.gauss(0, 1) for _ in range(learners)]
    answers = []
    for _item in range(items):
        slope, hardness = source.uniform(0.6, 1.8), source.gauss(0, 1)
        chances = [1 / (1 + math.exp(-slope * (skill - hardness))) for skill in skills]
        answers.append(["a" if source.random() < p else source.choice("bcd") for p in chances])
    keys = ["b" if item == wrong else "a" for item in range(items)]
    marks = [
        [float(answer == key) for answer in column]
        for column, key in zip(answers, keys, strict=True)
    ]
    sums = [sum(column[learner] for column in marks) for learner in range(learners)]
    for item, column in enumerate(answers):
        yield (
            keys[item],
            [
                Exposure(marks[item][n], (sums[n] - marks[item][n]) / (items - 1), (column[n],))
                for n in range(learners)
            ],
        )


def alarms(bank):
    found = {}
    for number, (key, exposures) in enumerate(bank):
        if alarm := key_alarm(exposures, frozenset(key)):
            found[number] = alarm[1]
    return sorted(found, key=lambda number: -found[number])


@pytest.mark.proof
def test_planted_wrong_key_is_first_in_95_of_100_banks():
    source = random.Random(SEED)
    first = 0
    for _bank in range(100):
        wrong = source.randrange(60)
        first += alarms(simulated(source, wrong=wrong))[:1] == [wrong]
    assert first >= 95, f"seed {SEED}"


@pytest.mark.proof
def test_at_most_5_of_100_banks_without_one_raise_an_alarm():
    source = random.Random(SEED)
    raised = sum(bool(alarms(simulated(source, wrong=None))) for _bank in range(100))
    assert raised <= 5, f"seed {SEED}"


def test_no_alarm_under_a_hundred_exposures():
    exposures = [
        Exposure(mark=n < 50, other=n, chosen=("a" if n < 50 else "b",))
        for n in range(FEWEST_FOR_ALARM)
    ]
    assert key_alarm(exposures, frozenset("a")) is not None
    assert key_alarm(exposures[:-1], frozenset("a")) is None
