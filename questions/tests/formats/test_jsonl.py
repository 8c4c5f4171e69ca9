"""JSON Lines: every field arrives, and every fault is told with its line and field."""

import json
from fractions import Fraction
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from questions.formats.jsonl import read_jsonl
from questions.formats.jsonl_writer import write_jsonl
from questions.formats.problems import ReadFile
from questions.grading import ChoiceResponse, NumberResponse, grade
from questions.items import (
    Essay,
    Matching,
    MultipleChoice,
    Numeric,
    Passage,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
)
from questions.text import safe_html

SINGLE: dict[str, Any] = {
    "kind": "single_choice",
    "stem": "Which?",
    "choices": [{"text": "one"}, {"text": "two", "right": True}],
}


def lines(*objects: object) -> bytes:
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in objects).encode()


def read(*objects: object) -> ReadFile:
    return read_jsonl(lines(*objects))


def only(entry: dict[str, Any]) -> Any:
    found = read(entry)
    assert found.problems == []
    [item] = found.items
    return item


def problem(entry: object) -> str:
    [found] = read(entry).problems
    assert found.line == 1
    return found.text


def test_texts_without_markup_use_that_of_the_line() -> None:
    choices = [{"text": "`a`", "right": True}, {"text": {"text": "b"}, "feedback": "No."}]
    item = only(
        {
            "kind": "single_choice",
            "markup": "markdown",
            "stem": {"text": "<p>Which?</p>", "markup": "html"},
            "choices": choices,
        }
    )
    assert item.stem.markup == "html"
    assert [choice.text.markup for choice in item.choices] == ["markdown", "markdown"]
    assert item.choices[1].feedback == Text(source="No.", markup="markdown")


@pytest.mark.parametrize("markup", ["rst", "", None, 1, ["markdown"], {}])
def test_unknown_markup_is_an_error(markup: object) -> None:
    assert problem(SINGLE | {"markup": markup}) == (
        "markup: use one of text, plain, markdown, html, moodle."
    )


def test_common_fields_are_read() -> None:
    item = only(
        SINGLE
        | {
            "title": "T",
            "explanation": {"text": "*Why*", "markup": "markdown"},
            "domain": "Rules",
            "group": "R1",
            "difficulty": "hard",
            "tags": ["a", "b"],
            "id": "q7",
        }
    )
    assert item == SingleChoice(
        stem=Text(source="Which?", markup="text"),
        title="T",
        explanation=Text(source="*Why*", markup="markdown"),
        domain="Rules",
        group="R1",
        difficulty="hard",
        tags=("a", "b"),
        external_id="q7",
        choices=item.choices,
    )
    assert [(choice.id, choice.text.source, choice.weight) for choice in item.choices] == [
        ("1", "one", 0),
        ("2", "two", 100),
    ]


@pytest.mark.parametrize("word", ["medium", "middling"])
def test_medium_has_a_former_word_in_files(word: str) -> None:
    item = only({"kind": "passage", "stem": "Read this.", "difficulty": word})
    assert item.difficulty == "middling"
    assert json.loads(write_jsonl([item]))["difficulty"] == "medium"


def test_domain_is_for_lines_that_name_none() -> None:
    found = read_jsonl(lines(SINGLE, SINGLE | {"domain": "Own"}), domain="Given")
    assert [item.domain for item in found.items] == ["Given", "Own"]


def test_right_choices_share_the_points_of_a_multiple_choice() -> None:
    choices = [{"text": name, "right": name != "d"} for name in "abcd"]
    item = only({"kind": "multiple_choice", "stem": "Which?", "choices": choices})
    assert isinstance(item, MultipleChoice)
    assert grade(item, ChoiceResponse(chosen=("1", "2", "3"))).fraction == Fraction(1)


def test_weights_and_ids_are_read() -> None:
    choices = [
        {"text": "a", "weight": 100, "id": "x", "feedback": "yes"},
        {"text": "b", "weight": -33.33333},
    ]
    item = only({"kind": "multiple_choice", "stem": "Which?", "choices": choices})
    first, second = item.choices
    assert (first.id, first.feedback.source, second.weight) == ("x", "yes", -33.33333)


def test_true_false() -> None:
    item = only({"kind": "true_false", "stem": "So?", "answer": False, "feedback_true": "No."})
    assert item == TrueFalse(
        stem=Text(source="So?", markup="text"),
        is_true=False,
        feedback_true=Text(source="No.", markup="text"),
    )


def test_numbers_are_exact() -> None:
    found = read_jsonl(
        b'{"kind": "numeric", "stem": "?", "otherwise": "No.", "answers": ['
        b'{"value": 0.3, "tolerance": 0.1}, {"low": "5", "high": 6, "weight": 50}]}'
    )
    [item] = found.items
    assert isinstance(item, Numeric)
    assert [(str(n.low), str(n.high), n.weight) for n in item.accepted] == [
        ("0.2", "0.4", 100),
        ("5", "6", 50),
    ]
    assert item.otherwise.source == "No."
    assert grade(item, NumberResponse(typed="0,4")).is_right


def test_short_answer() -> None:
    answers = ["Paris", {"text": "Lutetia", "weight": 50, "feedback": "Of old."}]
    item = only({"kind": "short_answer", "stem": "?", "answers": answers, "case_sensitive": True})
    assert isinstance(item, ShortAnswer)
    assert [(words.text, words.weight) for words in item.accepted] == [
        ("Paris", 100),
        ("Lutetia", 50),
    ]
    assert item.is_case_sensitive


def test_kinds_that_are_stored_but_not_practiced() -> None:
    pairs = [{"prompt": "a", "answer": "1"}]
    found = read(
        {"kind": "matching", "stem": "?", "pairs": pairs, "distractors": ["2"]},
        {"kind": "essay", "stem": "Write."},
        {"kind": "passage", "stem": {"text": "<p>Read.</p>", "markup": "html"}},
    )
    assert found.problems == []
    assert [type(item) for item in found.items] == [Matching, Essay, Passage]


def test_blank_lines_are_skipped_but_counted() -> None:
    found = read_jsonl(b"\xef\xbb\xbf\r\n" + lines(SINGLE) + b"\r\n\r\n" + lines(SINGLE))
    assert found.lines == [2, 4]


def test_unicode_line_separator_does_not_end_a_line() -> None:
    assert only(SINGLE | {"stem": "a\u2028b"}).stem.source == "a\u2028b"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "riddle"}, "kind: use one of single_choice, multiple_choice, true_false, "),
        ({"kind": None}, "kind: use one of "),
        ({"kind": ["essay"]}, "kind: use one of "),
        ({"stem": 5}, 'stem: use a string, or {"text": …, "markup": …}.'),
        ({"stem": {"markup": "html"}}, "stem: use a string, or"),
        ({"stem": {"text": 5}}, "stem: use a string."),
        (
            {"stem": {"text": "x", "markup": "rtf"}},
            'stem: set "markup" to one of these values: text, plain, markdown, html, moodle.',
        ),
        (
            {"stem": {"text": "x", "markup": "bbcode"}},
            'stem: set "markup" to one of these values: text, ',
        ),
        ({"stem": " \n"}, "The stem is empty."),
        ({"stem": "x" * 50_001}, "stem: the text has too many characters (maximum: 50,000)."),
        ({"stem": "a\0b"}, "stem: the text contains a NUL character."),
        (
            {"image": "a.png"},
            'image: to add an image, write ![description](file.png) in "text" and set '
            '"markup" to "markdown".',
        ),
        (
            {"stem": {"text": "![a](a.png)", "markup": "markdown"}},
            "stem: an image can be imported only if it is in the same folder as the question file.",
        ),
        (
            {"explanation": {"text": "<IMG src=a.png>", "markup": "html"}},
            "explanation: an image can be imported only if it is in the same folder as the question "
            "file.",
        ),
        ({"hint": "x"}, "hint: unknown field."),
        ({"difficulty": "fiendish"}, "difficulty: use one of '', 'easy', 'medium', 'hard'."),
        ({"domain": "x" * 201}, "domain: the text has too many characters (maximum: 200)."),
        ({"tags": "law"}, "tags: use a list: [ … ]."),
        (
            {"choices": [{"text": "a", "right": True}]},
            "choices: the list has too few entries (minimum: 2).",
        ),
        ({"choices": [{"text": "a"}, {"text": "b"}]}, "No choice is correct."),
        ({"choices": [{"text": "a"}, {"right": True}]}, "choices 2, text: this field is required."),
        (
            {"choices": [{"text": "a", "right": 1}, {"text": "b"}]},
            "choices 1, right: use true or false.",
        ),
        (
            {"choices": [{"text": "a", "right": True, "weight": 50}, {"text": "b"}]},
            'choices 1: use either "right" or "weight", but not both.',
        ),
        (
            {"choices": [{"text": "a", "weight": 101}, {"text": "b"}]},
            "choices 1, weight: use a number less than or equal to 100.",
        ),
        (
            {"choices": [{"text": "a", "right": True, "id": "x"}, {"text": "b", "id": "x"}]},
            "Two choices have the same id.",
        ),
        ({"kind": "true_false"}, "answer: this field is required."),
        ({"kind": "essay"}, "choices: unknown field."),
    ],
)
def test_error_names_its_field(change: dict[str, object], sentence: str) -> None:
    assert problem(SINGLE | change).startswith(sentence)


def test_fault_of_a_field_is_told_in_the_language_of_the_page() -> None:
    with override("de"):
        assert problem(SINGLE | {"tags": "law"}) == "tags: verwenden Sie eine Liste: [ … ]."


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([], "answers: the list has too few entries (minimum: 1)."),
        ([{}], 'answers 1: use either "value" (with an optional "tolerance") or "low" and "high".'),
        (
            [{"low": 1}],
            'answers 1: use either "value" (with an optional "tolerance") or "low" and "high".',
        ),
        (
            [{"value": 1, "low": 1, "high": 2}],
            'answers 1: use either "value" (with an optional "tolerance")',
        ),
        ([{"value": "1,5"}], "answers 1, value: use a number."),
        (
            [{"value": 1, "tolerance": -1}],
            "answers 1, tolerance: use a number greater than or equal to 0.",
        ),
        ([{"low": 2, "high": 1}], "The lowest number (2) is greater than the highest (1)."),
        ([{"value": 1, "weight": 50}], "No accepted answer earns full credit."),
        ([{"value": "1e999999"}], "low: "),
    ],
)
def test_invalid_numeric_answers(answers: list[object], sentence: str) -> None:
    entry = {"kind": "numeric", "stem": "?", "answers": answers}
    assert problem(entry).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"[1]", "Each line must contain one object: { … }."),
        (
            b"{'kind': 1}",
            "This line is not valid JSON: Expecting property name enclosed in double quotes",
        ),
        (b'{"kind": "essay", "kind": "essay"}', "This line cannot be read: “kind” appears twice."),
        (b'{"kind": NaN}', "This line cannot be read: NaN is not a number."),
        (b'{"a": ' + b"[" * 100_000, "This line cannot be read: maximum recursion depth exceeded"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "This line cannot be read: Exceeds the limit"),
        (b'{"kind": "essay", "stem": "\\ud800"}', "stem: "),
        (b'{"kind": "essay", "stem": "x", "\\ud800": 1}', "Input should be a valid string"),
        (b'"' + b"x" * 1_000_001 + b'"', "This line has more than 1,000,000 characters."),
    ],
)
def test_unreadable_line_is_reported(line: bytes, sentence: str) -> None:
    found = read_jsonl(b"\n" + line + b"\n" + lines(SINGLE))
    assert [(fault.line, fault.text[: len(sentence)]) for fault in found.errors] == [(2, sentence)]
    assert found.lines == [3]
    assert found.errors[0].text.encode()


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["kind", "stem", "choices", "text", "right", "answers", "value"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=10,
    ),
    st.sampled_from(["single_choice", "numeric", "short_answer", "matching", "true_false"]),
)
def test_arbitrary_json_does_not_raise(value: Any, kind: str) -> None:
    entry = {**value, "kind": kind} if isinstance(value, dict) else value
    found = read(entry)
    assert len(found.items) + len(found.errors) == 1


def test_short_answer_comparison_is_read() -> None:
    line = {"kind": "short_answer", "stem": "Which?", "answers": ["a"]}
    assert (only(line).is_exact, only(line).ignores_accents) == (False, False)
    item = only(line | {"exact": True, "ignore_accents": True})
    assert (item.is_exact, item.ignores_accents) == (True, True)


def test_formula_in_an_unmarked_text_is_set_and_in_a_plain_one_is_shown() -> None:
    line = {"kind": "essay", "stem": r"Solve $$x^2 = 4$$ and \(y\)."}
    assert safe_html(only(line).stem).count("<math") == 2
    assert safe_html(only(line | {"markup": "plain"}).stem) == (
        r"<p>Solve $$x^2 = 4$$ and \(y\).</p>"
    )
