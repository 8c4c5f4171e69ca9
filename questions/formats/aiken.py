"""Aiken: a stem, choices `A.` or `A)`, and `ANSWER: B`. Plain text, one choice is right.

Source: docs.moodle.org/en/Aiken_format, and what real files do. Where Moodle guesses (a
second line of the stem replaces the first, `ANSWER: A, B` becomes A, `ANSWER: Z` makes a
question that nobody can answer), this reader joins the lines or says what is wrong.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from string import ascii_uppercase

from questions.formats.parsing import (
    LARGEST_FILE_BYTES,
    MOST_ERRORS,
    MOST_QUESTIONS,
    WHITESPACE,
    Line,
    ParseError,
    RawQuestion,
    numbered_lines,
    read_questions,
)
from questions.formats.problems import Problem, ReadFile
from questions.items import LONGEST_TEXT, Choice, SingleChoice, Text

__all__ = [
    "LARGEST_FILE_BYTES",
    "LONGEST_LINE",
    "MOST_ERRORS",
    "MOST_LINES",
    "MOST_QUESTIONS",
    "read_aiken",
]

LONGEST_LINE = 20_000
MOST_LINES = 1_000

LABELLED = re.compile(r"([A-Z])([.)])\s*(.*)")
LOWER_LABEL = re.compile(r"([a-z])[.)]\s+\S")
ANSWER = re.compile(r"ANSWER\s*:\s*(.*)", re.IGNORECASE)
# Possessive, so that a long row of spaces is not tried in every way.
SEVERAL = re.compile(r"[A-Z](?:[\s,;/&+]++[A-Z])++", re.IGNORECASE)


@dataclass
class Draft:
    """One question while it is being read."""

    line: int
    stem: list[str] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)


def read_aiken(content: bytes, *, domain: str = "") -> ReadFile:
    """Every question of an Aiken file, and every problem, by line.

    Reads on after a problem, so that one run names them all (the first 100 at most).
    `domain` is given to each item, since the format has none. Never raises for bad input.
    """
    return read_questions(content, _portions, functools.partial(_item, domain=domain))


def _portions(text: str) -> Iterator[RawQuestion[list[Line]]]:
    for block in _questions(text):
        yield RawQuestion(block[0][0], block[-1][0], block)


def _questions(text: str) -> Iterator[list[Line]]:
    """The lines of each question: all up to its ANSWER line, or to where the next one begins."""
    block: list[Line] = []
    after_blank = has_choices = False
    for number, raw in numbered_lines(text):
        line = raw.strip(WHITESPACE)
        if not line:
            after_blank = True
            continue
        is_choice, is_answer = bool(LABELLED.fullmatch(line)), bool(ANSWER.fullmatch(line))
        if after_blank and has_choices and not (is_choice or is_answer):
            yield block
            block, has_choices = [], False
        block.append((number, line))
        after_blank, has_choices = False, has_choices or is_choice
        if is_answer or len(block) == MOST_LINES:
            yield block
            block, has_choices = [], False
    if block:
        yield block


def _item(raw: RawQuestion[list[Line]], found: ReadFile, *, domain: str) -> SingleChoice:
    """The question in these lines; says in `found` what was mended. Raises: ParseError."""
    block = raw.content
    number, line = block[-1]
    if len(block) == MOST_LINES:
        raise ParseError(block[0][0], f"This question has {MOST_LINES:,} lines or more.")
    if not ANSWER.fullmatch(line):
        raise ParseError(
            block[0][0], "This question has no line ANSWER: with the letter of its right choice."
        )
    for at, words in block:
        if len(words) > LONGEST_LINE:
            raise ParseError(at, f"This line has more than {LONGEST_LINE:,} characters.")
    draft = _draft(block)
    key = _key(number, line, draft)
    if len(draft.stem) > 1:
        found.problems.append(
            Problem(draft.line, "The stem has several lines; they were joined.", is_error=False)
        )
    return SingleChoice(
        stem=Text(source="\n".join(draft.stem)),
        domain=domain,
        choices=tuple(
            Choice(id=label.lower(), text=Text(source=text), weight=100 if label == key else 0)
            for label, text in draft.choices
        ),
    )


def _draft(block: list[Line]) -> Draft:
    """Stem and choices of a question. Raises: ParseError."""
    draft = Draft(line=block[0][0])
    for number, line in block[:-1]:
        if len(draft.choices) == len(ascii_uppercase):
            raise ParseError(
                number, f"A question has {len(ascii_uppercase)} choices at most: A to Z."
            )
        expected = ascii_uppercase[len(draft.choices)]
        labelled = LABELLED.fullmatch(line)
        if labelled and draft.stem and (draft.choices or labelled[1] == "A"):
            _add_choice(draft, number, labelled, expected)
        elif draft.choices:
            raise ParseError(number, _stray(line, expected))
        else:
            draft.stem.append(line)
    if not draft.stem:
        raise ParseError(draft.line, "There is no question before the choices or the answer.")
    if sum(map(len, draft.stem)) + len(draft.stem) > LONGEST_TEXT:
        raise ParseError(draft.line, f"The stem has more than {LONGEST_TEXT:,} characters.")
    if len(draft.choices) < 2:
        _refuse_small_letters(block)
        raise ParseError(draft.line, "A question needs two choices at least: lines A. and B.")
    return draft


def _refuse_small_letters(block: list[Line]) -> None:
    """Raises ParseError where the choices are there, and only their labels are small."""
    for number, line in block:
        label = LOWER_LABEL.match(line)
        if label and label[1] == "a":
            raise ParseError(number, _stray(line, "A"))


def _add_choice(draft: Draft, number: int, labelled: re.Match[str], expected: str) -> None:
    label, _mark, text = labelled.groups()
    if label in {former for former, _text in draft.choices}:
        raise ParseError(
            number, f"The choice {label} stands here twice. Write {expected}. instead."
        )
    if label != expected:
        raise ParseError(number, f"The choice {expected} is missing before {label}.")
    if not text:
        raise ParseError(number, f"The choice {label} is empty.")
    draft.choices.append((label, text))


def _stray(line: str, expected: str) -> str:
    if LOWER_LABEL.match(line):
        return f"Labels are capital letters. Write {expected}. or {expected}) here."
    return (
        f"After the choices a line {expected}. or ANSWER: must follow, and each choice must "
        "stand in one line."
    )


def _key(number: int, line: str, draft: Draft) -> str:
    """The letter of the right choice. Raises: ParseError."""
    answer = ANSWER.fullmatch(line)
    letters = answer[1].strip().rstrip(".)") if answer else ""
    labels = [label for label, _text in draft.choices]
    if len(letters) > 1 and SEVERAL.fullmatch(letters):
        raise ParseError(
            number,
            f"ANSWER names several choices ({letters[:20]}). Aiken knows one: write one letter.",
        )
    if not re.fullmatch(r"[A-Za-z]", letters):
        raise ParseError(number, f"Write ANSWER: and one letter, such as ANSWER: {labels[0]}.")
    if letters.upper() not in labels:
        raise ParseError(
            number, f"ANSWER: {letters} names no choice; there are {labels[0]} to {labels[-1]}."
        )
    return letters.upper()
