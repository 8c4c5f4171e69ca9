"""The editor's form: an item as fields to type in, and back.

Both directions go through JSON Lines (`questions/formats/jsonl.py`), so that the editor can
say of a question exactly what a file can.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any

from django.core.files.storage import default_storage
from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from questions.formats.jsonl import item_of_fields
from questions.formats.jsonl_writer import fields_of, plain, text_of, usual_weight
from questions.images import FOLDER, NAME, ImageRefused
from questions.items import (
    EMPTY_ANSWER,
    EMPTY_STEM,
    EXACT_DIGITS,
    NO_CORRECT_CHOICE,
    NO_FULL_POINTS,
    AcceptedNumber,
    AcceptedText,
    Item,
    MultipleChoice,
    Numeric,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
    texts_of,
)

MARKUP = "markdown"
BLANK_ROWS = {"single_choice": 4, "multiple_choice": 4, "numeric": 1, "short_answer": 2}
MOST_ROWS = 100
ROW = re.compile(r"(choices|answers)-(\d{1,3})-\w+")
TEXTS = frozenset({"stem", "explanation", "otherwise", "feedback_true", "feedback_false"})
WORDS = frozenset({"title", "domain", "group", "difficulty", "id"})
SWITCHES = frozenset({"case_sensitive", "ignore_accents", "exact"})
STORED = re.compile(NAME)

Fields = dict[str, Any]


@dataclass
class Input:
    """A text to type: its name in the form, its words, and the markup they are in."""

    name: str
    text: str = ""
    markup: str = MARKUP
    error: str = ""

    @property
    def rows(self) -> int:
        """The height of the box, by the length of the text."""
        return min(max(2, self.text.count("\n") + len(self.text) // 70 + 1), 16)


@dataclass
class Row:
    """A choice, or an accepted answer. `values` are those of its short fields."""

    index: int
    text: Input
    feedback: Input
    values: dict[str, str] = field(default_factory=dict)
    is_right: bool = False
    error: str = ""


@dataclass
class Sheet:
    """What the editor shows of a question: its texts, its short fields, its rows."""

    kind: str
    texts: dict[str, Input]
    values: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    switches: dict[str, bool] = field(default_factory=dict)
    is_true: bool | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def has_choices(self) -> bool:
        """True for the kinds that are answered by choosing among rows."""
        return self.kind in {"single_choice", "multiple_choice"}

    def with_blank_rows(self, count: int) -> "Sheet":
        """The same with so many rows at least: without a script nobody can add one."""
        while len(self.rows) < min(count, MOST_ROWS):
            self.rows.append(_blank_row(self.kind, len(self.rows)))
        return self


def blank_sheet(kind: str) -> Sheet:
    """The form of a new question."""
    sheet = Sheet(kind, {name: Input(name) for name in TEXTS}, dict.fromkeys(WORDS, ""))
    sheet.values["tags"] = ""
    return sheet.with_blank_rows(BLANK_ROWS.get(kind, 0))


def _blank_row(kind: str, index: int) -> Row:
    part = "choices" if kind in {"single_choice", "multiple_choice"} else "answers"
    # Accepted words are compared, not shown as Markdown.
    text = Input(f"{part}-{index}-text", markup=MARKUP if part == "choices" else "plain")
    return Row(index, text, Input(f"{part}-{index}-feedback"))


# From an item


def sheet_of(item: Item) -> Sheet:
    """The form of a question that exists."""
    sheet = blank_sheet(item.kind)
    fields = fields_of(item)
    for name in TEXTS & fields.keys():
        sheet.texts[name] = _input(name, fields[name])
    for name in WORDS & fields.keys():
        sheet.values[name] = str(fields[name])
    sheet.values["tags"] = ", ".join(item.tags)
    sheet.switches = {name: bool(fields.get(name)) for name in SWITCHES}
    if isinstance(item, TrueFalse):
        sheet.is_true = item.is_true
    rows = list(_rows_of(item))
    sheet.rows = rows or sheet.rows
    return sheet


def _input(name: str, text: Text | str | Fields) -> Input:
    fields = text_of(text) if isinstance(text, Text) else text
    if isinstance(fields, str):
        return Input(name, fields, "text" if fields else MARKUP)
    return Input(name, fields["text"], fields["markup"])


def _rows_of(item: Item) -> Iterator[Row]:
    if isinstance(item, SingleChoice | MultipleChoice):
        usual = usual_weight(item)
        keys = [choice.id for choice in item.choices if choice.id in item.key]
        # Of a single choice one can be marked; other choices that earn all points say so.
        marked = keys[:1] if isinstance(item, SingleChoice) else keys
        for index, choice in enumerate(item.choices):
            is_right = choice.id in marked
            is_usual = choice.weight == (usual if is_right else 0)
            yield Row(
                index,
                _input(f"choices-{index}-text", choice.text),
                _input(f"choices-{index}-feedback", choice.feedback),
                {"weight": "" if is_usual else f"{choice.weight:.12g}", "id": choice.id},
                is_right=is_right,
            )
    elif isinstance(item, Numeric | ShortAnswer):
        for index, accepted in enumerate(item.accepted):
            weight = "" if accepted.weight == 100 else f"{accepted.weight:.12g}"
            values = {"weight": weight}
            words = ""
            if isinstance(accepted, AcceptedNumber):
                values |= _around(accepted)
            elif isinstance(accepted, AcceptedText):
                words = accepted.text
            yield Row(
                index,
                Input(f"answers-{index}-text", words, "plain"),
                _input(f"answers-{index}-feedback", accepted.feedback),
                values,
            )


def _around(accepted: AcceptedNumber) -> dict[str, str]:
    """The middle of the range, and how far it reaches to both sides. Exact."""
    with localcontext(prec=EXACT_DIGITS):
        middle = (accepted.low + accepted.high) / 2
        reach = (accepted.high - accepted.low) / 2
    return {"value": plain(middle), "tolerance": plain(reach) if reach else ""}


# From what was typed


def sheet_of_post(data: QueryDict, kind: str) -> Sheet:
    """The form as it was sent; rows in which nothing was typed are left out."""
    sheet = blank_sheet(kind)
    for name in TEXTS:
        sheet.texts[name] = _typed(data, name)
    for name in (*WORDS, "tags"):
        sheet.values[name] = _clean(data.get(name, "")).strip()
    sheet.switches = {name: name in data for name in SWITCHES}
    sheet.is_true = {"true": True, "false": False}.get(data.get("answer", ""))
    sheet.rows = list(_typed_rows(data, kind))
    return sheet


def without_nul(text: str) -> str:
    """The text without a character that PostgreSQL cannot store."""
    return text.replace("\0", "")


def _clean(text: str) -> str:
    return without_nul(text).replace("\r\n", "\n")


def _typed(data: Mapping[str, str], name: str, new_name: str = "") -> Input:
    markup = data.get(f"{name}-markup", MARKUP)
    return Input(new_name or name, _clean(data.get(name, "")), markup)


def _typed_rows(data: QueryDict, kind: str) -> Iterator[Row]:
    found = {match[2]: match[1] for match in map(ROW.fullmatch, data) if match}
    rights = set(data.getlist("right"))
    order = [number for number in data.getlist("row") if number in found]
    numbers = order or sorted(found, key=int)
    index = 0
    for number in dict.fromkeys(numbers):
        part = found[number]
        names = ("weight", "id", "value", "tolerance")
        values = {name: _clean(data.get(f"{part}-{number}-{name}", "")).strip() for name in names}
        text = _typed(data, f"{part}-{number}-text", f"{part}-{index}-text")
        feedback = _typed(data, f"{part}-{number}-feedback", f"{part}-{index}-feedback")
        if not any((text.text.strip(), feedback.text.strip(), values["value"])):
            continue
        yield Row(index, text, feedback, values, is_right=number in rights)
        index += 1


def fields_of_sheet(sheet: Sheet) -> Fields:
    """The fields of a line of JSON Lines, as they were typed."""
    fields: Fields = {"kind": sheet.kind}
    allowed = {"stem", "explanation"} | {
        "true_false": {"feedback_true", "feedback_false"},
        "numeric": {"otherwise"},
    }.get(sheet.kind, set())
    for name in allowed:
        if name == "stem" or sheet.texts[name].text.strip():
            fields[name] = _text(sheet.texts[name])
    fields |= {name: sheet.values[name] for name in WORDS if sheet.values[name]}
    fields["tags"] = [tag.strip() for tag in sheet.values["tags"].split(",") if tag.strip()]
    if sheet.kind == "true_false":
        fields["answer"] = sheet.is_true
    if sheet.has_choices:
        fields["choices"] = [_choice(sheet, row) for row in sheet.rows]
    elif sheet.kind in {"numeric", "short_answer"}:
        fields["answers"] = [_answer(sheet.kind, row) for row in sheet.rows]
    if sheet.kind == "short_answer":
        fields |= {name: sheet.switches[name] for name in SWITCHES}
    return fields


def _text(text: Input) -> Fields:
    return {"text": text.text, "markup": text.markup}


def _choice(sheet: Sheet, row: Row) -> Fields:
    fields: Fields = {"text": _text(row.text)}
    weight = row.values.get("weight", "")
    has_weights = any(each.values.get("weight") for each in sheet.rows)
    if row.is_right and (sheet.kind == "single_choice" or not has_weights or not weight):
        fields["right"] = True
    elif weight:
        fields["weight"] = _number(weight)
    if row.feedback.text.strip():
        fields["feedback"] = _text(row.feedback)
    if row.values.get("id"):
        fields["id"] = row.values["id"]
    return fields


def _answer(kind: str, row: Row) -> Fields:
    if kind == "numeric":
        tolerance = row.values.get("tolerance") or "0"
        fields: Fields = {
            "value": _number(row.values.get("value", "")),
            "tolerance": _number(tolerance),
        }
    else:
        fields = {"text": row.text.text.strip()}
    if row.values.get("weight"):
        fields["weight"] = _number(row.values["weight"])
    if row.feedback.text.strip():
        fields["feedback"] = _text(row.feedback)
    return fields


def _number(typed: str) -> str | Decimal:
    """The number, with a comma or a point; what is none is left to the reader to refuse."""
    return typed.replace(",", ".").replace("−", "-")


class Invalid(Exception):
    """What was typed is no question; the sheet says at which field, and why."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        super().__init__("invalid")


def item_of_sheet(sheet: Sheet, *, known: Item | None) -> Item:
    """The item that was typed. Pictures are those of `known`, and any that is stored.

    Raises: Invalid, with the errors written into the sheet.
    """
    try:
        item = item_of_fields(fields_of_sheet(sheet), markup=MARKUP, images=_pictures_of(known))
    except ValidationError as error:
        _place_errors(sheet, error)
        raise Invalid(sheet) from None
    return item


def stem_of_sheet(sheet: Sheet, *, known: Item | None) -> Item | None:
    """The stem alone, as an item that needs nothing else; None if it cannot be shown.

    For the preview of a question that is not complete yet.
    """
    fields = {"kind": "essay", "stem": _text(sheet.texts["stem"])}
    try:
        return item_of_fields(fields, markup=MARKUP, images=_pictures_of(known))
    except ValidationError:
        return None


def _pictures_of(known: Item | None) -> Any:
    references = {
        reference: name
        for text in (texts_of(known) if known else ())
        for reference, name in text.pictures
    }

    def stored(reference: str) -> str:
        if reference in references:
            return references[reference]
        if STORED.fullmatch(reference) and default_storage.exists(f"{FOLDER}/{reference}"):
            return reference
        raise ImageRefused(_("The image %(image)s was not found. Add it again."))

    return stored


# What pydantic and the items say, in words for the form. Others are shown as they are.
def _words_of(fault: ErrorDetails) -> str:
    limits = fault.get("ctx", {})
    if fault["type"] == "decimal_max_digits":
        return _("Enter a number with at most %(most)s digits.") % {"most": limits["max_digits"]}
    if fault["type"] == "string_too_long":
        return _("Enter at most %(most)s characters.") % {"most": limits["max_length"]}
    if fault["type"] == "too_short":
        needs_two = limits["min_length"] == 2
        return _("Enter at least two choices.") if needs_two else _("Enter at least one answer.")
    message = fault["msg"].removeprefix("Value error, ")
    sentence = message[:1].upper() + message[1:] + ("" if message[-1] in ".?" else ".")
    return _sentences().get(fault["type"], sentence)


def _sentences() -> dict[str, str]:
    """The messages by type of error."""
    number = _("Enter a number.")
    return {
        EMPTY_STEM: _("Enter the question."),
        EMPTY_ANSWER: _("Enter an answer."),
        NO_CORRECT_CHOICE: _("Mark the correct choice."),
        NO_FULL_POINTS: _("At least one answer must earn full credit."),
        "missing": _("Enter some text."),
        "bool_type": _("Select true or false."),
        "decimal_parsing": number,
        "float_parsing": number,
        "finite_number": number,
    }


def _place_errors(sheet: Sheet, error: ValidationError) -> None:
    """Write each error beside its field, or at the head of the form."""
    faults = error.errors(include_url=False, include_input=False)
    in_rows = any(len(fault["loc"]) > 1 for fault in faults)
    for fault in faults:
        if in_rows and fault["type"] == "too_short":
            # Rows with an error were not counted.
            continue
        words = _words_of(fault)
        path = [step for step in fault["loc"] if step != "source"]
        if path and path[0] == "domain":
            words = f"{_('Domain')}: {words}"
        if path and path[0] in sheet.texts:
            sheet.texts[str(path[0])].error = words
        elif len(path) > 1 and isinstance(path[1], int) and path[1] < len(sheet.rows):
            sheet.rows[path[1]].error = words
        elif words not in sheet.errors:
            sheet.errors.append(words)
