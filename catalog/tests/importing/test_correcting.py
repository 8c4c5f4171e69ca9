"""Importing a file again corrects the questions that the bank has, and adds none twice."""

import json

import pytest

from catalog.importing.items import import_items
from questions.formats.gift import read_gift
from questions.formats.jsonl import read_jsonl
from questions.models import Question, QuestionVersion

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

FIRST = {"kind": "true_false", "stem": "Is steam hot?", "answer": True}
KEYED = {
    "id": "q1",
    "kind": "single_choice",
    "stem": "Capital of Canada?",
    "choices": [{"text": "Toronto", "right": True}, {"text": "Ottawa"}],
}
RIGHT_KEY = KEYED | {"choices": [{"text": "Toronto"}, {"text": "Ottawa", "right": True}]}


@pytest.fixture
def bank(make_bank):
    return make_bank("new", questions=0)


@pytest.fixture
def bring(bank, at):
    """Imports lines of JSON, or a GIFT text."""

    def bring(*questions):
        gift = isinstance(questions[0], str)
        lines = "\n".join(question if gift else json.dumps(question) for question in questions)
        read = (read_gift if gift else read_jsonl)(lines.encode())
        return import_items(test_bank=bank, read=read, at=at)

    return bring


def counts(report):
    return report.added, len(report.changed_lines), len(report.known_lines)


def only_item(bank):
    return bank.bank_questions.get().question.current.item


@pytest.mark.parametrize(
    "change",
    [
        {"explanation": "Above a hundred degrees."},
        {"feedback_true": "Yes."},
        {"domain": "Physics"},
        {"difficulty": "hard"},
        {"tags": ["water"]},
        {"title": "W1"},
        {"stem": {"text": "Is steam hot?", "markup": "html"}},
    ],
)
def test_what_was_added_to_a_question_arrives(bring, bank, change):
    bring(FIRST)
    assert counts(bring(FIRST | change)) == (0, 1, 0)
    [name] = change
    stored = getattr(only_item(bank), name)
    assert stored != getattr(Question.objects.get().versions.get(number=1).item, name)


def test_key_is_corrected_by_the_authors_id(bring, bank):
    bring(KEYED)
    assert counts(bring(RIGHT_KEY)) == (0, 1, 0)
    assert only_item(bank).key == {"2"}


def test_stem_is_corrected_by_the_authors_id(bring, bank):
    bring(KEYED)
    assert counts(bring(RIGHT_KEY | {"stem": "What is Canada's capital?"})) == (0, 1, 0)
    assert only_item(bank).stem.source == "What is Canada's capital?"


def test_same_file_twice_changes_nothing(bring, bank):
    bring(FIRST, KEYED)
    assert counts(bring(FIRST, KEYED)) == (0, 0, 2)
    assert QuestionVersion.objects.count() == 2


def test_gift_with_explanations_and_a_markup_corrects(bring, bank):
    bring("Is water wet?{T}\n\nWhat does <b>x</b> show?{=x ~y}")
    corrected = (
        "::W1:: Is water wet?{T#No.#Yes.####It clings.}\n\n"
        "[html]What does <b>x</b> show?{=x#Right. ~y#No.}"
    )
    assert counts(bring(corrected)) == (0, 2, 0)
    assert bank.bank_questions.count() == 2


def test_file_of_before_is_told_to_correct_as_well(bring):
    bring(FIRST)
    bring(FIRST | {"domain": "Physics"})
    assert counts(bring(FIRST)) == (0, 1, 0)


def test_id_that_is_a_number_names_its_question(bring):
    bring(KEYED | {"id": "17"})
    assert counts(bring(KEYED | {"id": "17", "stem": "Where is the government?"})) == (0, 1, 0)


def test_second_line_with_an_id_is_another_question(bring, bank):
    other = KEYED | {"stem": "Largest city of Canada?"}
    assert counts(bring(KEYED, other)) == (2, 0, 0)
    assert counts(bring(KEYED, other)) == (0, 0, 2)


def test_question_twice_in_a_file_is_added_once(bring):
    assert counts(bring(FIRST, FIRST)) == (1, 0, 1)


def test_question_that_becomes_of_a_kind_that_is_not_asked_is_not_asked(bring, bank):
    bring(KEYED)
    bring({"id": "q1", "kind": "essay", "stem": "Describe Canada."})
    assert not bank.bank_questions.get().is_asked


def test_version_before_stays_for_those_who_answered_it(bring, bank):
    bring(KEYED)
    bring(RIGHT_KEY)
    versions = bank.bank_questions.get().question.versions.order_by("number")
    assert [version.item.key for version in versions] == [{"1"}, {"2"}]


def test_corrections_are_recorded_as_a_change(bring, bank):
    bring(KEYED)
    bring(RIGHT_KEY, FIRST)
    newest = bank.changes.latest("pk")
    assert (newest.added, newest.changed) == (1, 1)


def test_markup_that_shows_the_same_is_no_change(bring, bank):
    """Stored before unmarked texts had a name of their own."""
    bring(FIRST | {"markup": "plain"})
    assert counts(bring(FIRST)) == (0, 0, 1)
