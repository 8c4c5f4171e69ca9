"""Every format on hostile files: readable ones are read, others are refused, none takes long."""

import time
from collections.abc import Callable

import pytest

from questions.formats.aiken import read_aiken
from questions.formats.gift import read_gift
from questions.formats.jsonl import read_jsonl
from questions.formats.problems import ReadFile
from testing.hostile import AIKEN, GIFT, JSONL, REFUSED, WRITINGS, all_files

MOST_SECONDS = 2.0
KINDS = {
    "gift": ["single_choice", "true_false"],
    "aiken": ["single_choice"],
    "jsonl": ["true_false"],
}
TEXTS = {"gift": GIFT, "aiken": AIKEN, "jsonl": JSONL}


READERS: dict[str, Callable[[bytes], ReadFile]] = {
    "gift": read_gift,
    "aiken": read_aiken,
    "jsonl": read_jsonl,
}

every_format = pytest.mark.parametrize("name", READERS)


@every_format
@pytest.mark.parametrize("writing", WRITINGS)
def test_file_is_read_however_it_is_encoded(name: str, writing: str) -> None:
    found = READERS[name](WRITINGS[writing](TEXTS[name]))
    assert [item.kind for item in found.items] == KINDS[name]
    assert found.errors == []


@every_format
@pytest.mark.parametrize("fault", REFUSED)
def test_bytes_that_are_no_text_are_refused_with_the_reason(name: str, fault: str) -> None:
    content, reason = REFUSED[fault]
    found = READERS[name](content)
    assert [(problem.line, problem.text) for problem in found.errors] == [(1, reason)]
    assert found.items == []


@pytest.mark.slow
@every_format
def test_no_hostile_file_takes_long_or_loses_its_lines(name: str) -> None:
    for strange, content in all_files().items():
        began = time.process_time()
        found = READERS[name](content)
        assert time.process_time() - began < MOST_SECONDS, strange
        assert len(found.lines) == len(found.items), strange
        assert found.items or found.errors, strange
