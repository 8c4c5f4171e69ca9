"""An item that is made is a question that can be answered; anything else is refused."""

import math
import subprocess
import sys

import pytest
from pydantic import ValidationError

from questions.items import (
    ITEM,
    LONGEST_TEXT,
    MOST_CHOICES,
    Choice,
    Item,
    MultipleChoice,
    SingleChoice,
    Text,
)
from testing.parts import ROOT


def choice(name: str, weight: float = 0) -> Choice:
    return Choice(id=name, text=Text(source=f"Choice {name}"), weight=weight)


def single(*weights: float) -> SingleChoice:
    choices = tuple(choice(f"c{place}", weight) for place, weight in enumerate(weights))
    return SingleChoice(stem=Text(source="Which?"), choices=choices)


def multiple(*weights: float) -> MultipleChoice:
    choices = tuple(choice(f"c{place}", weight) for place, weight in enumerate(weights))
    return MultipleChoice(stem=Text(source="Which?"), choices=choices)


def test_single_choice_key_is_every_choice_of_full_weight() -> None:
    assert single(100, 0, 50, 99.99999).key == {"c0", "c3"}


@pytest.mark.parametrize("weights", [(0, 0), (50, 50), (-100, 0), (99.9, 0)])
def test_single_choice_without_a_right_choice_is_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="no choice is right"):
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
def test_multiple_choice_with_full_points_to_be_had_is_taken(weights: tuple[float, ...]) -> None:
    assert len(multiple(*weights).key) == sum(weight > 0 for weight in weights)


@pytest.mark.parametrize("weights", [(0, 0), (50, 0), (60, 60), (33, 33, 33), (-50, -50)])
def test_multiple_choice_whose_points_do_not_add_up_is_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="the weights of the right choices add up to"):
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
def test_text_that_no_database_can_keep_is_refused(source: str) -> None:
    with pytest.raises(ValidationError):
        Text(source=source)


@pytest.mark.parametrize(
    ("model", "name"),
    [(single(100, 0), "stem"), (choice("a"), "weight"), (Text(source=""), "html")],
)
def test_nothing_can_be_changed_afterwards(model: Item | Choice | Text, name: str) -> None:
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


def test_items_and_grading_know_nothing_of_django() -> None:
    """Tools that read and write questions need no site."""
    program = (
        "import sys, questions.grading, questions.formats.aiken;"
        "sys.exit(sum(name.partition('.')[0] == 'django' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == 0
