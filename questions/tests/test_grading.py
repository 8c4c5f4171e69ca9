"""What an answer is worth, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from questions.grading import RESPONSE, ChoiceResponse, Grade, ResponseError, grade
from questions.tests.test_items import multiple, single


def take(*chosen: str) -> ChoiceResponse:
    return ChoiceResponse(chosen=chosen)


@pytest.mark.parametrize(
    ("chosen", "fraction"),
    [("c0", Fraction(1)), ("c1", Fraction(0)), ("c2", Fraction(1, 2)), ("c3", Fraction(0))],
)
def test_single_choice_is_worth_the_weight_of_what_was_taken(
    chosen: str, fraction: Fraction
) -> None:
    assert grade(single(100, 0, 50, -50), take(chosen)).fraction == fraction


@pytest.mark.parametrize("weight", [33.33333, 33.3333333, 33.333333333333336])
def test_three_thirds_are_everything(weight: float) -> None:
    worth = grade(multiple(weight, weight, weight, -weight), take("c0", "c1", "c2"))
    assert (worth.fraction, worth.is_right) == (Fraction(1), True)


def test_two_thirds_are_kept_with_seven_digits() -> None:
    worth = grade(multiple(33.33333, 33.33333, 33.33333), take("c0", "c1"))
    assert (worth.fraction, worth.is_right) == (Fraction("0.6666666"), False)


def test_wrong_choices_take_points_away() -> None:
    item = multiple(50, 50, -25)
    assert grade(item, take("c0", "c1", "c2")).fraction == Fraction(3, 4)
    assert grade(item, take("c0", "c2")).fraction == Fraction(1, 4)


def test_no_answer_is_worth_less_than_nothing() -> None:
    assert grade(multiple(100, -100, -100), take("c1", "c2")).fraction == 0


def test_hundred_small_weights_must_all_be_taken() -> None:
    item = multiple(*[99.95 / 99] * 99, 0.05)
    most = take(*(f"c{place}" for place in range(99)))
    assert not grade(item, most).is_right


def test_choice_that_is_not_there_is_refused() -> None:
    with pytest.raises(ResponseError, match="there is no choice 'c9'"):
        grade(single(100, 0), take("c9"))


def test_two_choices_for_a_single_one_are_refused() -> None:
    with pytest.raises(ResponseError, match="more than one choice was taken"):
        grade(single(100, 0, 0), take("c0", "c1"))


@pytest.mark.parametrize("item", [single(100, 0), multiple(50, 50)])
def test_one_choice_taken_twice_is_refused(item) -> None:
    with pytest.raises(ResponseError, match="a choice was taken twice"):
        grade(item, take("c0", "c0"))


@pytest.mark.parametrize(
    "response",
    [
        {"kind": "choice", "chosen": []},
        {"kind": "choice", "chosen": ["a"] * 101},
        {"kind": "choice", "chosen": ["a"], "at": "noon"},
        {"kind": "number", "value": 1},
        {"kind": "choice"},
    ],
)
def test_response_of_another_shape_is_refused(response: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RESPONSE.validate_python(response)


def test_response_survives_json() -> None:
    response = take("a", "b")
    assert RESPONSE.validate_python(response.model_dump(mode="json")) == response


@given(
    st.lists(st.integers(-100, 99), min_size=1, max_size=5).flatmap(
        lambda weights: st.tuples(
            st.just([100, *weights]), st.sets(st.integers(0, len(weights)), min_size=1)
        )
    )
)
def test_grade_is_a_share_that_a_column_can_keep(drawn) -> None:
    """Nine decimal digits are enough: what is read back is what was given."""
    weights, places = drawn
    for place in places:
        share = grade(single(*weights), take(f"c{place}")).fraction
        kept = round(Decimal(share.numerator) / Decimal(share.denominator), 9)
        assert 0 <= share <= 1
        assert Grade.from_decimal(kept).fraction == share
