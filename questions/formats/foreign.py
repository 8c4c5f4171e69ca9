"""Files of other formats, told by name, so that nobody imports their pieces as questions."""

import json
import re
from collections.abc import Iterator

# The first bytes of files that are no text.
SIGNATURES = {
    b"PK\x03\x04": "a zip file, as .xlsx, .docx, .apkg and QTI packages are",
    b"\xd0\xcf\x11\xe0": "an old Office file (.xls, .doc)",
    b"%PDF": "a PDF",
    b"SQLite format 3\0": "a SQLite database",
    b"\x1f\x8b": "a gzip file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
# What a text file of another format begins with.
BEGINNINGS = {
    r"<!doctype html|<html\b|<head\b|<body\b": "an HTML page",
    r"(?:<\?xml[^>]*>\s*(?:<!--.*?-->\s*)*)?<quiz\b": "Moodle XML; export it from Moodle as GIFT",
    r"(?:<\?xml[^>]*>\s*(?:<!--.*?-->\s*)*)?<(?:qti-)?(?:questestinterop|assessment)": "QTI",
    r"<\?xml\b": "XML",
    r"\{\\rtf": "a rich text file (.rtf)",
    r"\\documentclass\b|\\begin\{document\}": "LaTeX",
    r"#separator:|#html:": "an Anki text export",
    r"(?:MC|MA|TF|ESS|ORD|MAT|FIB|FIB_PLUS|NUM|SR|OP)\t": "a Blackboard text file",
    r"(?:quiz|test) title:": "a text2qti file",
}
COMPILED = {
    re.compile(pattern, re.IGNORECASE | re.DOTALL): name for pattern, name in BEGINNINGS.items()
}
# Names of columns in spreadsheets of questions.
COLUMN_NAMES = frozenset(
    {"question", "questions", "question text", "question type", "stem", "prompt", "answer"}
    | {"answers", "correct", "correct answer", "correct answers", "correct answer(s)"}
    | {"correct response", "option 1", "option a", "answer 1", "answer option 1"}
    | {"front", "back", "frage", "antwort"}
)
BYTES_TO_LOOK_AT = 4_000
SEPARATORS = (",", ";", "\t", "|")


def foreign_format(content: bytes) -> str:
    """Return what a file is where it is certainly of another format; empty otherwise."""
    for signature, name in SIGNATURES.items():
        if content.startswith(signature):
            return name
    beginning = content[:BYTES_TO_LOOK_AT].decode("utf-8-sig", "replace").lstrip()
    for pattern, name in COMPILED.items():
        if pattern.match(beginning):
            return name
    if is_json(content, beginning):
        return "JSON, but not JSON Lines, which have one object a line without [ ] around them"
    return "a table (CSV)" if _is_table(beginning) else ""


def is_json(content: bytes, beginning: str) -> bool:
    """Return True for one JSON document that is no line of JSON Lines."""
    if not beginning.startswith(("[", "{")):
        return False
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) or "\n" in content.decode("utf-8", "replace").strip()


def _is_table(beginning: str) -> bool:
    """True where the first line is a row of column names."""
    first = beginning.splitlines()[0] if beginning else ""
    return any(COLUMN_NAMES.intersection(_cells(first, separator)) for separator in SEPARATORS)


def _cells(line: str, separator: str) -> Iterator[str]:
    cells = line.split(separator)
    if len(cells) > 1:
        yield from (cell.strip().strip('"').strip().lower() for cell in cells)
