"""Aiken: a stem, choices `A.` or `A)`, and `ANSWER: B`. Plain text, one choice is right.

Source: docs.moodle.org/en/Aiken_format, and what real files do. Where Moodle guesses (a
second line of the stem replaces the first, `ANSWER: A, B` becomes A, `ANSWER: Z` makes a
question that nobody can answer), this reader joins the lines or says what is wrong.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from string import ascii_uppercase

from questions.formats.problems import Problem, ReadFile
from questions.items import LONGEST_TEXT, Choice, SingleChoice, Text

LARGEST_FILE_BYTES = 10_000_000
LONGEST_LINE = 20_000
# With these a file of 10 MB cannot take more than some hundred megabytes to read.
MOST_QUESTIONS = 20_000
MOST_LINES = 1_000
MOST_ERRORS = 100

LABELLED = re.compile(r"([A-Z])([.)])\s*(.*)")
LOWER_LABEL = re.compile(r"([a-z])[.)]\s+\S")
ANSWER = re.compile(r"ANSWER\s*:\s*(.*)", re.IGNORECASE)
# Possessive, so that a long row of spaces is not tried in every way.
SEVERAL = re.compile(r"[A-Z](?:[\s,;/&+]++[A-Z])++", re.IGNORECASE)
# Only these end a line: a form feed or U+2028 is a part of somebody's text.
LINE_END = re.compile(r"\r\n|\n|\r")
# All white space, and the mark of byte order that stands in the middle of joined files.
AROUND = "\ufeff" + "".join(filter(str.isspace, map(chr, range(0x3001))))


@dataclass
class Draft:
    """One question while it is being read."""

    line: int
    stem: list[str] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)


class Broken(Exception):
    """The question cannot be read; the problem says where and why."""

    def __init__(self, line: int, text: str) -> None:
        self.problem = Problem(line, text)
        super().__init__(text)


def read_aiken(content: bytes, *, domain: str = "") -> ReadFile:
    """Every question of an Aiken file, and every problem, by line.

    Reads on after a problem, so that one run names them all (the first 100 at most).
    `domain` is given to each item, since the format has none. Never raises for bad input.
    """
    found = ReadFile()
    try:
        text = decode(content)
    except Broken as broken:
        found.problems.append(broken.problem)
        return found
    errors = 0
    for block in _questions(text):
        if len(found.items) == MOST_QUESTIONS:
            too_many = f"The file has more than {MOST_QUESTIONS:,} questions. Split it."
            found.problems.append(Problem(block[0][0], too_many))
            break
        try:
            found.items.append(_item(block, found, domain=domain))
            found.lines.append(block[0][0])
        except Broken as broken:
            found.problems.append(broken.problem)
            errors += 1
        if errors == MOST_ERRORS:
            found.problems.append(Problem(block[-1][0], "Too many errors: stopped."))
            break
    if not found.items and not errors:
        found.problems.append(Problem(1, "The file holds no question."))
    return found


def decode(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark. Raises: Broken."""
    if len(content) > LARGEST_FILE_BYTES:
        megabytes = LARGEST_FILE_BYTES // 1_000_000
        raise Broken(1, f"The file is larger than {megabytes} MB. Split it.")
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding, name = ("utf-16", "UTF-16") if is_utf_16 else ("utf-8-sig", "UTF-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "ignore")
        raise Broken(
            _last_line(before), f"This is not {name} text. Save the file as UTF-8."
        ) from error
    if "\0" in text:
        before, _nul, _after = text.partition("\0")
        raise Broken(_last_line(before), "This is a binary file, not text.")
    return text


def _last_line(text: str) -> int:
    return len(LINE_END.findall(text)) + 1


Line = tuple[int, str]


def _lines(text: str) -> Iterator[Line]:
    """The lines with their numbers, one after another: a list of them could fill the memory."""
    number, start = 1, 0
    for end in LINE_END.finditer(text):
        yield number, text[start : end.start()].strip(AROUND)
        number, start = number + 1, end.end()
    yield number, text[start:].strip(AROUND)


def _questions(text: str) -> Iterator[list[Line]]:
    """The lines of each question: all up to its ANSWER line, or to where the next one begins."""
    block: list[Line] = []
    after_blank = has_choices = False
    for number, line in _lines(text):
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


def _item(block: list[Line], found: ReadFile, *, domain: str) -> SingleChoice:
    """The question in these lines; says in `found` what was mended. Raises: Broken."""
    number, line = block[-1]
    if len(block) == MOST_LINES:
        raise Broken(block[0][0], f"This question has {MOST_LINES:,} lines or more.")
    if not ANSWER.fullmatch(line):
        raise Broken(
            block[0][0], "This question has no line ANSWER: with the letter of its right choice."
        )
    for at, words in block:
        if len(words) > LONGEST_LINE:
            raise Broken(at, f"This line has more than {LONGEST_LINE:,} characters.")
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
    """Stem and choices of a question. Raises: Broken."""
    draft = Draft(line=block[0][0])
    for number, line in block[:-1]:
        if len(draft.choices) == len(ascii_uppercase):
            raise Broken(number, f"A question has {len(ascii_uppercase)} choices at most: A to Z.")
        expected = ascii_uppercase[len(draft.choices)]
        labelled = LABELLED.fullmatch(line)
        if labelled and draft.stem and (draft.choices or labelled[1] == "A"):
            _add_choice(draft, number, labelled, expected)
        elif draft.choices:
            raise Broken(number, _stray(line, expected))
        else:
            draft.stem.append(line)
    if not draft.stem:
        raise Broken(draft.line, "There is no question before the choices or the answer.")
    if sum(map(len, draft.stem)) + len(draft.stem) > LONGEST_TEXT:
        raise Broken(draft.line, f"The stem has more than {LONGEST_TEXT:,} characters.")
    if len(draft.choices) < 2:
        _refuse_small_letters(block)
        raise Broken(draft.line, "A question needs two choices at least: lines A. and B.")
    return draft


def _refuse_small_letters(block: list[Line]) -> None:
    """Raises Broken where the choices are there, and only their labels are small."""
    for number, line in block:
        label = LOWER_LABEL.match(line)
        if label and label[1] == "a":
            raise Broken(number, _stray(line, "A"))


def _add_choice(draft: Draft, number: int, labelled: re.Match[str], expected: str) -> None:
    label, _mark, text = labelled.groups()
    if label in {former for former, _text in draft.choices}:
        raise Broken(number, f"The choice {label} stands here twice. Write {expected}. instead.")
    if label != expected:
        raise Broken(number, f"The choice {expected} is missing before {label}.")
    if not text:
        raise Broken(number, f"The choice {label} is empty.")
    draft.choices.append((label, text))


def _stray(line: str, expected: str) -> str:
    if LOWER_LABEL.match(line):
        return f"Labels are capital letters. Write {expected}. or {expected}) here."
    return (
        f"After the choices a line {expected}. or ANSWER: must follow, and each choice must "
        "stand in one line."
    )


def _key(number: int, line: str, draft: Draft) -> str:
    """The letter of the right choice. Raises: Broken."""
    answer = ANSWER.fullmatch(line)
    letters = answer[1].strip().rstrip(".)") if answer else ""
    labels = [label for label, _text in draft.choices]
    if len(letters) > 1 and SEVERAL.fullmatch(letters):
        raise Broken(
            number,
            f"ANSWER names several choices ({letters[:20]}). Aiken knows one: write one letter.",
        )
    if not re.fullmatch(r"[A-Za-z]", letters):
        raise Broken(number, f"Write ANSWER: and one letter, such as ANSWER: {labels[0]}.")
    if letters.upper() not in labels:
        raise Broken(
            number, f"ANSWER: {letters} names no choice; there are {labels[0]} to {labels[-1]}."
        )
    return letters.upper()
