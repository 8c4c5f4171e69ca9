"""What an answer is worth, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from questions.grading import (
    RESPONSE,
    ChoiceResponse,
    Grade,
    NumberResponse,
    Response,
    ResponseError,
    TextResponse,
    grade,
)
from questions.items import AcceptedNumber, Item
from questions.normalization import ComparisonRules, spellings
from questions.tests.makers import (
    GRANT,
    NAZARETH,
    TRUE,
    multiple,
    numeric,
    share,
    short,
    single,
    words,
)


def take(*chosen: str) -> ChoiceResponse:
    return ChoiceResponse(chosen=chosen)


@pytest.mark.parametrize(
    ("chosen", "fraction"),
    [("c0", Fraction(1)), ("c1", Fraction(0)), ("c2", Fraction(1, 2)), ("c3", Fraction(0))],
)
def test_single_choice_earns_the_weight_of_the_choice(chosen: str, fraction: Fraction) -> None:
    assert grade(single(100, 0, 50, -50), take(chosen)).fraction == fraction


@pytest.mark.parametrize("weight", [33.33333, 33.3333333, 33.333333333333336])
def test_three_thirds_earn_all_points(weight: float) -> None:
    worth = grade(multiple(weight, weight, weight, -weight), take("c0", "c1", "c2"))
    assert (worth.fraction, worth.is_right) == (Fraction(1), True)


def test_two_thirds_are_kept_with_seven_digits() -> None:
    worth = grade(multiple(33.33333, 33.33333, 33.33333), take("c0", "c1"))
    assert (worth.fraction, worth.is_right) == (Fraction("0.6666666"), False)


def test_wrong_choices_subtract_points() -> None:
    item = multiple(50, 50, -25)
    assert grade(item, take("c0", "c1", "c2")).fraction == Fraction(3, 4)
    assert grade(item, take("c0", "c2")).fraction == Fraction(1, 4)


def test_grade_is_not_negative() -> None:
    assert grade(multiple(100, -100, -100), take("c1", "c2")).fraction == 0


def test_hundred_small_weights_must_all_be_chosen() -> None:
    item = multiple(*[99.95 / 99] * 99, 0.05)
    most = take(*(f"c{place}" for place in range(99)))
    assert not grade(item, most).is_right


def test_choice_that_is_not_there_is_refused() -> None:
    with pytest.raises(ResponseError, match="there is no choice 'c9'"):
        grade(single(100, 0), take("c9"))


def test_two_choices_for_a_single_one_are_refused() -> None:
    with pytest.raises(ResponseError, match="more than one choice was selected"):
        grade(single(100, 0, 0), take("c0", "c1"))


@pytest.mark.parametrize("item", [single(100, 0), multiple(50, 50)])
def test_one_choice_taken_twice_is_refused(item) -> None:
    with pytest.raises(ResponseError, match="a choice was selected twice"):
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


@settings(deadline=None)
@given(
    st.lists(st.integers(-100, 99), min_size=1, max_size=5).flatmap(
        lambda weights: st.tuples(
            st.just([100, *weights]), st.sets(st.integers(0, len(weights)), min_size=1)
        )
    )
)
def test_grade_fits_its_database_column(drawn) -> None:
    """Nine decimal digits are enough: what is read back is what was given."""
    weights, places = drawn
    for place in places:
        share = grade(single(*weights), take(f"c{place}")).fraction
        kept = round(Decimal(share.numerator) / Decimal(share.denominator), 9)
        assert 0 <= share <= 1
        assert Grade.from_decimal(kept).fraction == share


@pytest.mark.parametrize(("chosen", "fraction"), [("true", 1), ("false", 0)])
def test_true_false_is_graded_by_its_key(chosen: str, fraction: int) -> None:
    response = ChoiceResponse(chosen=(chosen,))
    assert grade(TRUE, response).fraction == fraction
    assert grade(TRUE.model_copy(update={"is_true": False}), response).fraction == 1 - fraction


def test_true_and_false_together_are_refused() -> None:
    with pytest.raises(ResponseError, match="more than one choice was selected"):
        grade(TRUE, ChoiceResponse(chosen=("true", "false")))


@pytest.mark.parametrize(
    ("typed", "fraction"),
    [
        ("1822", Fraction(1)),
        ("1822.0", Fraction(1)),
        ("1.822e3", Fraction(1)),
        ("1 822", Fraction(1)),
        ("1820", Fraction(1, 2)),
        ("1824,0", Fraction(1, 2)),
        ("1824.0001", Fraction(0)),
        ("-1822", Fraction(0)),
    ],
)
def test_number_earns_its_best_range(typed: str, fraction: Fraction) -> None:
    assert share(GRANT, typed) == fraction
    assert share(numeric(*reversed(GRANT.accepted)), typed) == fraction


def test_tolerance_is_exact_at_its_ends() -> None:
    item = numeric(AcceptedNumber.around(Decimal("0.3"), Decimal("0.1")))
    assert [share(item, typed) for typed in ("0.2", "0.4", "0.40000000001")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("typed", "fraction"),
    [
        ("Nazareth", Fraction(1)),
        ("  nazareth ", Fraction(1)),
        ("NAZARETH", Fraction(1)),
        ("nazereth", Fraction(3, 4)),
        ("Bethlehem", Fraction(0)),
    ],
)
def test_short_answer_earns_its_best_match(typed: str, fraction: Fraction) -> None:
    assert share(NAZARETH, typed) == fraction


def test_short_answer_can_be_case_sensitive() -> None:
    item = short(words("git"), is_case_sensitive=True)
    assert [share(item, typed) for typed in ("git", "Git")] == [1, 0]


def test_short_answer_ignores_unicode_composition() -> None:
    assert share(short(words("caf\u00e9")), "cafe\u0301") == 1
    assert share(short(words("Stra\u00dfe")), "STRASSE") == 1


@pytest.mark.parametrize(
    ("pattern", "typed", "fits"),
    [
        ("git *", "git commit", True),
        ("git *", "git", False),
        ("*commit*", "git commit -a", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*a*b*", "xxaxxbxx", True),
        ("*a*b*", "ba", False),
        (r"2 \* 3", "2 * 3", True),
        (r"2 \* 3", "2 + 3", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
    ],
)
def test_wildcards_in_short_answer(pattern: str, typed: str, fits: bool) -> None:
    assert share(short(words(pattern)), typed) == int(fits)


def test_many_wildcards_are_matched_quickly() -> None:
    assert share(short(words("*a" * 400 + "b")), "a" * 1_000) == 0


@pytest.mark.parametrize("typed", ["", "   ", "\u200a", "\u200b", "\u00ad", "\u0640", "\u3164"])
def test_empty_short_answer_is_refused(typed: str) -> None:
    with pytest.raises(ResponseError, match="the answer is empty"):
        share(NAZARETH, typed)


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50))
def test_short_answer_of_any_words_is_graded_or_refused(typed: str) -> None:
    try:
        assert share(short(words("a*b"), words("*", 50)), typed) in {Fraction(1), Fraction(1, 2)}
    except ResponseError:
        assert not spellings(typed, ComparisonRules())[0]


@pytest.mark.parametrize(
    ("item", "response"),
    [
        (TRUE, NumberResponse(typed="1")),
        (TRUE, TextResponse(typed="true")),
        (single(100, 0), TextResponse(typed="c0")),
        (GRANT, ChoiceResponse(chosen=("1822",))),
        (GRANT, TextResponse(typed="1822")),
        (NAZARETH, ChoiceResponse(chosen=("Nazareth",))),
        (NAZARETH, NumberResponse(typed="1")),
    ],
)
def test_response_of_another_kind_is_refused(item: Item, response: Response) -> None:
    with pytest.raises(ResponseError, match="is not an answer to a"):
        grade(item, response)


def test_every_choice_selected_without_penalties() -> None:
    item = multiple(50, 50, 0, 0)
    everything = ChoiceResponse(chosen=("c0", "c1", "c2", "c3"))
    one_too_many = ChoiceResponse(chosen=("c0", "c1", "c2"))
    assert [grade(item, taken).fraction for taken in (everything, one_too_many)] == [
        Fraction(0),
        Fraction(1, 2),
    ]


def test_short_answer_is_compared_as_strictly_as_its_author_says() -> None:
    drink = words("café")
    assert [share(short(drink), typed) for typed in ("CAFÉ", "cafe")] == [1, 0]
    assert [share(short(drink, ignores_accents=True), typed) for typed in ("CAFE", "caff")] == [
        1,
        0,
    ]
    assert [share(short(drink, is_exact=True), typed) for typed in ("café", "Café")] == [1, 0]


def test_exact_answer_may_contain_wildcards() -> None:
    assert share(short(words("git *"), is_exact=True), "git log") == 1


def test_short_answer_uses_case_folding_of_the_bank_language() -> None:
    item, typed = short(words("Isparta")), TextResponse(typed="ISPARTA")
    assert grade(item, typed, language="tr").is_right
    assert not grade(short(words("isparta")), typed, language="tr").is_right
    assert grade(short(words("isparta")), typed, language="en").is_right
