"""Write items as JSON Lines: what `jsonl.py` reads, without loss."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from questions.formats.jsonl import FORMER_MEDIUM
from questions.items import (
    NOTHING,
    Accepted,
    AcceptedNumber,
    AcceptedText,
    Choice,
    Item,
    Matching,
    MultipleChoice,
    Numeric,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
)

Fields = dict[str, Any]


def write_jsonl(items: Sequence[Item]) -> str:
    """Return a file with one item a line."""
    lines = (json.dumps(_of_file(item), ensure_ascii=False, default=str) for item in items)
    return "".join(f"{line}\n" for line in lines)


def _of_file(item: Item) -> Fields:
    fields = fields_of(item)
    return fields | {"difficulty": "medium"} if item.difficulty == FORMER_MEDIUM else fields


def fields_of(item: Item) -> Fields:
    """Return an item as the fields of its line, without those that have their usual value."""
    fields: Fields = {
        "kind": item.kind,
        "id": item.external_id,
        "title": item.title,
        "domain": item.domain,
        "group": item.group,
        "difficulty": str(item.difficulty),
        "tags": list(item.tags),
        "stem": text_of(item.stem),
        **_own_fields(item),
        "explanation": text_of(item.explanation),
    }
    return {name: value for name, value in fields.items() if value not in ("", [], None, False)} | (
        {"answer": item.is_true} if isinstance(item, TrueFalse) else {}
    )


def text_of(text: Text) -> str | Fields:
    """Return a text as its line has it: a string, or with its markup."""
    if text == NOTHING or text.markup == "text":
        return text.source
    return {"text": text.source, "markup": text.markup}


def _own_fields(item: Item) -> Fields:
    if isinstance(item, SingleChoice | MultipleChoice):
        return {"choices": [_choice(item, place) for place in range(len(item.choices))]}
    if isinstance(item, TrueFalse):
        return {
            "feedback_true": text_of(item.feedback_true),
            "feedback_false": text_of(item.feedback_false),
        }
    if isinstance(item, Numeric):
        numbers = [_number(accepted) for accepted in item.accepted]
        return {"answers": numbers, "otherwise": text_of(item.otherwise)}
    if isinstance(item, ShortAnswer):
        return {
            "answers": [_words(accepted) for accepted in item.accepted],
            "case_sensitive": item.is_case_sensitive,
            "ignore_accents": item.ignores_accents,
            "exact": item.is_exact,
        }
    if isinstance(item, Matching):
        pairs = [
            {"prompt": text_of(pair.prompt), "answer": text_of(pair.answer)} for pair in item.pairs
        ]
        return {"pairs": pairs, "distractors": [text_of(text) for text in item.distractors]}
    return {}


def _choice(item: SingleChoice | MultipleChoice, place: int) -> Fields:
    choice = item.choices[place]
    fields: Fields = {"text": text_of(choice.text)}
    if choice.weight and choice.weight == usual_weight(item):
        fields["right"] = True
    elif choice.weight:
        fields["weight"] = choice.weight
    if choice.feedback != NOTHING:
        fields["feedback"] = text_of(choice.feedback)
    if choice.id != str(place + 1):
        fields["id"] = choice.id
    return fields


def usual_weight(item: SingleChoice | MultipleChoice) -> float:
    """The weight of a correct choice that the reader gives where a line says only `right`.

    0 where the choices of the item cannot be written that way.
    """
    if isinstance(item, SingleChoice):
        return 100
    positive = [choice.weight for choice in item.choices if choice.weight > 0]
    usual = 100 / len(positive)
    return usual if all(_is_usual(choice, usual) for choice in item.choices) else 0


def _is_usual(choice: Choice, usual: float) -> bool:
    return choice.weight in (0, usual)


def _number(accepted: AcceptedNumber) -> Fields:
    if accepted.low == accepted.high:
        fields: Fields = {"value": plain(accepted.low)}
    else:
        fields = {"low": plain(accepted.low), "high": plain(accepted.high)}
    return fields | _weight_and_feedback(accepted)


def plain(number: Decimal) -> str:
    """Return the number with all its digits and no exponent."""
    return f"{number:f}"


def _words(accepted: AcceptedText) -> str | Fields:
    more = _weight_and_feedback(accepted)
    return {"text": accepted.text, **more} if more else accepted.text


def _weight_and_feedback(accepted: Accepted) -> Fields:
    fields: Fields = {}
    if accepted.weight != 100:
        fields["weight"] = accepted.weight
    if accepted.feedback != NOTHING:
        fields["feedback"] = text_of(accepted.feedback)
    return fields
