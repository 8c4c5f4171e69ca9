"""Write items as GIFT, and name what GIFT cannot say."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from questions.formats.jsonl_writer import plain
from questions.html_source import looks_like_html
from questions.items import (
    NOTHING,
    TOLERANCE_PERCENT,
    Accepted,
    Choice,
    Essay,
    Item,
    Matching,
    MultipleChoice,
    Numeric,
    Passage,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
    texts_of,
)

SPECIAL = re.compile(r"([\\~=#{}:])")
PREFIXES = {"markdown": "[markdown]", "html": "[html]", "plain": "[plain]"}


@dataclass(frozen=True)
class Loss:
    """What a format cannot say of a question; `number` counts from 1."""

    number: int
    text: str


def write_gift(items: Sequence[Item]) -> tuple[str, list[Loss]]:
    """Return a file of the items, and what of them it does not say."""
    blocks: list[str] = []
    losses: list[Loss] = []
    category = ""
    for number, item in enumerate(items, start=1):
        if item.domain != category:
            category = item.domain
            blocks.append(f"$CATEGORY: {_one_line(category) or 'top'}")
        blocks.append(_question(item))
        losses += [Loss(number, text) for text in _losses(item)]
    return "\n\n".join(blocks) + "\n", losses


def _question(item: Item) -> str:
    title = f"::{_escaped(item.title)}::" if item.title else ""
    stem = f"{title}{_text(item.stem)}"
    return _comment(item) + (stem if isinstance(item, Passage) else f"{stem} {_answers(item)}")


def _comment(item: Item) -> str:
    """The author's id and the tags, as Moodle reads them."""
    said = [f"[id:{item.external_id}]"] if item.external_id else []
    said += [f"[tag:{tag}]" for tag in item.tags]
    return f"// {_one_line(' '.join(said))}\n" if said else ""


def _answers(item: Item) -> str:
    if isinstance(item, Essay):
        return "{}"
    if isinstance(item, TrueFalse):
        return _true_or_false(item)
    lines = [*_lines(item)]
    if item.explanation != NOTHING:
        lines.append(f"####{_text(item.explanation)}")
    opening = "{#" if isinstance(item, Numeric) else "{"
    return opening + "".join(f"\n  {line}" for line in lines) + "\n}"


def _true_or_false(item: TrueFalse) -> str:
    """Source: Moodle's GIFT format: the first feedback is for the wrong answer."""
    right, wrong = item.feedback_true, item.feedback_false
    if not item.is_true:
        right, wrong = wrong, right
    said = "T" if item.is_true else "F"
    if wrong != NOTHING or right != NOTHING:
        said += f"#{_text(wrong)}"
    if right != NOTHING:
        said += f"#{_text(right)}"
    if item.explanation != NOTHING:
        said += f"####{_text(item.explanation)}"
    return f"{{{said}}}"


def _lines(item: Item) -> Iterator[str]:
    if isinstance(item, SingleChoice):
        yield from (_choice(choice, one=True) for choice in item.choices)
    elif isinstance(item, MultipleChoice):
        yield from (_choice(choice, one=False) for choice in item.choices)
    elif isinstance(item, Numeric):
        for number in item.accepted:
            reach = plain(number.low)
            if number.low != number.high:
                reach = f"{plain(number.low)}..{plain(number.high)}"
            yield f"={_weight(number)}{reach}{_feedback(number.feedback)}"
        if item.otherwise != NOTHING:
            yield f"~{_feedback(item.otherwise)}"
    elif isinstance(item, ShortAnswer):
        for words in item.accepted:
            yield f"={_weight(words)}{_escaped(words.text)}{_feedback(words.feedback)}"
    elif isinstance(item, Matching):
        for pair in item.pairs:
            yield f"={_text(pair.prompt)} -> {_plain_words(pair.answer)}"
        for text in item.distractors:
            yield f"= -> {_plain_words(text)}"


def _choice(choice: Choice, *, one: bool) -> str:
    is_full = choice.weight >= 100 - TOLERANCE_PERCENT
    if one and is_full:
        mark = "="
    elif choice.weight:
        mark = f"~%{choice.weight:.7g}%"
    else:
        mark = "~"
    return f"{mark}{_text(choice.text)}{_feedback(choice.feedback)}"


def _weight(accepted: Accepted) -> str:
    return "" if accepted.is_full else f"%{accepted.weight:.7g}%"


def _feedback(text: Text) -> str:
    return "" if text == NOTHING else f"#{_text(text)}"


def _text(text: Text) -> str:
    markup = text.markup
    if markup == "text" and looks_like_html(text.source):
        markup = "plain"
    return PREFIXES.get(markup, "") + _escaped(text.source)


def _plain_words(text: Text) -> str:
    return _escaped(text.source)


def _escaped(words: str) -> str:
    """A blank line would end the question, so line breaks are written as escapes."""
    escaped = SPECIAL.sub(r"\\\1", words)
    return escaped.replace("\r\n", "\n").replace("\n", "\\n")


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _losses(item: Item) -> Iterator[str]:
    if item.difficulty:
        yield _("Difficulty is not exported.")
    if item.group:
        yield _("Groups are not exported.")
    if any(text.pictures for text in texts_of(item)):
        yield _("Images are not exported.")
    if isinstance(item, ShortAnswer) and (
        item.is_case_sensitive or item.ignores_accents or item.is_exact
    ):
        yield _("Settings for case, accents, and exact matches are not exported.")
    if isinstance(item, Essay | Passage) and item.explanation != NOTHING:
        yield _("Explanations are not exported.")
