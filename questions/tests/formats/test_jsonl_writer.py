"""What is written as JSON Lines is read again without loss."""

from pathlib import Path

import pytest

from questions.formats.gift import read_gift
from questions.formats.jsonl import read_jsonl
from questions.formats.jsonl_writer import write_jsonl
from questions.services import safe

ROOT = Path(__file__).resolve().parents[3]
BANKS = sorted((ROOT / "demo/content").glob("*/questions.jsonl"))
GIFT = """::A title:: [html]<b>Which?</b> {=%100%right#yes ~%50%half ~wrong#no####because}

Several {~%33.33333%a ~%33.33333%b ~%33.33333%c ~%-50%d}

True? {T#no#yes}

How many? {#=3:0.5#yes =%50%1..2#half ~#no}

Which word? {=git log =%50%log#short}

Match {=a -> 1 =b -> 2 = -> 3}

// [id:7] [tag:law]
Write. {}

Read &lt;this&gt; <br> and that.
"""


def again(items):
    read = read_jsonl(write_jsonl(items).encode())
    assert read.errors == []
    return read.items


def test_gift_survives_json_lines():
    items = read_gift(GIFT.encode()).items
    assert [safe(item) for item in again(items)] == [safe(item) for item in items]


@pytest.mark.parametrize("path", BANKS, ids=lambda path: path.parent.name)
def test_demo_banks_survive_json_lines(path):
    content = path.read_bytes()
    items = read_jsonl(content, images=str).items
    assert read_jsonl(write_jsonl(items).encode(), images=str).items == items
    assert len(items) > 4
