"""Which format a file is in: decided by its name, or else by its content."""

import re
from collections.abc import Callable
from pathlib import PurePath

from questions.formats.aiken import read_aiken
from questions.formats.foreign import foreign_format
from questions.formats.gift import read_gift
from questions.formats.jsonl import read_jsonl
from questions.formats.parsing import ParseError, decode
from questions.formats.problems import Problem, ReadFile

READERS: dict[str, Callable[..., ReadFile]] = {
    "aiken": read_aiken,
    "gift": read_gift,
    "jsonl": read_jsonl,
}
# Formats whose texts may refer to pictures.
WITH_IMAGES = {"jsonl"}
ENDINGS = {".gift": "gift", ".jsonl": "jsonl", ".ndjson": "jsonl"}
JSON_LINE = re.compile(r'\s*\{\s*"')
ANSWER_LINE = re.compile(r"(?:\A|[\r\n])[ \t]*ANSWER[ \t]*:", re.IGNORECASE)


def format_of(name: str, content: bytes) -> str:
    """Return `aiken`, `gift` or `jsonl`. An undecodable file is `aiken`, whose reader refuses it."""
    if ending := ENDINGS.get(PurePath(name).suffix.lower()):
        return ending
    try:
        text = decode(content)
    except ParseError:
        return "aiken"
    if JSON_LINE.match(text):
        return "jsonl"
    return "gift" if "{" in text and not ANSWER_LINE.search(text) else "aiken"


def read_questions_of(
    content: bytes,
    *,
    name: str,
    format_name: str | None,
    domain: str,
    images: Callable[[str], str],
) -> ReadFile:
    """Return the questions and problems of a file in one of the formats in `READERS`.

    Without `format_name` its name and content decide. A file that is certainly of another
    format is not read; the one problem names that format.
    """
    if problem := foreign_format(content, name="" if format_name else name):
        return ReadFile(problems=[Problem(1, problem)])
    format_name = format_name or format_of(name, content)
    more = {"images": images} if format_name in WITH_IMAGES else {}
    return READERS[format_name](content, domain=domain, **more)
