"""What is written as GIFT and Aiken is read again; what is lost is named."""

import pytest

from questions.formats.aiken import read_aiken
from questions.formats.aiken_writer import write_aiken
from questions.formats.gift import read_gift
from questions.formats.gift_writer import write_gift
from questions.items import Text
from questions.services import safe
from questions.tests.formats.test_jsonl_writer import GIFT
from questions.tests.makers import NAZARETH, single


def test_gift_survives_gift():
    items = read_gift(f"$CATEGORY: Law\n\n{GIFT}".encode()).items
    text, losses = write_gift(items)
    again = read_gift(text.encode())
    assert again.errors == []
    assert [safe(item) for item in again.items] == [safe(item) for item in items]
    assert losses == []


@pytest.mark.parametrize(
    "stem", ["a {b} = c # d ~ e: f", "one\n\ntwo", "C:\\new", "[html] is a tag"]
)
def test_special_characters_survive_gift(stem):
    item = single(100, 0).model_copy(update={"stem": Text(source=stem)})
    text, _losses = write_gift([item])
    [again] = read_gift(text.encode()).items
    assert again.stem.source == stem


def test_gift_names_losses():
    item = NAZARETH.model_copy(update={"group": "T1A", "is_exact": True})
    _text, losses = write_gift([item])
    assert [loss.text for loss in losses] == [
        "Groups are not exported.",
        "Settings for case, accents, and exact matches are not exported.",
    ]


def test_aiken_writer_reports_other_kinds():
    text, losses = write_aiken([safe(single(0, 100)), NAZARETH])
    assert text == "Which?\nA. Choice c0\nB. Choice c1\nANSWER: B\n"
    assert [loss.number for loss in losses] == [2]
    assert read_aiken(text.encode()).errors == []
