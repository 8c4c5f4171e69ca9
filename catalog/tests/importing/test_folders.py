"""A bank as a folder: what it says arrives, and what is wrong is told before anything is written."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from catalog.importing.folders import make_bank, read_bank_folder
from catalog.importing.items import FileHasErrors
from catalog.models import Category, TestBank

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

SHEET: dict[str, Any] = {
    "title": "Knots",
    "summary": "Which knot holds what.",
    "description": "Knots for sailors.",
    "category": {"slug": "sailing", "title": "Sailing", "hue_a": 200, "hue_b": 40},
    "price_minor": 900,
}
LINE = '{"kind": "true_false", "markup": "markdown", "stem": "So? *%d*", "answer": true}\n'
FIVE = "".join(LINE % number for number in range(1, 6))


@pytest.fixture
def folder(tmp_path):
    """Writes a folder with five questions, and gives its path."""

    def write(questions=FIVE, **fields):
        path = tmp_path / "knots"
        path.mkdir()
        (path / "bank.json").write_text(json.dumps(SHEET | fields))
        (path / "questions.jsonl").write_text(questions)
        return path

    return write


def made(path, at):
    make_bank(folder=read_bank_folder(path), at=at)
    return TestBank.objects.get(slug="knots")


def test_bank_is_on_sale_with_what_its_sheet_says(folder, at):
    more = {
        "currency": "EUR",
        "access_days": 90,
        "language": "de",
        "exam": "Day Skipper",
        "pass_percent": 65,
        "is_featured": True,
    }
    bank = made(folder(**more), at)
    assert {name: getattr(bank, name) for name in more} == more
    assert (bank.title, bank.price_minor, bank.status) == ("Knots", 900, "published")
    assert (bank.category.title, bank.category.hue_a) == ("Sailing", 200)


def test_questions_arrive_in_order_and_the_first_three_are_samples(folder, at):
    places = made(folder(), at).bank_questions.order_by("position")
    assert [(place.question.current.item.stem.html, place.is_sample) for place in places] == [
        (f"<p>So? <em>{number}</em></p>", number <= 3) for number in range(1, 6)
    ]


def test_samples_are_those_that_the_sheet_names(folder, at):
    places = made(folder(samples=[2, 5]), at).bank_questions.filter(is_sample=True)
    assert sorted(places.values_list("position", flat=True)) == [2, 5]


def test_bank_has_been_sold_since_and_tells_its_changes(folder, at):
    changes = [{"days_ago": 10, "words": "Reef knot reworded.", "changed": 1}]
    bank = made(folder(published_days_ago=100, changes=changes), at)
    assert bank.created_at == at - timedelta(days=100)
    assert bank.questions_changed_at == at - timedelta(days=10)
    assert list(bank.changes.order_by("at").values_list("at", "added", "changed", "words")) == [
        (at - timedelta(days=100), 5, 0, ""),
        (at - timedelta(days=10), 0, 1, "Reef knot reworded."),
    ]


def test_category_that_is_there_keeps_its_words(folder, at, category):
    bank = made(folder(category=SHEET["category"] | {"slug": category.slug}), at)
    assert (bank.category, bank.category.title) == (category, "Software")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"price_minor": -1},
            "knots/bank.json, price_minor: Use a number greater than or equal to 0.",
        ),
        ({"prize_minor": 1}, "knots/bank.json, prize_minor: Unknown field."),
        ({"category": {}}, "knots/bank.json, category.slug: This field is required."),
    ],
)
def test_sheet_that_cannot_be_read_names_the_field(folder, fields, sentence):
    with pytest.raises(FileHasErrors) as raised:
        read_bank_folder(folder(**fields))
    [problem] = raised.value.read.errors
    assert problem.text.startswith(sentence)


def test_question_with_an_error_writes_nothing(folder, at):
    with pytest.raises(FileHasErrors):
        made(folder(LINE % 1 + "{}\n"), at)
    assert (TestBank.objects.count(), Category.objects.count()) == (0, 0)


def test_value_that_cannot_be_kept_writes_nothing(folder, at):
    with pytest.raises(ValidationError, match="language"):
        made(folder(language="xx"), at)
    assert (TestBank.objects.count(), Category.objects.count()) == (0, 0)


def test_bank_at_a_price_that_stripe_refuses_is_not_made(folder, at):
    with pytest.raises(ValidationError, match="whole units only"):
        made(folder(currency="ISK", price_minor=1234), at)
    assert not TestBank.objects.exists()
