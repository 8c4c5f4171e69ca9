"""The comparison of two versions of a question, in the words of the editor."""

import pytest
from django.utils import translation

from questions.formats.jsonl import read_jsonl
from studio.versions import compared

LINES = {
    "single choice": '{"kind": "single_choice", "stem": "Which?", "difficulty": "middling", "choices": ['
    '{"text": "A", "right": true}, {"text": "B", "weight": 50, "feedback": "Nearly"}]}',
    "true or false": '{"kind": "true_false", "stem": "Is it?", "answer": false}',
    "short answer": '{"kind": "short_answer", "stem": "What?", "case_sensitive": true, "answers": ['
    '"git diff", {"text": "git show", "weight": 50}]}',
    "numeric": '{"kind": "numeric", "stem": "How many?", "answers": ['
    '{"value": "4"}, {"low": "3.5", "high": "4.5", "weight": 50}]}',
    "matching": '{"kind": "matching", "stem": "Match.", "distractors": ["x", "y"], "pairs": ['
    '{"prompt": "a", "answer": "1"}, {"prompt": {"text": "b", "markup": "plain"}, "answer": "2"}]}',
}
ROWS = {
    "single choice": [
        ("Question type", "Single choice"),
        ("Difficulty", "Medium"),
        ("Question", "Which?"),
        ("Choice 1", "A"),
        ("Choice 1 · Correct", "✓"),
        ("Choice 2", "B"),
        ("Choice 2 · Points", "50"),
        ("Choice 2 · Feedback", "Nearly"),
    ],
    "true or false": [
        ("Question type", "True or false"),
        ("Question", "Is it?"),
        ("Correct answer", "False"),
    ],
    "short answer": [
        ("Question type", "Short answer"),
        ("Question", "What?"),
        ("Accepted answer 1", "git diff"),
        ("Accepted answer 2", "git show"),
        ("Accepted answer 2 · Points", "50"),
        ("Case-sensitive", "✓"),
    ],
    "numeric": [
        ("Question type", "Numeric"),
        ("Question", "How many?"),
        ("Accepted answer 1 · Number", "4"),
        ("Accepted answer 2 · From", "3.5"),
        ("Accepted answer 2 · To", "4.5"),
        ("Accepted answer 2 · Points", "50"),
    ],
    "matching": [
        ("Question type", "Matching"),
        ("Question", "Match."),
        ("Pair 1 · Prompt", "a"),
        ("Pair 1 · Correct answer", "1"),
        ("Pair 2 · Prompt", "b"),
        ("Pair 2 · Correct answer", "2"),
        ("Distractors", "x, y"),
    ],
}


def item_of(line):
    return read_jsonl(line.encode()).items[0]


@pytest.mark.parametrize("kind", LINES)
def test_fields_are_named_as_in_the_editor(kind):
    item = item_of(LINES[kind])
    assert [(row.name, row.left) for row in compared(item, item)] == ROWS[kind]


def test_comparison_speaks_the_language_of_the_page():
    item = item_of(LINES["true or false"])
    with translation.override("de"):
        names = [(row.name, row.left) for row in compared(item, item)]
    assert names[-1] == ("Richtige Antwort", "Falsch")
