"""A submitted form becomes a response, or is shown again with the problem."""

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.translation import override

from questions.grading import (
    AmbiguousNumber,
    ChoiceResponse,
    NotANumber,
    NoWords,
    NumberResponse,
    Response,
    ResponseError,
    TextResponse,
)
from questions.items import AcceptedNumber, Numeric, Text
from questions.numbers import read_number
from questions.rendering import Draft, present
from questions.response_parsing import draft_of, help_for, parse_response


@pytest.mark.parametrize(
    ("sent", "response"),
    [
        ("choice=a", ChoiceResponse(chosen=("a",))),
        ("choice=a&choice=b", ChoiceResponse(chosen=("a", "b"))),
        ("number=3%2C5", NumberResponse(typed="3,5", language="en")),
        ("number=1&number=2", NumberResponse(typed="2", language="en")),
        ("text=+Ada+", TextResponse(typed=" Ada ")),
        ("text=Ada&choice=a", TextResponse(typed="Ada")),
    ],
)
def test_response_is_what_the_form_sent(sent: str, response: Response) -> None:
    assert parse_response(QueryDict(sent)) == response


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ("", ResponseError),
        (f"number={'1' * 101}", NotANumber),
        (f"text={'x' * 1001}", NoWords),
        ("text=a%00b", NoWords),
        ("&".join(["choice=a"] * 101), ResponseError),
    ],
)
def test_missing_or_excess_response_is_refused(sent: str, error: type[ResponseError]) -> None:
    with pytest.raises(ResponseError) as raised:
        parse_response(QueryDict(sent))
    assert raised.type is error


def ambiguous(typed: str, language: str) -> AmbiguousNumber:
    return AmbiguousNumber(typed, read_number(typed, language=language))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotANumber(), "Enter one number without a unit, such as 12, −3, or 3.5."),
        (NoWords(), "Enter a word or short phrase."),
        (ResponseError(), "Select an answer."),
    ],
)
def test_help_says_what_to_enter(error: ResponseError, sentence: str) -> None:
    assert help_for(error) == sentence


def test_help_for_an_ambiguous_number_names_both_readings() -> None:
    assert help_for(ambiguous("-1.609", "en")) == (
        "This number could mean -1609 or -1.6090. Enter it in one of these two forms."
    )


@pytest.mark.parametrize(
    ("language", "typed", "readings"),
    [
        ("en", "1,609", ["1609", "1.6090"]),
        ("ar", "١،٦٠٩", ["1609", "1.6090"]),
        ("de", "1,609", ["1609", "1,6090"]),
    ],
)
def test_ambiguous_readings_are_unambiguous_in_help(
    language: str, typed: str, readings: list[str]
) -> None:
    with override(language):
        sentence = help_for(ambiguous(typed, language))
    assert [written for written in readings if written in sentence] == readings
    assert [read_number(written, language=language).other for written in readings] == [None, None]


def test_numeric_response_stores_the_language_of_the_page() -> None:
    with override("de"):
        assert parse_response(QueryDict("number=1.609")) == NumberResponse(
            typed="1.609", language="de"
        )


@pytest.mark.parametrize(
    ("sent", "draft"),
    [
        ("number=1%2C609", Draft(typed="1,609")),
        ("text=+Ada", Draft(typed=" Ada")),
        ("text=a%00b", Draft(typed="ab")),
        (f"number={'1' * 200}", Draft(typed="1" * 100)),
        ("choice=a&choice=b", Draft(chosen=("a", "b"))),
        ("", Draft()),
    ],
)
def test_draft_keeps_the_form_data(sent: str, draft: Draft) -> None:
    assert draft_of(QueryDict(sent)) == draft


def test_number_field_shows_the_input_and_its_error() -> None:
    item = Numeric(stem=Text(source="?"), accepted=(AcceptedNumber(low=1, high=1),))
    shown = present(item, draft=Draft(typed='1,6"09', problem="Enter a number."))
    page = render_to_string("questions/_ask.html", {"item": shown})
    assert 'value="1,6&quot;09"' in page
    assert '<ul class="errorlist" id="id_answer_error"><li>Enter a number.</li></ul>' in page
    assert 'aria-describedby="id_answer_helptext id_answer_error" aria-invalid="true"' in page


@pytest.mark.parametrize("kind", ["numeric", "short_answer"])
def test_number_field_uses_a_keyboard_with_a_minus(kind: str) -> None:
    """The keypads of `decimal` and `numeric` have none on iPhones."""
    page = render_to_string("questions/_ask.html", {"item": {"kind": kind}})
    assert "inputmode" not in page
    assert 'type="text"' in page
