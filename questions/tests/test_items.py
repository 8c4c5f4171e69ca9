"""An item that is made is a question that can be answered; anything else is refused."""

import math
import subprocess
import sys
from decimal import Decimal

import pytest
from pydantic import ValidationError

from questions.items import (
    ITEM,
    LONGEST_TEXT,
    MOST_CHOICES,
    AcceptedNumber,
    Choice,
    Item,
    SingleChoice,
    Text,
    TrueFalse,
)
from questions.tests.makers import (
    GRANT,
    NAZARETH,
    TRUE,
    choice,
    multiple,
    number,
    numeric,
    short,
    single,
    words,
)
from testing.parts import ROOT


def test_key_of_a_single_choice_is_every_choice_of_full_weight() -> None:
    assert single(100, 0, 50, 99.99999).key == {"c0", "c3"}


@pytest.mark.parametrize("weights", [(0, 0), (50, 50), (-100, 0), (99.9, 0)])
def test_single_choice_without_a_right_choice_is_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="no choice is correct"):
        single(*weights)


@pytest.mark.parametrize(
    "weights",
    [
        (50, 50, 0),
        (33.33333, 33.33333, 33.33333, -33.33333),
        (33.333333333333336, 33.333333333333336, 33.333333333333336),
        (14.28571,) * 7,
        (100, -100),
    ],
)
def test_multiple_choice_with_weights_of_one_hundred_is_accepted(
    weights: tuple[float, ...],
) -> None:
    assert len(multiple(*weights).key) == sum(weight > 0 for weight in weights)


@pytest.mark.parametrize("weights", [(0, 0), (50, 0), (60, 60), (33, 33, 33), (-50, -50)])
def test_multiple_choice_whose_points_do_not_add_up_is_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="the weights of the correct choices add up to"):
        multiple(*weights)


@pytest.mark.parametrize("weight", [100.1, -100.1, math.nan, math.inf, -math.inf, "much"])
def test_weight_outside_of_a_hundred_per_cent_is_refused(weight: float) -> None:
    with pytest.raises(ValidationError):
        choice("a", weight)


def test_two_choices_with_one_id_are_refused() -> None:
    with pytest.raises(ValidationError, match="two choices have the same id"):
        SingleChoice(stem=Text(source="?"), choices=(choice("a", 100), choice("a")))


@pytest.mark.parametrize("name", ["", "x" * 41])
def test_choice_id_must_be_short_and_not_empty(name: str) -> None:
    with pytest.raises(ValidationError):
        choice(name)


@pytest.mark.parametrize("count", [0, 1, MOST_CHOICES + 1])
def test_number_of_choices_has_bounds(count: int) -> None:
    with pytest.raises(ValidationError):
        single(*([100] * count))


def test_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValidationError):
        Text(source="x" * (LONGEST_TEXT + 1))


@pytest.mark.parametrize("source", ["a\0b", "\ud800"])
def test_text_with_characters_no_database_stores_is_refused(source: str) -> None:
    with pytest.raises(ValidationError):
        Text(source=source)


@pytest.mark.parametrize(
    ("model", "name"),
    [(single(100, 0), "stem"), (choice("a"), "weight"), (Text(source=""), "html")],
)
def test_items_are_frozen(model: Item | Choice | Text, name: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(model, name, None)


@pytest.mark.parametrize("place", ["item", "choice", "text"])
def test_fields_that_are_not_known_are_refused(place: str) -> None:
    content = single(100, 0).model_dump(mode="json")
    holder = {"item": content, "choice": content["choices"][0], "text": content["stem"]}[place]
    holder["hint"] = "read it twice"
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        ITEM.validate_python(content)


def test_kind_that_is_not_known_is_refused() -> None:
    content = single(100, 0).model_dump(mode="json") | {"kind": "riddle"}
    with pytest.raises(ValidationError, match="riddle"):
        ITEM.validate_python(content)


def test_difficulty_that_is_not_known_is_refused() -> None:
    content = single(100, 0).model_dump(mode="json") | {"difficulty": "fiendish"}
    with pytest.raises(ValidationError):
        ITEM.validate_python(content)


FULL = SingleChoice(
    stem=Text(source="*Which*?", markup="markdown", html="<p><em>Which</em>?</p>"),
    explanation=Text(source="Därum: \u202e 🙂", markup="plain"),
    domain="Rules",
    group="T1A",
    difficulty="hard",
    tags=("law", "часть"),
    external_id="T1A01",
    choices=(choice("a", 100), choice("b", -33.33333)),
)


@pytest.mark.parametrize("item", [FULL, single(100, 0), multiple(50, 50, -100)])
def test_item_survives_json(item: Item) -> None:
    assert ITEM.validate_json(ITEM.dump_json(item)) == item
    assert ITEM.validate_python(item.model_dump(mode="json")) == item


@pytest.mark.slow
def test_items_and_grading_do_not_import_django() -> None:
    """Tools that read and write questions need no site."""
    program = (
        "import sys, questions.grading, questions.formats.aiken;"
        "sys.exit(sum(name.partition('.')[0] == 'django' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("item", [TRUE, GRANT, NAZARETH])
def test_item_survives_json_of_typed_kinds(item: Item) -> None:
    assert ITEM.validate_json(ITEM.dump_json(item)) == item
    assert ITEM.validate_python(item.model_dump(mode="json")) == item


@pytest.mark.parametrize("value", ["true", 1, None])
def test_true_false_key_must_be_a_boolean(value: object) -> None:
    with pytest.raises(ValidationError):
        TrueFalse.model_validate({"stem": {"source": "x"}, "is_true": value})


@pytest.mark.parametrize(
    "accepted", [(), (number("1", "2", 99),), (number("1", "2", 0),)], ids=["none", "part", "zero"]
)
def test_numeric_without_a_full_answer_is_refused(accepted: tuple[AcceptedNumber, ...]) -> None:
    with pytest.raises(ValidationError, match="no accepted answer earns full credit"):
        numeric(*accepted)


def test_short_answer_without_a_full_answer_is_refused() -> None:
    with pytest.raises(ValidationError, match="no accepted answer earns full credit"):
        short(words("close", 50))


def test_range_without_a_number_is_refused() -> None:
    with pytest.raises(
        ValidationError, match=r"the lowest number \(3\) is greater than the highest \(1\)"
    ):
        AcceptedNumber.around(Decimal(2), Decimal(-1))


@pytest.mark.parametrize("limit", ["NaN", "Infinity", "1e99", "x"])
def test_range_with_an_invalid_bound_is_refused(limit: str) -> None:
    with pytest.raises(ValidationError):
        AcceptedNumber.model_validate({"low": "1", "high": limit})


@pytest.mark.parametrize("text", ["", "  ", "x" * 1_001, "a\0b"])
def test_accepted_answers_that_cannot_be_typed_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        words(text)


@pytest.mark.parametrize("weight", [-1, 101, float("nan"), float("inf")])
def test_weight_of_an_accepted_answer_is_between_zero_and_one_hundred(weight: float) -> None:
    with pytest.raises(ValidationError):
        words("x", weight)
