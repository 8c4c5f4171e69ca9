"""Two versions of a question, field by field, with what differs marked."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from questions.formats.jsonl_writer import fields_of
from questions.items import Item
from questions.kinds import DIFFICULTIES, kind_name

# The fields of `fields_of`, as the editor calls them.
LABELS = {
    "kind": gettext_lazy("Question type"),
    "id": gettext_lazy("ID"),
    "title": gettext_lazy("Internal title"),
    "domain": gettext_lazy("Domain"),
    "group": gettext_lazy("Group"),
    "difficulty": gettext_lazy("Difficulty"),
    "tags": gettext_lazy("Tags"),
    "stem": gettext_lazy("Question"),
    "choices": gettext_lazy("Choice"),
    "answers": gettext_lazy("Accepted answer"),
    "answer": gettext_lazy("The statement is"),
    "right": gettext_lazy("Correct"),
    "weight": gettext_lazy("Points"),
    "feedback": gettext_lazy("Feedback"),
    "feedback_true": gettext_lazy("Feedback for “true”"),
    "feedback_false": gettext_lazy("Feedback for “false”"),
    "otherwise": gettext_lazy("Feedback for other numbers"),
    "explanation": gettext_lazy("Explanation"),
    "case_sensitive": gettext_lazy("Case matters"),
    "ignore_accents": gettext_lazy("Ignore accents"),
    "exact": gettext_lazy("Exactly as written"),
    "value": gettext_lazy("Number"),
}


@dataclass(frozen=True)
class Compared:
    """A field of both versions. `left` and `right` are safe HTML with `del` and `ins`."""

    name: str
    left: SafeString
    right: SafeString
    differs: bool


def compared(left: Item, right: Item) -> list[Compared]:
    """Compare two items field by field, in the order of the first."""
    lefts, rights = dict(_flat(fields_of(left))), dict(_flat(fields_of(right)))
    names = dict.fromkeys([*lefts, *rights])
    rows = [_compare(name, lefts.get(name, ""), rights.get(name, "")) for name in names]
    # How a text is marked up is told only where it changed.
    return [row for row in rows if row.differs or not row.name.endswith("markup")]


def _compare(name: str, left: str, right: str) -> Compared:
    lefts, rights = left.split(" "), right.split(" ")
    old: list[tuple[str, str]] = []
    new: list[tuple[str, str]] = []
    for tag, from_a, to_a, from_b, to_b in SequenceMatcher(
        None, lefts, rights, autojunk=False
    ).get_opcodes():
        old.append(("" if tag == "equal" else "del", " ".join(lefts[from_a:to_a])))
        new.append(("" if tag == "equal" else "ins", " ".join(rights[from_b:to_b])))
    return Compared(_label(name), _marked(old), _marked(new), left != right)


def _marked(parts: list[tuple[str, str]]) -> SafeString:
    return format_html_join(
        " ",
        "{}",
        ((_part(tag, words),) for tag, words in parts if words),
    )


def _part(tag: str, words: str) -> SafeString:
    if not tag:
        return format_html("{}", words)
    # A word for screen readers: deletions and insertions are silent in most of them.
    spoken = _("Removed:") if tag == "del" else _("Added:")
    if tag == "del":
        return format_html('<del><span class="visually-hidden">{} </span>{}</del>', spoken, words)
    return format_html('<ins><span class="visually-hidden">{} </span>{}</ins>', spoken, words)


def _flat(fields: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each field with its path: choices 2 text."""
    for name, value in fields.items():
        path = f"{prefix} {name}".strip()
        if isinstance(value, dict):
            # A text has the same name with and without its markup.
            yield path, value["text"]
            yield f"{path} markup", value["markup"]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, each in enumerate(value, start=1):
                yield from _flat(each, f"{path} {number}")
        elif isinstance(value, list):
            yield path, ", ".join(map(str, value))
        else:
            yield path, _words(name, value)


def _words(name: str, value: str | bool | float) -> str:
    if name == "kind":
        return kind_name(str(value))
    if name == "difficulty":
        return str(DIFFICULTIES[str(value)])
    if isinstance(value, bool):
        return pgettext("answer", "True") if value else pgettext("answer", "False")
    return value if isinstance(value, str) else json.dumps(value)


def _label(path: str) -> str:
    """`choices 2 feedback` is Choice 2 · Feedback."""
    first, *rest = path.removesuffix(" text").split()
    if rest and rest[0].isdecimal():
        return " · ".join([f"{_word(first)} {rest[0]}", *map(_word, rest[1:])])
    return " · ".join(map(_word, [first, *rest]))


def _word(name: str) -> str:
    return str(LABELS.get(name, name.replace("_", " ").capitalize()))
