"""Files of other formats, told by name, so that nobody imports their pieces as questions."""

import json
import re
from collections.abc import Iterator
from pathlib import PurePath

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# Formats with an instruction of their own.
MOODLE_XML, JSON_DOCUMENT, JSON_FILE = "Moodle XML", "JSON document", "JSON file"
PROBLEMS = {
    MOODLE_XML: _(
        "This is Moodle XML, which Testbank cannot import. In Moodle, export the questions as GIFT."
    ),
    JSON_DOCUMENT: _(
        "This is a JSON file, which Testbank cannot import. Use JSON Lines, with one object per "
        "line and no [ ] around the objects."
    ),
    JSON_FILE: _(
        "This is a .json file, which Testbank cannot import. If it contains JSON Lines, change the "
        "file extension to .jsonl."
    ),
}
# The first bytes of files that are no text.
SIGNATURES = {
    b"PK\x03\x04": _("a zip file (such as an .xlsx, .docx, or .apkg file or a QTI package)"),
    b"\xd0\xcf\x11\xe0": _("an older Microsoft Office file (.xls or .doc)"),
    b"%PDF": _("a PDF"),
    b"SQLite format 3\0": _("a SQLite database"),
    b"\x1f\x8b": _("a gzip file"),
    b"\x89PNG": _("an image"),
    b"\xff\xd8\xff": _("an image"),
}
# What a text file of another format begins with.
BEGINNINGS = {
    r"<!doctype html|<html\b|<head\b|<body\b": _("an HTML page"),
    r"(?:<\?xml[^>]*>\s*(?:<!--.*?-->\s*)*)?<(?:quiz\b|question\s+type=)": MOODLE_XML,
    r"(?:<\?xml[^>]*>\s*(?:<!--.*?-->\s*)*)?<(?:qti-)?(?:questestinterop|assessment|item\s+ident=)": "QTI",
    r"(?:<\?xml[^>]*>\s*(?:<!--.*?-->\s*)*)?<svg\b": _("an image"),
    r"<\?xml\b": "XML",
    r"\{\\rtf": _("a rich text file (.rtf)"),
    r"\\documentclass\b|\\begin\{document\}": "LaTeX",
    r"%YAML\b|---[ \t]*\r?\n[\w-]+[ \t]*:": "YAML",
    r"#separator:|#html:": _("an Anki text export"),
    r"(?:MC|MA|TF|ESS|ORD|MAT|FIB|FIB_PLUS|NUM|SR|OP)\t": _("a Blackboard text file"),
    r"(?:quiz|test) title:": _("a text2qti file"),
}
# What a name says of a file whose content says nothing.
ENDINGS = {
    ".csv": _("a CSV file"),
    ".tsv": _("a TSV file"),
    ".xlsx": _("a spreadsheet"),
    ".xls": _("a spreadsheet"),
    ".ods": _("a spreadsheet"),
    ".xml": "XML",
    ".html": _("an HTML page"),
    ".htm": _("an HTML page"),
    ".json": JSON_FILE,
    ".yaml": "YAML",
    ".yml": "YAML",
    ".tex": "LaTeX",
    ".svg": _("an image"),
    ".pdf": _("a PDF"),
    ".docx": _("a word-processing document"),
    ".odt": _("a word-processing document"),
    ".rtf": _("a rich text file (.rtf)"),
    ".zip": _("a zip file"),
    ".apkg": _("an Anki package"),
}
COMPILED = {
    re.compile(pattern, re.IGNORECASE | re.DOTALL): name for pattern, name in BEGINNINGS.items()
}
# Names of columns in spreadsheets of questions.
COLUMN_NAMES = frozenset(
    {"question", "questions", "question text", "question type", "stem", "prompt", "answer"}
    | {"answers", "correct", "correct answer", "correct answers", "correct answer(s)"}
    | {"correct response", "option 1", "option a", "answer 1", "answer option 1"}
    | {"explanation", "type", "points", "front", "back", "frage", "antwort"}
)
BYTES_TO_LOOK_AT = 4_000
SEPARATORS = (",", ";", "\t", "|")
# `*b) yes`: the choice is correct.
STARRED_CHOICE = re.compile(r"^\*[a-z][.)][ \t]", re.IGNORECASE | re.MULTILINE)
ANSWER_LINE = re.compile(r"^[ \t]*ANSWER[ \t]*:", re.IGNORECASE | re.MULTILINE)
# What a line of a GIFT question begins with.
GIFT_SIGNS = ("=", "~", "{", "}", ":", "//", "$")
ROW = re.compile(r"[^\t\n]*\S[ ]*\t")
ROWS_TO_LOOK_AT = 3


def foreign_format(content: bytes, *, name: str = "") -> str:
    """Return what to say of a file that is certainly of another format; empty otherwise."""
    found = _format(content, name)
    if not found:
        return ""
    if problem := PROBLEMS.get(found):
        return str(problem)
    return gettext(
        "This is %(format)s, which Testbank cannot import. Use JSON Lines, GIFT, or Aiken."
    ) % {"format": found}


def _format(content: bytes, name: str) -> str:
    for signature, found in SIGNATURES.items():
        if content.startswith(signature):
            return str(found)
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    beginning = content[:BYTES_TO_LOOK_AT].decode(encoding, "replace").lstrip()
    for pattern, named in COMPILED.items():
        if pattern.match(beginning):
            return str(named)
    if beginning.startswith(("[", "{")) and _is_json_document(content):
        return JSON_DOCUMENT
    return _layout(beginning) or str(ENDINGS.get(PurePath(name).suffix.lower(), ""))


def _layout(beginning: str) -> str:
    """Return what the lines of a text show that names no format; empty if they show nothing."""
    if _is_table(beginning):
        return gettext("a CSV file")
    if ANSWER_LINE.search(beginning):
        return ""
    if STARRED_CHOICE.search(beginning):
        return gettext("a text2qti or Respondus file")
    if _has_columns(beginning):
        return gettext("a tab-separated table, such as an Anki or Quizlet export")
    return ""


def _is_json_document(content: bytes) -> bool:
    """True for JSON that is not one object in one line."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return not isinstance(value, dict) or b"\n" in content.strip()


def _is_table(beginning: str) -> bool:
    """True where the first line is a row of names of columns."""
    first = beginning.partition("\n")[0]
    return any(
        len(COLUMN_NAMES.intersection(_cells(first, separator))) > 1 for separator in SEPARATORS
    )


def _has_columns(beginning: str) -> bool:
    """True where the first lines are rows of a table without names of columns."""
    rows = beginning.splitlines()[:ROWS_TO_LOOK_AT]
    return len(rows) > 1 and all(
        ROW.match(row) and not row.lstrip().startswith(GIFT_SIGNS) for row in rows
    )


def _cells(line: str, separator: str) -> Iterator[str]:
    for cell in line.split(separator):
        yield cell.strip().strip('"').strip().lower()
