"""A seller is told of an exam that cannot be drawn."""

import pytest

from catalog.importing.linting import exam_warnings

SENTENCE = (
    "The exam does not have enough questions from “Odd” (9 needed, 3 available). "
    "Learners cannot take the exam until there are enough questions."
)


@pytest.mark.parametrize(
    ("blueprint", "warnings"),
    [
        ([], []),
        ([{"domain": "Odd", "count": 3}], []),
        ([{"domain": "Odd", "count": 9}], [SENTENCE]),
        (
            [{"count": "many"}],
            ["The exam blueprint is invalid, so learners cannot take the exam."],
        ),
    ],
)
def test_warnings_name_the_section_and_what_there_is(test_bank, blueprint, warnings):
    test_bank.blueprint = blueprint
    assert exam_warnings(test_bank) == warnings
