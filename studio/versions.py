"""Two versions of a question, field by field, with what differs marked."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.template.defaultfilters import floatformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from questions.formats.jsonl_writer import fields_of
from questions.items import Item
from questions.kinds import DIFFICULTIES, kind_name

# By the name that the field has in JSON Lines: the name that the editor shows.
LABELS = {
    "kind": gettext_lazy("Question type"),
    "id": gettext_lazy("ID"),
    "title": gettext_lazy("Internal title"),
    "domain": gettext_lazy("Domain"),
    "group": gettext_lazy("Group"),
    "difficulty": gettext_lazy("Difficulty"),
    "tags": gettext_lazy("Tags"),
    "stem": gettext_lazy("Question"),
    "explanation": gettext_lazy("Explanation"),
    "right": gettext_lazy("Correct"),
    "weight": gettext_lazy("Points"),
    "feedback": gettext_lazy("Feedback"),
    "feedback_true": gettext_lazy("Feedback for “true”"),
    "feedback_false": gettext_lazy("Feedback for “false”"),
    "answer": gettext_lazy("Correct answer"),
    "answers": gettext_lazy("Accepted answers"),
    "value": gettext_lazy("Number"),
    "low": gettext_lazy("From"),
    "high": gettext_lazy("To"),
    "otherwise": gettext_lazy("Feedback for other numbers"),
    "case_sensitive": gettext_lazy("Case-sensitive"),
    "ignore_accents": gettext_lazy("Ignore accents"),
    "exact": gettext_lazy("Exact match"),
    "distractors": gettext_lazy("Distractors"),
    "prompt": gettext_lazy("Prompt"),
    "markup": gettext_lazy("Text format"),
}
NUMBERED = {
    "choices": gettext_lazy("Choice %(number)s"),
    "answers": gettext_lazy("Accepted answer %(number)s"),
    "pairs": gettext_lazy("Pair %(number)s"),
    "distractors": gettext_lazy("Distractor %(number)s"),
}
SET = "✓"
Path = tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """A field of both versions. `left` and `right` are safe HTML with `del` and `ins`."""

    name: str
    left: SafeString
    right: SafeString
    differs: bool
    # False for numbers and check marks: they follow the direction of the page.
    is_text: bool


def compared(left: Item, right: Item) -> list[Compared]:
    """Compare two items field by field, in the order of the first."""
    lefts, rights = dict(_flat(fields_of(left))), dict(_flat(fields_of(right)))
    paths = dict.fromkeys([*lefts, *rights])
    rows = {path: _compare(path, lefts.get(path, ""), rights.get(path, "")) for path in paths}
    # How a text is marked up is told only where it changed.
    return [row for path, row in rows.items() if row.differs or path[-1] != "markup"]


def _compare(path: Path, left: str, right: str) -> Compared:
    lefts, rights = left.split(" "), right.split(" ")
    old: list[tuple[str, str]] = []
    new: list[tuple[str, str]] = []
    for tag, from_a, to_a, from_b, to_b in SequenceMatcher(
        None, lefts, rights, autojunk=False
    ).get_opcodes():
        old.append(("" if tag == "equal" else "del", " ".join(lefts[from_a:to_a])))
        new.append(("" if tag == "equal" else "ins", " ".join(rights[from_b:to_b])))
    is_text = any(map(str.isalpha, left + right))
    return Compared(_label(path), _marked(old), _marked(new), left != right, is_text)


def _marked(parts: list[tuple[str, str]]) -> SafeString:
    return format_html_join(
        " ",
        "{}",
        ((_part(tag, words),) for tag, words in parts if words),
    )


# The spoken word is isolated, since a text with dir="auto" takes the direction of its first letters.
DELETED = '<del><bdi class="visually-hidden">{} </bdi>{}</del>'
INSERTED = '<ins><bdi class="visually-hidden">{} </bdi>{}</ins>'


def _part(tag: str, words: str) -> SafeString:
    if not tag:
        return format_html("{}", words)
    # A word for screen readers: deletions and insertions are silent in most of them.
    spoken = _("Removed:") if tag == "del" else _("Added:")
    if tag == "del":
        return format_html(DELETED, spoken, words)
    return format_html(INSERTED, spoken, words)


def _flat(fields: dict[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, str]]:
    """Each field with its path, such as ("choices", "2", "feedback")."""
    for name, value in fields.items():
        # The text of a part of a list is what the part is called after.
        path = prefix if prefix and name == "text" else (*prefix, name)
        if isinstance(value, dict):
            yield path, value["text"]
            yield (*path, "markup"), value["markup"]
        elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
            for number, each in enumerate(value, start=1):
                part = each if isinstance(each, dict) else {"text": each}
                yield from _flat(part, (*path, str(number)))
        else:
            yield path, _words(name, value)


def _words(name: str, value: Any) -> str:
    if name == "kind":
        return kind_name(value)
    if name == "difficulty":
        return str(DIFFICULTIES.get(value, value))
    if name == "answer" and isinstance(value, bool):
        return pgettext("answer", "True") if value else pgettext("answer", "False")
    if value is True:
        return SET
    if isinstance(value, float):
        return floatformat(value, -3)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _label(path: Path) -> str:
    """Name a field as the editor does, such as "Choice 2 · Feedback"."""
    names = []
    for name, following in zip(path, (*path[1:], ""), strict=True):
        if following.isdecimal():
            names.append(NUMBERED[name] % {"number": following})
        elif not name.isdecimal():
            names.append(str(LABELS[name]))
    return " · ".join(names)
