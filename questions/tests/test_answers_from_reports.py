"""Correct answers that public reports saw marked wrong, with neighbors of each kind."""

import pytest

from questions.formats.jsonl import read_jsonl
from questions.grading import NotANumber, NumberResponse, Response, TextResponse, grade
from questions.items import Item

LINES = rb"""
{"kind": "short_answer", "stem": "Whose hat is it?", "answers": ["Ada's hat"]}
{"kind": "short_answer", "stem": "Which word means kind?", "answers": ["good-natured"]}
{"kind": "short_answer", "stem": "Which call says so?", "answers": ["say(\"so\")"], "case_sensitive": true}
{"kind": "short_answer", "stem": "Which option?", "answers": ["tar --list"]}
{"kind": "short_answer", "stem": "Which sauce?", "answers": ["pur\u00e9e"]}
{"kind": "short_answer", "stem": "Which door?", "answers": ["\u0628\u0627\u0628"]}
{"kind": "numeric", "stem": "Three and a half", "answers": [{"value": "3.5"}]}
{"kind": "numeric", "stem": "Twenty thousand", "answers": [{"value": 20000}]}
{"kind": "numeric", "stem": "Feet in a mile", "answers": [{"value": 5280}]}
{"kind": "numeric", "stem": "Minus three", "answers": [{"value": -3}]}
"""
HAT, KIND, CALL, OPTION, SAUCE, DOOR, HALF, THOUSANDS, FEET, MINUS = read_jsonl(LINES).items


def response(item: Item, typed: str) -> Response:
    is_number = item.kind == "numeric"
    return NumberResponse(typed=typed) if is_number else TextResponse(typed=typed)


@pytest.mark.parametrize(
    ("item", "typed"),
    [
        (HAT, "Ada\u2019s hat"),
        (HAT, "Ada\u02bcs hat"),
        (HAT, "ada\u00b4s  hat"),
        (HAT, "\u200fAda's hat"),
        (KIND, "good\u2011natured"),
        (KIND, "good\u2010natured"),
        (KIND, "good\u2013natured"),
        (KIND, "good\u2212natured"),
        (KIND, "good\u00ad-natured"),
        (CALL, "say(\u201cso\u201d)"),
        (CALL, "say(\u201eso\u201c)"),
        (CALL, "say(\u00abso\u00bb)"),
        (OPTION, "tar \u2013\u2013list"),
        (OPTION, "tar \u2014list"),
        (OPTION, "tar\u00a0--list"),
        (SAUCE, "pur\u00e9e\u200b"),
        (SAUCE, "\ufeffpur\u00e9e"),
        (SAUCE, "pure\u0301e\u2060"),
        (DOOR, "\u200f\u0628\u0627\u0628"),
        (DOOR, "\u0628\u0640\u0640\u0627\u0628"),
        (DOOR, "\ufe91\ufe8e\ufe8f"),
        (HALF, "\u200e3.5"),
        (HALF, "3.5\u200b"),
        (HALF, "\u0663\u066b\u0665"),
        (MINUS, "\u22123"),
        (MINUS, "\u20133"),
        (MINUS, "\uff0d\uff13"),
    ],
)
def test_answer_is_correct(item: Item, typed: str) -> None:
    assert grade(item, response(item, typed)).is_right


@pytest.mark.parametrize(
    ("item", "typed", "language"),
    [
        (THOUSANDS, "20.000", "en"),
        (THOUSANDS, "20,000", "en"),
        (FEET, "5,280", "de"),
        (FEET, "5.280", "fr"),
        (FEET, "5\u066c280 ft", "ar"),
    ],
)
def test_ambiguous_answer_is_asked_for_again(item: Item, typed: str, language: str) -> None:
    with pytest.raises(NotANumber):
        grade(item, NumberResponse(typed=typed, language=language))


@pytest.mark.parametrize(
    ("item", "typed", "language"),
    [
        (THOUSANDS, "20.000", "de"),
        (FEET, "5.280", "es"),
        (FEET, "5\u202f280", "fr"),
        (FEET, "\u0665\u066c\u0662\u0668\u0660", "ar"),
        (FEET, "5’280", "de-ch"),
    ],
)
def test_thousands_are_read_as_the_page_writes_them(item: Item, typed: str, language: str) -> None:
    assert grade(item, NumberResponse(typed=typed, language=language)).is_right
