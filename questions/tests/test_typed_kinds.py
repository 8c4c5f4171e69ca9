"""True or false, numbers and short answers: what is an item, what is right, what is shown."""

from dataclasses import fields
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from questions.grading import (
    ChoiceResponse,
    NumberResponse,
    Response,
    ResponseError,
    TextResponse,
    grade,
)
from questions.items import (
    ITEM,
    AcceptedNumber,
    AcceptedText,
    Item,
    Numeric,
    ShortAnswer,
    Text,
    TrueFalse,
)
from questions.normalization import ComparisonRules, spellings
from questions.rendering import present, reveal
from questions.services import fingerprint, safe, store_items
from questions.tests.test_items import multiple, single

STEM = Text(source="What?")


def number(low: str, high: str, weight: float = 100, feedback: str = "") -> AcceptedNumber:
    return AcceptedNumber(
        low=Decimal(low), high=Decimal(high), weight=weight, feedback=Text(source=feedback)
    )


def numeric(*accepted: AcceptedNumber) -> Numeric:
    return Numeric(stem=STEM, accepted=accepted)


def words(text: str, weight: float = 100, feedback: str = "") -> AcceptedText:
    return AcceptedText(text=text, weight=weight, feedback=Text(source=feedback))


def short(*accepted: AcceptedText, **rules: bool) -> ShortAnswer:
    return ShortAnswer(stem=STEM, accepted=accepted, **rules)


def share(item: Item, typed: str) -> Fraction:
    """What an answer that was typed is worth."""
    if isinstance(item, ShortAnswer):
        return grade(item, TextResponse(typed=typed)).fraction
    return grade(item, NumberResponse(typed=typed)).fraction


TRUE = TrueFalse(
    stem=STEM,
    is_true=True,
    feedback_true=Text(source="Yes."),
    feedback_false=Text(source="It is true."),
)
GRANT = numeric(number("1822", "1822"), number("1820", "1824", 50, "Close."))
NAZARETH = short(words("Nazareth"), words("Nazereth", 75, "Misspelled."), words("*", 0, "No."))


@pytest.mark.parametrize("item", [TRUE, GRANT, NAZARETH])
def test_item_survives_json(item: Item) -> None:
    assert ITEM.validate_json(ITEM.dump_json(item)) == item
    assert ITEM.validate_python(item.model_dump(mode="json")) == item


@pytest.mark.parametrize("value", ["true", 1, None])
def test_true_false_is_told_by_a_boolean_only(value: object) -> None:
    with pytest.raises(ValidationError):
        TrueFalse.model_validate({"stem": {"source": "x"}, "is_true": value})


@pytest.mark.parametrize(
    "accepted", [(), (number("1", "2", 99),), (number("1", "2", 0),)], ids=["none", "part", "zero"]
)
def test_numeric_that_nobody_can_answer_is_refused(accepted: tuple[AcceptedNumber, ...]) -> None:
    with pytest.raises(ValidationError, match="no accepted answer earns all points"):
        numeric(*accepted)


def test_short_answer_that_nobody_can_answer_is_refused() -> None:
    with pytest.raises(ValidationError, match="no accepted answer earns all points"):
        short(words("close", 50))


def test_range_without_a_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="no number is between 3 and 1"):
        AcceptedNumber.around(Decimal(2), Decimal(-1))


@pytest.mark.parametrize("limit", ["NaN", "Infinity", "1e99", "x"])
def test_range_to_no_number_is_refused(limit: str) -> None:
    with pytest.raises(ValidationError):
        AcceptedNumber.model_validate({"low": "1", "high": limit})


@pytest.mark.parametrize("text", ["", "  ", "x" * 1_001, "a\0b"])
def test_accepted_words_that_cannot_be_typed_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        words(text)


@pytest.mark.parametrize("weight", [-1, 101, float("nan"), float("inf")])
def test_accepted_answer_is_worth_something_between_nothing_and_all(weight: float) -> None:
    with pytest.raises(ValidationError):
        words("x", weight)


@pytest.mark.parametrize(("chosen", "fraction"), [("true", 1), ("false", 0)])
def test_true_false_is_graded_by_its_key(chosen: str, fraction: int) -> None:
    response = ChoiceResponse(chosen=(chosen,))
    assert grade(TRUE, response).fraction == fraction
    assert grade(TRUE.model_copy(update={"is_true": False}), response).fraction == 1 - fraction


def test_true_and_false_together_are_refused() -> None:
    with pytest.raises(ResponseError, match="more than one choice was taken"):
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
def test_number_is_worth_its_best_range(typed: str, fraction: Fraction) -> None:
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
def test_short_answer_is_worth_its_best_match(typed: str, fraction: Fraction) -> None:
    assert share(NAZARETH, typed) == fraction


def test_short_answer_may_mind_the_case() -> None:
    item = short(words("git"), is_case_sensitive=True)
    assert [share(item, typed) for typed in ("git", "Git")] == [1, 0]


def test_short_answer_does_not_mind_how_letters_are_put_together() -> None:
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
def test_star_stands_for_anything_and_nothing_else_does(
    pattern: str, typed: str, fits: bool
) -> None:
    assert share(short(words(pattern)), typed) == int(fits)


def test_many_stars_are_quick() -> None:
    assert share(short(words("*a" * 400 + "b")), "a" * 1_000) == 0


@pytest.mark.parametrize("typed", ["", "   ", "\u200a", "\u200b", "\u00ad", "\u0640", "\u3164"])
def test_short_answer_of_nothing_is_refused(typed: str) -> None:
    with pytest.raises(ResponseError, match="nothing was typed"):
        share(NAZARETH, typed)


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
    with pytest.raises(ResponseError, match="is no answer to a"):
        grade(item, response)


def test_taking_every_choice_is_worth_nothing_where_none_takes_points_away() -> None:
    item = multiple(50, 50, 0, 0)
    everything = ChoiceResponse(chosen=("c0", "c1", "c2", "c3"))
    one_too_many = ChoiceResponse(chosen=("c0", "c1", "c2"))
    assert [grade(item, taken).fraction for taken in (everything, one_too_many)] == [
        Fraction(0),
        Fraction(1, 2),
    ]


def test_before_the_answer_nothing_of_the_key_is_there() -> None:
    secrets = ("1822", "1820", "Nazareth", "Misspelled", "Close", "It is true")
    for item in (GRANT, NAZARETH, TRUE):
        shown = str([getattr(present(item), field.name) for field in fields(present(item))])
        assert [secret for secret in secrets if secret in shown] == []


def test_true_and_false_are_shown_as_two_choices() -> None:
    assert [(choice.id, choice.letter, choice.html) for choice in present(TRUE).choices] == [
        ("true", "A", "True"),
        ("false", "B", "False"),
    ]


def test_true_false_reveals_its_key_and_its_feedback() -> None:
    item = safe(TRUE)
    response = ChoiceResponse(chosen=("false",))
    shown = reveal(item, response, grade(item, response))
    assert [choice.is_right for choice in shown.choices] == [True, False]
    assert [choice.is_chosen for choice in shown.choices] == [False, True]
    assert not shown.is_right


def test_number_reveals_what_earns_all_points_and_the_feedback() -> None:
    item = safe(numeric(*GRANT.accepted, number("1.50", "2")))
    response = NumberResponse(typed="1821")
    shown = reveal(item, response, grade(item, response))
    assert (shown.typed, shown.choices) == ("1821", ())
    assert shown.accepted == ("1822", "from 1.50 to 2")
    assert shown.feedback_html == "<p>Close.</p>"


def test_short_answer_reveals_what_earns_all_points_and_the_feedback() -> None:
    item = safe(short(words(r"git *"), words(r"2 \* 3"), words("svn", 0, "Older.")))
    response = TextResponse(typed="svn")
    shown = reveal(item, response, grade(item, response))
    assert (shown.typed, shown.accepted) == ("svn", ("git …", "2 * 3"))
    assert shown.feedback_html == "<p>Older.</p>"


@pytest.mark.django_db
def test_store_items_makes_every_text_of_these_kinds_safe() -> None:
    evil = Text(source="<b>x</b><script>alert(1)</script>", markup="html", html="<script>")
    items: list[Item] = [
        TrueFalse(stem=evil, is_true=False, feedback_true=evil, feedback_false=evil),
        Numeric(stem=evil, accepted=(number("1", "1").model_copy(update={"feedback": evil}),)),
        ShortAnswer(stem=evil, accepted=(words("x").model_copy(update={"feedback": evil}),)),
    ]
    for version in store_items(items=items):
        content = str(version.content)
        assert content.count("'html': '<b>x</b>'") == content.count("'source': '<b>x</b>")
        assert "'html': '<script>" not in content


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TRUE, TRUE.model_copy(update={"is_true": False})),
        (GRANT, numeric(number("1822", "1822"))),
        (NAZARETH, short(words("Nazareth"))),
        (short(words("git")), short(words("git"), is_case_sensitive=True)),
    ],
)
def test_fingerprint_differs_where_the_key_does(one: Item, other: Item) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_fingerprint_does_not_mind_how_a_number_is_written() -> None:
    assert fingerprint(numeric(number("1.50", "2"))) == fingerprint(numeric(number("1.5", "2.0")))


def test_of_many_spellings_the_first_three_are_shown() -> None:
    item = ShortAnswer(
        stem=Text(source="Which?"),
        accepted=tuple(AcceptedText(text=text) for text in ("a", "b", "c", "d")),
    )
    response = TextResponse(typed="x")
    assert reveal(item, response, grade(item, response)).accepted == ("a", "b", "c")
