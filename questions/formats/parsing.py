"""What the readers of text files share: bytes to text, lines, and going on after a problem.

What a format looks like stands in its own module; `problems.py` says what a reader returns,
`foreign.py` what is a file of none of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from questions.formats.faults import in_words
from questions.formats.problems import Problem, ReadFile
from questions.html_source import has_loose_breaks
from questions.items import Item, shown_texts, texts_of
from questions.text import formula_problems, safe_html, shows_nothing, without_empty_texts
from questions.wording import grouped
from questions.wording import translate as _

LARGEST_FILE_BYTES = 10_000_000
# With these a file of 10 MB cannot take more than some hundred megabytes to read.
MOST_QUESTIONS = 20_000
MOST_ERRORS = 100

LONGEST_QUOTE = 40

# Only these end a line: a form feed or U+2028 is a part of somebody's text.
LINE_END = re.compile(r"\r\n|\n|\r")
# All white space, and the mark of byte order that stands in the middle of joined files.
WHITESPACE = "\ufeff" + "".join(filter(str.isspace, map(chr, range(0x3001))))

Line = tuple[int, str]
Content = TypeVar("Content")


@dataclass(frozen=True)
class RawQuestion(Generic[Content]):
    """What a file says of one question, from line `first` to line `last`."""

    first: int
    last: int
    content: Content


class ParseError(Exception):
    """The question cannot be read; the problem says where and why."""

    def __init__(self, line: int, text: str) -> None:
        self.problem = Problem(line, text)
        super().__init__(text)


def read_questions(
    content: bytes,
    split: Callable[[str], Iterable[RawQuestion[Content]]],
    read: Callable[[RawQuestion[Content], ReadFile], Item],
) -> ReadFile:
    """Every question of a file, and every problem, by line.

    Reads on after a problem, so that one run names them all (the first 100 at most). `read`
    may raise ParseError or pydantic's ValidationError; nothing else comes out of bad input.
    """
    found = ReadFile()
    try:
        text = decode(content)
    except ParseError as broken:
        found.problems.append(broken.problem)
        return found
    errors = 0
    for raw in split(text):
        if len(found.items) == MOST_QUESTIONS:
            too_many = _("The file has more than %(most)s questions. Split it into smaller files.")
            found.problems.append(Problem(raw.first, too_many % {"most": grouped(MOST_QUESTIONS)}))
            break
        problem = _problem_of_reading(raw, found, read)
        if problem:
            found.problems.append(problem)
            errors += 1
        if errors == MOST_ERRORS:
            found.problems.append(
                Problem(
                    raw.last,
                    _("The rest of the file was not checked because there are too many errors."),
                )
            )
            break
    if not found.items and not errors:
        found.problems.append(Problem(1, _("The file contains no questions.")))
    return found


def _problem_of_reading(
    raw: RawQuestion[Content],
    found: ReadFile,
    read: Callable[[RawQuestion[Content], ReadFile], Item],
) -> Problem | None:
    """Adds the question to `found`, or gives what is wrong with it."""
    try:
        item = read(raw, found)
    except ParseError as broken:
        return broken.problem
    except ValidationError as error:
        return Problem(raw.first, in_words(error))
    item = without_empty_texts(item)
    problems = [Problem(raw.first, words, is_error) for words, is_error in _text_problems(item)]
    if refused := next((problem for problem in problems if problem.is_error), None):
        return refused
    found.problems += problems
    found.items.append(item)
    found.lines.append(raw.first)
    return None


def _text_problems(item: Item) -> Iterator[tuple[str, bool]]:
    """What is wrong with the texts of a question, and whether it stops the import.

    Markdown is written by hand, so a formula in it that cannot be read is an error; other
    texts come from programs that take it, and show it as it is written.
    """
    for text in texts_of(item):
        for words in formula_problems(text):
            yield f"{words[:1].upper()}{words[1:]}.", text.markup == "markdown"
    for text in shown_texts(item):
        quoted = {"text": repr(text.source[:LONGEST_QUOTE])}
        empty = shows_nothing(text)
        if empty and not safe_html(text):
            yield (
                _("This text would appear empty: %(text)s. Add visible text.") % quoted,
                True,
            )
        elif empty or (text.markup == "moodle" and has_loose_breaks(text.source)):
            words = _(
                "The HTML tags in this text will appear as plain text: %(text)s. To use HTML, "
                "start the text with [html]."
            )
            yield words % quoted, False


def decode(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark. Raises: ParseError."""
    if len(content) > LARGEST_FILE_BYTES:
        megabytes = LARGEST_FILE_BYTES // 1_000_000
        raise ParseError(
            1,
            _("The file is larger than %(most)s MB. Split it into smaller files.")
            % {"most": megabytes},
        )
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding, name = ("utf-16", "UTF-16") if is_utf_16 else ("utf-8-sig", "UTF-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "ignore")
        raise ParseError(
            _last_line(before),
            _("This file is not valid %(encoding)s text. Save it as UTF-8.") % {"encoding": name},
        ) from error
    if "\0" in text:
        before, _nul, _after = text.partition("\0")
        raise ParseError(_last_line(before), _("This is a binary file, not a text file."))
    return text


def _last_line(text: str) -> int:
    return len(LINE_END.findall(text)) + 1


def numbered_lines(text: str) -> Iterator[Line]:
    """The lines with their numbers, one after another: a list of them could fill the memory."""
    number, start = 1, 0
    for end in LINE_END.finditer(text):
        yield number, text[start : end.start()]
        number, start = number + 1, end.end()
    yield number, text[start:]
