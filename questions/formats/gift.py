r"""GIFT: `::title:: stem {=right ~wrong}`, in all its kinds.

Source: docs.moodle.org/en/GIFT_format and the behavior of Moodle's reader,
question/format/gift/format.php. It guesses where a file is wrong (the first of several `{…}`
counts, a category without a blank line after it swallows a question); this reader says what is
wrong, by line. What Moodle takes and we read otherwise, or not in full, is told in a note.

`\n` is a line break; a backslash before any of `~ = # { } : \` takes its meaning away.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NoReturn

from questions.formats.parsing import (
    WHITESPACE,
    Line,
    ParseError,
    RawQuestion,
    numbered_lines,
    read_questions,
)
from questions.formats.problems import Problem, ReadFile
from questions.items import (
    LONGEST_DOMAIN,
    MOST_CHOICES,
    NOTHING,
    AcceptedNumber,
    AcceptedText,
    Choice,
    Essay,
    Item,
    Markup,
    Matching,
    MultipleChoice,
    Numeric,
    Pair,
    Passage,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
)
from questions.wording import translate as _

LONGEST_BLOCK = 200_000
MOST_LINES = 2_000
MOST_COMMENTS = 100
LONGEST_TITLE = 255
BLANK = "_____"
# Stands where an escaped character was, in the text that is searched for signs.
HIDDEN = "\0"

COMMENT = re.compile(r"\s*//")
LABEL = re.compile(r"\[(id|tag):((?:[^\\\]]|\\.)*)\]")
CATEGORY = re.compile(r"\s*\$CATEGORY:(.*)", re.DOTALL)
ESCAPED = re.compile(r"\\(.)")
ESCAPE = re.compile(r"\\([~=#{}:\\n])")
MARKUP = re.compile(r"\s*\[(html|markdown|plain|moodle)\]")
# As Moodle has it: what begins with % and is no weight, as %d or %reset, belongs to the answer.
WEIGHT = re.compile(r"\s*%-*(?P<digits>\d{1,3}(?:\.\d{0,20})?)%")
NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?")
SIGN = re.compile(r"[=~]")
# A picture, not the name of the tag
IMAGE = re.compile(r"<img\s|@@PLUGINFILE@@", re.IGNORECASE)
# What turns the direction of the words around it.
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
TRUE_OR_FALSE = {"T": True, "TRUE": True, "F": False, "FALSE": False}

ANY_NUMBER = "*"


@dataclass(frozen=True)
class Block:
    """The lines of one question, and the category and comments that belong to it."""

    lines: list[Line]
    category: str
    comments: list[str]


@dataclass(frozen=True)
class Source:
    """The words of one question.

    `text` is as it is meant; `signs` has the same length, and in it every character that was
    escaped is hidden, so that what is found there is a sign of the format.
    """

    text: str
    signs: str
    line_starts: tuple[tuple[int, int], ...]
    notes: list[Problem] = field(default_factory=list)

    def line_of(self, place: int) -> int:
        """The line of the file in which a place of the text stands."""
        return next(number for start, number in reversed(self.line_starts) if start <= place)


@dataclass(frozen=True)
class Span:
    """A part of a source. Signs are looked for in `signs`; words are taken from `text`."""

    source: Source
    start: int
    end: int

    @property
    def raw(self) -> str:
        """The words, as they are meant, with the white space around them."""
        return self.source.text[self.start : self.end]

    @property
    def text(self) -> str:
        """The words, as they are meant."""
        return self.raw.strip(WHITESPACE)

    @property
    def signs(self) -> str:
        """As long as `raw`, with escaped characters hidden."""
        return self.source.signs[self.start : self.end]

    def part(self, start: int, end: int | None = None) -> "Span":
        """From `start` to `end`, both counted from the beginning of this one."""
        return Span(self.source, self.start + start, self.end if end is None else self.start + end)

    def cut(self, sign: str) -> "tuple[Span, Span | None]":
        """What stands before the first such sign, and after it; None where there is none."""
        at = self.signs.find(sign)
        return (self, None) if at < 0 else (self.part(0, at), self.part(at + len(sign)))

    @property
    def line(self) -> int:
        """The line in which the first word of this part stands."""
        before = len(self.raw) - len(self.raw.lstrip(WHITESPACE))
        return self.source.line_of(self.start + (before if before < len(self.raw) else 0))

    def broken(self, words: str) -> NoReturn:
        """Raises: ParseError, with the line of this part."""
        raise ParseError(self.line, words)

    def note(self, words: str) -> None:
        """Tell something about this part that does not stop the import."""
        self.source.notes.append(Problem(self.line, words, is_error=False))


@dataclass(frozen=True)
class Answer:
    """One answer between the braces. `weight` is in per cent, None where none is written.

    `whole` is the answer with its weight and without its feedback.
    """

    is_marked_right: bool
    weight: float | None
    words: Span
    feedback: Span | None
    whole: Span

    def weight_or(self, usual: float) -> float:
        """The weight that is written, or the usual one."""
        return usual if self.weight is None else self.weight

    @property
    def choice_weight(self) -> float:
        """The weight of a choice: without one, all for a right one and nothing for others."""
        return self.weight_or(100 if self.is_marked_right else 0)


def read_gift(content: bytes, *, domain: str = "") -> ReadFile:
    """Every question of a GIFT file, and every problem, by line.

    `domain` is given to questions that stand under no `$CATEGORY:`. Never raises for bad
    input.
    """
    return read_questions(content, _blocks, functools.partial(_item, domain=domain))


def _blocks(text: str) -> Iterator[RawQuestion[Block]]:
    """What stands between blank lines; a category is one line."""
    category = ""
    lines: list[Line] = []
    comments: list[str] = []
    for number, line in numbered_lines(text):
        if COMMENT.match(line):
            if "[" in line and len(comments) < MOST_COMMENTS:
                comments.append(line)
            continue
        found = CATEGORY.fullmatch(line)
        if line.strip(WHITESPACE) and not found:
            lines.append((number, line))
            if len(lines) <= MOST_LINES:
                continue
        if lines:
            yield RawQuestion(lines[0][0], lines[-1][0], Block(lines, category, comments))
            lines, comments = [], []
        if found:
            category = _category(found[1])
    if lines:
        yield RawQuestion(lines[0][0], lines[-1][0], Block(lines, category, comments))


def _category(path: str) -> str:
    """The names of a path such as `$course$/top/Rules/Signs`: `Rules / Signs`."""
    names = re.split(r"(?<!/)/(?!/)", ESCAPE.sub(_meant, path))
    kept = [name.replace("//", "/").strip(WHITESPACE) for name in names]
    return " / ".join(
        name for name in kept if name not in ("", "top", ".", "..") and not name.startswith("$")
    )


def _meant(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]


def _source(block: Block) -> Source:
    """The block with its escapes taken away. Raises: ParseError where it is far too long."""
    if len(block.lines) > MOST_LINES or sum(len(line) for _n, line in block.lines) > LONGEST_BLOCK:
        raise ParseError(
            block.lines[0][0],
            _("This question is too long. Check for a missing blank line between questions."),
        )
    texts, signs, starts, start = [], [], [], 0
    for number, line in block.lines:
        texts.append(ESCAPE.sub(_meant, line))
        signs.append(ESCAPE.sub(HIDDEN, line))
        starts.append((start, number))
        start += len(texts[-1]) + 1
    return Source("\n".join(texts), "\n".join(signs), tuple(starts))


def _item(raw: RawQuestion[Block], found: ReadFile, *, domain: str) -> Item:
    """The question of a block. Raises: ParseError, ValidationError."""
    source = _source(raw.content)
    title, rest = _title(Span(source, 0, len(source.text)))
    before, inner, after = _braces(rest)
    stem_words = before.raw + (BLANK + after.raw if after and after.text else "")
    stem, markup = _stem(stem_words.strip(WHITESPACE) or title)
    if not stem.source:
        before.broken(_("The question text is missing. Add it before the {."))
    if IMAGE.search(source.text):
        rest.note(
            _("This question includes an image that is not in the file. The image was skipped.")
        )
    common = {"stem": stem, "title": title, **_labels(raw.content, rest, domain)}
    item = _of_its_kind(inner, markup, common) if inner else Passage(**common)
    found.problems += source.notes
    return item


def _labels(block: Block, span: Span, domain: str) -> dict[str, Any]:
    """The domain, and what the comments before the question say of it."""
    labels = [
        (name, ESCAPED.sub(r"\1", words).strip())
        for name, words in LABEL.findall("\n".join(block.comments))
    ]
    named = block.category or domain
    if len(named) > LONGEST_DOMAIN:
        most = {"most": LONGEST_DOMAIN}
        span.note(_("The category was shortened to %(most)s characters.") % most)
    return {
        "domain": named[:LONGEST_DOMAIN],
        "external_id": next((words for name, words in labels if name == "id"), ""),
        "tags": tuple(words for name, words in labels if name == "tag"),
    }


def _title(whole: Span) -> tuple[str, Span]:
    """The title, and what follows it."""
    start = whole.part(len(whole.raw) - len(whole.raw.lstrip(WHITESPACE)))
    if not start.signs.startswith("::"):
        return "", start
    title, rest = start.part(2).cut("::")
    if rest is None:
        start.broken(_("The title has no closing ::. Write ::title:: before the question."))
    if len(title.text) > LONGEST_TITLE:
        most = {"most": LONGEST_TITLE}
        title.note(_("The title was shortened to %(most)s characters.") % most)
    return DIRECTIONS.sub("", title.text)[:LONGEST_TITLE], rest


def _braces(rest: Span) -> tuple[Span, Span | None, Span | None]:
    """What stands before, between and after the braces; only before where there are none."""
    signs = rest.signs
    opened, closed = signs.find("{"), signs.find("}")
    if opened < 0 and closed < 0:
        if signs.lstrip().startswith(("=", "~")):
            rest.broken(
                _(
                    "The { before these answers is missing. A blank line ends a question, even "
                    "inside { }."
                )
            )
        return rest, None, None
    if opened < 0 or -1 < closed < opened:
        rest.part(closed).broken(_("This } has no matching {. Use \\} if it is part of the text."))
    if closed < 0:
        rest.part(opened).broken(
            _("This { has no matching }. A blank line ends a question, even inside { }.")
        )
    for sign, first in (("{", opened), ("}", closed)):
        if (second := signs.find(sign, first + 1)) >= 0:
            rest.part(second).broken(
                _("There is a second %(sign)s. Use \\%(sign)s if it is part of the text.")
                % {"sign": sign}
            )
    return rest.part(0, opened), rest.part(opened + 1, closed), rest.part(closed + 1)


def _stem(words: str) -> tuple[Text, Markup]:
    """The stem, and the markup that texts without one of their own take from it."""
    prefix = MARKUP.match(words)
    markup: Any = prefix[1] if prefix else "moodle"
    return _as_text(words[prefix.end() :] if prefix else words, markup), markup


def _text(span: Span | None, inherited: Markup) -> Text:
    """The words of a part, in the markup that they name or else in the stem's."""
    if span is None or not span.text:
        return NOTHING
    prefix = MARKUP.match(span.signs)
    markup: Any = prefix[1] if prefix else inherited
    return _as_text(span.part(prefix.end()).text if prefix else span.text, markup)


def _as_text(words: str, markup: Markup) -> Text:
    return Text(source=words.strip(WHITESPACE), markup=markup)


def _of_its_kind(inner: Span, markup: Markup, common: dict[str, Any]) -> Item:
    """The question with these braces. The order of the questions is Moodle's."""
    at = inner.signs.rfind("####")
    if at >= 0:
        common["explanation"] = _text(inner.part(at + 4), markup)
        inner = inner.part(0, at)
    signs = inner.signs.strip()
    if not inner.text:
        return Essay(**common)
    if signs.startswith("#"):
        return _numeric(inner.part(inner.signs.find("#") + 1), markup, common)
    if "~" in signs:
        return _choices(inner, markup, common)
    if "=" in signs and "->" in signs:
        return _matching(inner, markup, common)
    head, feedback = inner.cut("#")
    if head.signs.strip() in TRUE_OR_FALSE:
        return _true_false(TRUE_OR_FALSE[head.text], feedback, markup, common)
    return _short_answer(inner, markup, common)


def _answers(inner: Span, *, first_is_right: bool = True) -> list[Answer]:
    """What stands after each `=` and `~`; without one before it the first is as is said.

    Answers of which nothing is written are left out, with a note. Raises: ParseError.
    """
    places = [found.start() for found in SIGN.finditer(inner.signs)]
    if len(places) > MOST_CHOICES:
        inner.broken(_("A question can have at most %(most)s answers.") % {"most": MOST_CHOICES})
    answers = [
        _answer(inner.part(place + 1, following), is_marked_right=inner.signs[place] == "=")
        for place, following in zip(places, [*places[1:], None], strict=False)
    ]
    first = inner.part(0, places[0] if places else None)
    if first.text:
        answers.insert(0, _answer(first, is_marked_right=first_is_right))
    written = [answer for answer in answers if answer.words.text]
    for answer in answers:
        if not answer.words.text and written:
            answer.words.note(_("This answer is empty and was skipped."))
    return written or inner.broken(_("This answer is empty."))


def _answer(span: Span, *, is_marked_right: bool) -> Answer:
    weight, rest = None, span
    if written := WEIGHT.match(span.signs):
        sign = -1 if "-" in written[0] else 1
        weight, rest = sign * float(written["digits"]), span.part(written.end())
    if abs(weight or 0) > 100:
        span.broken(_("A weight must be between %-100% and %100%."))
    words, feedback = rest.cut("#")
    return Answer(is_marked_right, weight, words, feedback, span.cut("#")[0])


def _typed_weight(answer: Answer) -> float:
    """The share of the points that typed words or a number earn."""
    weight = answer.weight_or(100)
    if weight < 0:
        answer.words.note(
            _("A typed answer cannot have a negative weight, so the weight was set to 0.")
        )
    return max(weight, 0)


def _choices(inner: Span, markup: Markup, common: dict[str, Any]) -> SingleChoice | MultipleChoice:
    """With an `=` one choice is taken, without one any number."""
    answers = _answers(inner, first_is_right=False)
    if len(answers) < 2:
        inner.broken(_("A question needs at least two choices."))
    is_single = any(answer.is_marked_right for answer in answers)
    if is_single and all(answer.choice_weight < 100 for answer in answers):
        answers = [_without_weight(answer) for answer in answers]
    kind = SingleChoice if is_single else MultipleChoice
    return kind(
        choices=tuple(
            Choice(
                id=str(place),
                text=_text(answer.words, markup),
                weight=answer.choice_weight,
                feedback=_text(answer.feedback, markup),
            )
            for place, answer in enumerate(answers, start=1)
        ),
        **common,
    )


def _without_weight(answer: Answer) -> Answer:
    """Moodle knows no weight after the `=` of a choice: the answer is right, and says so."""
    if not answer.is_marked_right:
        return answer
    answer.whole.note(
        _("A weight is allowed only after ~. Here it was read as part of the answer.")
    )
    return replace(answer, weight=None, words=answer.whole)


def _true_false(
    is_true: bool, feedback: Span | None, markup: Markup, common: dict[str, Any]
) -> TrueFalse:
    """The first feedback is for the wrong answer, the second for the right one."""
    wrong, right = feedback.cut("#") if feedback else (None, None)
    for_true, for_false = (right, wrong) if is_true else (wrong, right)
    return TrueFalse(
        is_true=is_true,
        feedback_true=_text(for_true, markup),
        feedback_false=_text(for_false, markup),
        **common,
    )


def _short_answer(inner: Span, markup: Markup, common: dict[str, Any]) -> ShortAnswer:
    """What is typed is plain: a prefix such as `[html]` is left out."""
    accepted = []
    for answer in _answers(inner):
        prefix = MARKUP.match(answer.words.signs)
        words = answer.words.part(prefix.end() if prefix else 0)
        if not words.text:
            words.broken(_("This answer is empty."))
        accepted.append(
            AcceptedText(
                text=words.text,
                weight=_typed_weight(answer),
                feedback=_text(answer.feedback, markup),
            )
        )
    return ShortAnswer(accepted=tuple(accepted), **common)


def _numeric(inner: Span, markup: Markup, common: dict[str, Any]) -> Numeric:
    """Numbers after `{#`; what follows a `~`, or a `*` of no weight, is for every other number."""
    numbers, rest = inner.cut("~")
    if not numbers.text:
        inner.broken(_("There is no number after {#."))
    _words, feedback = rest.cut("#") if rest else (None, None)
    answers = _answers(numbers)
    for answer in answers:
        if _is_any_number(answer):
            feedback = feedback or answer.feedback
    return Numeric(
        accepted=tuple(
            _number(answer, _text(answer.feedback, markup))
            for answer in answers
            if not _is_any_number(answer)
        ),
        otherwise=_text(feedback, markup),
        **common,
    )


def _is_any_number(answer: Answer) -> bool:
    return answer.words.text == ANY_NUMBER and answer.weight_or(100) <= 0


def _number(answer: Answer, feedback: Text) -> AcceptedNumber:
    """`1..5`, `3:2` or `4`."""
    weight = _typed_weight(answer)
    first, dots, second = answer.words.text.partition("..")
    if dots:
        low, high = _decimal(first, answer.words), _decimal(second, answer.words)
        if low > high:
            answer.words.note(
                _(
                    "The start of the range is greater than its end. The range was read as "
                    "%(low)s..%(high)s."
                )
                % {"low": second, "high": first}
            )
        return AcceptedNumber(
            low=min(low, high), high=max(low, high), weight=weight, feedback=feedback
        )
    value, _colon, tolerance = answer.words.text.partition(":")
    return AcceptedNumber.around(
        _decimal(value, answer.words),
        abs(_decimal(tolerance or "0", answer.words)),
        weight=weight,
        feedback=feedback,
    )


def _decimal(words: str, span: Span) -> Decimal:
    number = words.strip(WHITESPACE)
    if not NUMBER.fullmatch(number):
        said = {"number": repr(number[:40])}
        span.broken(_("%(number)s is not a number. Use a decimal point, as in 1.5.") % said)
    return Decimal(number)


def _matching(inner: Span, markup: Markup, common: dict[str, Any]) -> Matching:
    """Prompts and their answers; an answer without a prompt is a distractor."""
    pairs, distractors = [], []
    for answer in _answers(inner):
        span = Span(inner.source, answer.words.start, (answer.feedback or answer.words).end)
        prompt, match = span.cut("->")
        if match is None or not match.text:
            span.broken(_("Write each line of a matching question like this: = prompt -> answer"))
        if prompt.text:
            pairs.append(Pair(prompt=_text(prompt, markup), answer=_text(match, "plain")))
        else:
            distractors.append(_text(match, "plain"))
    return Matching(pairs=tuple(pairs), distractors=tuple(distractors), **common)
