"""The content of the demo's banks. Loading is tested in `demo/tests/test_activity.py`."""

import json
import re
from functools import cache

import pytest

from catalog.importing.folders import SHEET, read_bank_folder
from demo.banks import FOLDER, demo_folders
from questions.items import ASKABLE, Numeric, ShortAnswer, SingleChoice, texts_of
from questions.linting import lint
from questions.linting.statistics import figures_of


def price_of(folder):
    return json.loads((folder / SHEET).read_text(encoding="utf-8")).get("price_minor")


FOLDERS = demo_folders()
SOLD = [folder for folder in FOLDERS if price_of(folder)]
banks = pytest.mark.parametrize("bank", FOLDERS, ids=lambda folder: folder.name, indirect=True)
sold = pytest.mark.parametrize("bank", SOLD, ids=lambda folder: folder.name, indirect=True)
# Reading all banks takes a second, which the collection of every run would pay.
read_once = cache(read_bank_folder)


@pytest.fixture
def bank(request):
    return read_once(request.param)


def singles(bank):
    return [item for item in bank.read.items if isinstance(item, SingleChoice)]


def keys(bank):
    return [
        [choice.id in item.key for choice in item.choices].index(True) for item in singles(bank)
    ]


@banks
def test_demo_bank_has_no_findings(bank):
    assert bank.read.problems == []


@banks
def test_demo_questions_have_four_choices_and_one_key(bank):
    for item in singles(bank):
        assert [len(item.choices), len(item.key)] == [4, 1]


def feedbacks(item):
    """Return the feedback for each answer that the item has."""
    if isinstance(item, Numeric):
        return [item.otherwise, *(accepted.feedback for accepted in item.accepted)]
    if isinstance(item, ShortAnswer):
        return [accepted.feedback for accepted in item.accepted]
    return [choice.feedback for choice in item.choices]


@banks
def test_demo_questions_explain_every_answer(bank):
    for item in bank.read.items:
        assert item.explanation.source, item.stem.source
        assert all(feedback.source for feedback in feedbacks(item)), item.stem.source


@banks
def test_demo_samples_are_three_questions_of_the_bank(bank):
    assert len(set(bank.sheet.samples)) == 3
    assert set(bank.sheet.samples) <= set(range(1, len(bank.read.items) + 1))


@banks
def test_demo_keys_have_no_pattern(bank):
    row = "".join(map(str, keys(bank)))
    assert not re.search(r"(\d)\1\1", row)


@banks
def test_demo_bank_passes_item_linting(bank):
    assert lint(bank.read.items, bank.read.lines).findings == ()


@sold
def test_paid_demo_bank_has_enough_questions(bank):
    figures = figures_of(lint(bank.read.items, bank.read.lines).questions)
    assert 30 <= figures.total <= 40
    assert set(figures.kinds) == set(ASKABLE)
    assert 4 <= len(figures.domains) <= 8
    assert set(figures.difficulties) == {"easy", "middling", "hard"}
    assert figures.pictures + figures.formulas + figures.code >= 3


@banks
def test_demo_images_are_used_and_small(bank):
    folder = FOLDER / bank.slug
    shown = {
        reference
        for item in bank.read.items
        for text in texts_of(item)
        for reference, _name in text.pictures
    }
    assert shown == {path.name for path in folder.glob("*.png")}
    assert all((folder / name).stat().st_size <= 20_000 for name in shown)
