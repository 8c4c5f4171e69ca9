"""Aiken: a stem, choices `A.` or `A)`, and `ANSWER: B`. Plain text, one choice is right.

Source: docs.moodle.org/en/Aiken_format, and what real files do. Where Moodle guesses (a
second line of the stem replaces the first, `ANSWER: A, B` becomes A, `ANSWER: Z` makes a
question that nobody can answer, what follows `ANSWER` begins the next stem), this reader joins
the lines or says what is wrong. `Feedback:`, `Explanation:` and `Reference:` after `ANSWER` are
the explanation.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
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
from questions.items import LONGEST_TEXT, NOTHING, Choice, SingleChoice, Text
from questions.wording import grouped
from questions.wording import translate as _

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
# After ANSWER: `Feedback: …`, also `**Feedback:** …` and `Feedback - …`.
SEPARATOR = r"\**\s*(?:[:：]\**|\s[-–—]\s)"
EXPLANATION = re.compile(
    rf"(?:\**(?:feedback|explanation)s?{SEPARATOR}\s*|(?=references?\s*[:：]))(.*)",
    re.IGNORECASE,
)
METADATA = re.compile(
    r"(?:points?|marks?|score|grade|weight|difficulty|level|tags?|topic|category|objective)\s*:",
    re.IGNORECASE,
)
# A line such as `Hint: …`, directly under ANSWER and above other words.
NAMED = re.compile(r"[^\W\d_][\w -]{0,30}:\s")
LONGEST_QUOTE = 40
# Possessive, so that a long row of spaces is not tried in every way.
SEVERAL = re.compile(r"[A-Z](?:[\s,;/&+]++[A-Z])++", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """The lines of one question up to its ANSWER, and what follows that and belongs to it."""

    lines: list[Line]
    explanation: list[Line] = field(default_factory=list)
    stray: list[Line] = field(default_factory=list)


@dataclass
class Tail:
    """What stands between an ANSWER and the next choice, in paragraphs."""

    is_adjacent: bool = True
    paragraphs: list[list[Line]] = field(default_factory=list)
    is_open: bool = False
    count: int = 0

    def add(self, line: Line) -> None:
        """Add a line to the paragraph that is open, or begin one."""
        if not self.is_open:
            self.paragraphs.append([])
        self.paragraphs[-1].append(line)
        self.is_open = True
        self.count += 1

    def end_paragraph(self) -> None:
        """Take note of a blank line."""
        self.is_adjacent = self.is_adjacent and bool(self.paragraphs)
        self.is_open = False


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
    return read_questions(content, _raw_questions, functools.partial(_item, domain=domain))


def _raw_questions(text: str) -> Iterator[RawQuestion[Block]]:
    for block in _blocks(text):
        yield RawQuestion(block.lines[0][0], block.lines[-1][0], block)


def _blocks(text: str) -> Iterator[Block]:
    """Each question: all up to its ANSWER line, or to where the next one begins."""
    splitter = Splitter()
    for number, raw in numbered_lines(text):
        if line := raw.strip(WHITESPACE):
            yield from splitter.add((number, line))
        else:
            splitter.add_blank()
    yield from splitter.end()


@dataclass
class Splitter:
    """Splits lines into questions. `tail` is set once the ANSWER of `lines` was read."""

    lines: list[Line] = field(default_factory=list)
    tail: Tail | None = None
    is_after_blank: bool = False
    has_choices: bool = False

    def add_blank(self) -> None:
        """Take note of a blank line."""
        self.is_after_blank = True
        if self.tail:
            self.tail.end_paragraph()

    def add(self, line: Line) -> Iterator[Block]:
        """Yield the question before this line where it begins another one."""
        is_choice, is_answer = (bool(sign.fullmatch(line[1])) for sign in (LABELLED, ANSWER))
        is_text = not (is_choice or is_answer)
        if self.tail and is_text and self.tail.count < MOST_LINES:
            self.tail.add(line)
            return
        begins_another = self.is_after_blank and self.has_choices and is_text
        if self.tail or begins_another or len(self.lines) >= MOST_LINES:
            yield from self._close(is_followed=not is_text)
        self.lines.append(line)
        self.is_after_blank, self.has_choices = False, self.has_choices or is_choice
        self.tail = Tail() if is_answer else None

    def end(self) -> Iterator[Block]:
        """Yield what is left."""
        yield from self._close(is_followed=False)
        yield from self._close(is_followed=False)

    def _close(self, *, is_followed: bool) -> Iterator[Block]:
        """Yield the question that is open, if there is one; what is not its own stays."""
        block, rest = Block(self.lines), list[Line]()
        if self.tail:
            rest = _next_stem(block, self.tail, is_followed=is_followed)
        if block.lines:
            yield block
        self.lines, self.tail, self.has_choices = rest, None, False


def _next_stem(block: Block, tail: Tail, *, is_followed: bool) -> list[Line]:
    """The lines that begin the next question; those before them become the block's.

    `is_followed` says that a choice comes next: then the last paragraph holds its stem.
    """
    paragraphs, is_adjacent = tail.paragraphs, tail.is_adjacent
    while paragraphs:
        first, *others = paragraphs
        holds_stem = is_followed and not others
        own, into = _own_lines(first, block, holds_stem=holds_stem, is_adjacent=is_adjacent)
        if not own:
            break
        into += first[:own]
        is_adjacent = own < len(first)
        paragraphs = [first[own:], *others] if is_adjacent else others
    return [line for paragraph in paragraphs for line in paragraph]


def _own_lines(
    paragraph: list[Line], block: Block, *, holds_stem: bool, is_adjacent: bool
) -> tuple[int, list[Line]]:
    """How many lines of a paragraph belong to the question before it, and as what."""
    if holds_stem and not is_adjacent:
        return 0, block.stray
    words = paragraph[0][1]
    for pattern, into in ((EXPLANATION, block.explanation), (METADATA, block.stray)):
        if pattern.match(words):
            matched = [bool(pattern.match(line)) for _number, line in paragraph]
            return sum(takewhile(bool, matched)) if holds_stem else len(paragraph), into
    if holds_stem:
        is_stray = len(paragraph) > 1 and NAMED.match(words)
        return int(bool(is_stray)), block.stray
    return len(paragraph) if is_adjacent else 0, block.stray


def _item(raw: RawQuestion[Block], found: ReadFile, *, domain: str) -> SingleChoice:
    """The question in these lines; says in `found` what was joined. Raises: ParseError."""
    block = raw.content.lines
    number, line = block[-1]
    if len(block) == MOST_LINES:
        raise ParseError(
            block[0][0],
            _("This question is too long. Use fewer than %(most)s lines.")
            % {"most": grouped(MOST_LINES)},
        )
    if not ANSWER.fullmatch(line):
        raise ParseError(
            block[0][0],
            _("This question has no ANSWER: line. Add one with the letter of the correct choice."),
        )
    for at, words in (*block, *raw.content.explanation):
        if len(words) > LONGEST_LINE:
            raise ParseError(
                at,
                _("This line has more than %(most)s characters.") % {"most": grouped(LONGEST_LINE)},
            )
    for at, words in raw.content.stray:
        raise ParseError(at, _unknown(words))
    draft = _draft(block)
    key = _key(number, line, draft)
    if len(draft.stem) > 1:
        found.problems.append(
            Problem(
                draft.line,
                _("The stem has several lines. They were joined into one."),
                is_error=False,
            )
        )
    return SingleChoice(
        stem=Text(source="\n".join(draft.stem), markup="text"),
        explanation=_explanation(raw.content.explanation),
        domain=domain,
        choices=tuple(
            Choice(
                id=label.lower(),
                text=Text(source=text, markup="text"),
                weight=100 if label == key else 0,
            )
            for label, text in draft.choices
        ),
    )


def _explanation(lines: list[Line]) -> Text:
    """What `Feedback:` and the like say, without that word; a reference keeps its."""
    written = (EXPLANATION.match(line) or line for _number, line in lines)
    words = [found if isinstance(found, str) else found[1] for found in written]
    return Text(source="\n".join(words), markup="text") if any(words) else NOTHING


def _unknown(words: str) -> str:
    shown = words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE]}…"
    return _(
        "“%(words)s” appears after the ANSWER: line, where Aiken does not allow text. If it is an "
        "explanation, put Feedback: before it. If it starts the next question, put a blank line "
        "before it."
    ) % {"words": shown}


def _draft(block: list[Line]) -> Draft:
    """Stem and choices of a question. Raises: ParseError."""
    draft = Draft(line=block[0][0])
    for number, line in block[:-1]:
        if len(draft.choices) == len(ascii_uppercase):
            raise ParseError(
                number,
                _("A question can have at most %(most)s choices: A to Z.")
                % {"most": len(ascii_uppercase)},
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
        raise ParseError(draft.line, _("There is no question before the choices or the answer."))
    if sum(map(len, draft.stem)) + len(draft.stem) > LONGEST_TEXT:
        raise ParseError(
            draft.line,
            _("The stem has more than %(most)s characters.") % {"most": grouped(LONGEST_TEXT)},
        )
    if len(draft.choices) < 2:
        _refuse_small_letters(block)
        raise ParseError(
            draft.line,
            _("A question needs at least two choices, on lines that start with A. and B."),
        )
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
        said = {"label": label, "expected": expected}
        raise ParseError(
            number,
            _("Choice %(label)s appears twice. Start this line with “%(expected)s.” instead.")
            % said,
        )
    if label != expected:
        said = {"label": label, "expected": expected}
        raise ParseError(
            number, _("Choice %(expected)s is missing before choice %(label)s.") % said
        )
    if not text:
        raise ParseError(number, _("Choice %(label)s is empty.") % {"label": label})
    draft.choices.append((label, text))


def _stray(line: str, expected: str) -> str:
    if LOWER_LABEL.match(line):
        words = _("Choice labels must be capital letters. Use %(expected)s. or %(expected)s) here.")
    else:
        words = _(
            "The line after a choice must start with “%(expected)s.” or “ANSWER:”. Put each choice "
            "on a single line."
        )
    return words % {"expected": expected}


def _key(number: int, line: str, draft: Draft) -> str:
    """The letter of the right choice. Raises: ParseError."""
    answer = ANSWER.fullmatch(line)
    letters = answer[1].strip().rstrip(".)") if answer else ""
    labels = [label for label, _text in draft.choices]
    if len(letters) > 1 and SEVERAL.fullmatch(letters):
        raise ParseError(
            number,
            _(
                "The ANSWER: line lists several choices (%(letters)s). Aiken allows only one correct choice. "
                "Use one letter."
            )
            % {"letters": letters[:20]},
        )
    if not re.fullmatch(r"[A-Za-z]", letters):
        raise ParseError(
            number,
            _("Use ANSWER: and one letter, such as ANSWER: %(label)s.") % {"label": labels[0]},
        )
    if letters.upper() not in labels:
        raise ParseError(
            number,
            _("ANSWER: %(letters)s does not match a choice. The choices are %(first)s to %(last)s.")
            % {"letters": letters, "first": labels[0], "last": labels[-1]},
        )
    return letters.upper()
