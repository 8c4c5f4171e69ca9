"""A question with its position, a finding about it, and the words that checks compare."""

import re
from dataclasses import dataclass

from questions.items import Choice, Item, SingleChoice, Text
from questions.text import plain_words

CODE = re.compile(r"<(pre|code|math)\b.*?</\1>", re.DOTALL)


@dataclass(frozen=True)
class Placed:
    """A question: `number` is its place in the bank, `line` that in its file; both from 1."""

    number: int
    line: int
    item: Item


@dataclass(frozen=True)
class Finding:
    """One fault of one question, or of the bank, told at the first question that shows it.

    `rule` is a short name for programs, `text` says what is wrong and what to do.
    """

    number: int
    line: int
    rule: str
    text: str


def found(question: Placed, rule: str, text: str) -> Finding:
    """A finding at a question."""
    return Finding(question.number, question.line, rule, text)


def words(text: Text) -> str:
    """What a learner reads, on one line. `text.html` must be there: `lint` sees to it."""
    return " ".join(plain_words(text.html).split())


def prose(text: Text) -> str:
    """The same without code and formulas, in which words mean something else."""
    return " ".join(plain_words(CODE.sub(" … ", text.html)).split())


def folded(text: Text) -> str:
    """For comparing: without regard to case, space and punctuation at the end.

    Pictures count: the same words beside another picture are another question.
    """
    pictures = [name for _reference, name in text.pictures]
    return " ".join([words(text).casefold().rstrip(" .?!:"), *pictures])


def key_and_others(item: SingleChoice) -> tuple[Choice, list[Choice]] | None:
    """The one choice that is right, and the rest; None where several are."""
    right = [choice for choice in item.choices if choice.id in item.key]
    others = [choice for choice in item.choices if choice.id not in item.key]
    return (right[0], others) if len(right) == 1 and others else None
