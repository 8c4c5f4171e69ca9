"""JSON Lines: one question a line, with everything that a question can have.

`docs/formats.md` describes the fields; the models here are that description as code. What
an item must be, so that it can be answered, stands in `questions/items.py`.
"""

import functools
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from questions.formats.faults import in_words
from questions.formats.parsing import (
    WHITESPACE,
    ParseError,
    RawQuestion,
    numbered_lines,
    read_questions,
)
from questions.formats.problems import ReadFile
from questions.images import ImageRefused
from questions.items import (
    EMPTY_STEM,
    LONGEST_ANSWER,
    LONGEST_DOMAIN,
    MOST_ACCEPTED,
    MOST_CHOICES,
    NOTHING,
    AcceptedNumber,
    AcceptedText,
    Choice,
    Difficulty,
    Essay,
    Frozen,
    Item,
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
from questions.text import pictures_in
from questions.wording import grouped
from questions.wording import translate as _

LONGEST_LINE = 1_000_000
LONGEST_NAME = 60
MARKUPS = ("text", "plain", "markdown", "html", "moodle")


def as_fields(value: object, info: ValidationInfo) -> object:
    """The fields of a text, in the markup of its line where it says none."""
    said = {"text": value} if isinstance(value, str) else value
    if not isinstance(said, dict) or not {"text"} <= set(said) <= {"text", "markup"}:
        raise ValueError(_('use a string, or {"text": …, "markup": …}'))
    markup = said.get("markup", (info.context or {}).get("markup", "text"))
    if markup not in MARKUPS:
        raise ValueError(
            _('set "markup" to one of these values: %(values)s') % {"values": ", ".join(MARKUPS)}
        )
    return {"source": said["text"], "markup": markup}


def with_pictures(text: Text, info: ValidationInfo) -> Text:
    """Return the text with the names of its stored pictures.

    Raises ValueError for a picture that is missing, or that has no description for people who
    cannot see it.
    """
    found = pictures_in(text)
    if not found:
        return text
    images = (info.context or {}).get("images")
    if images is None:
        raise ValueError(
            _("an image can be imported only if it is in the same folder as the question file")
        )
    return text.model_copy(
        update={"pictures": tuple(dict(_kept(*picture, images) for picture in found).items())}
    )


def _kept(reference: str, described: str, images: Callable[[str], str]) -> tuple[str, str]:
    """The reference and the name of its picture. Raises ValueError, with the reference."""
    shown = reference[:LONGEST_NAME]
    if not described:
        raise ValueError(
            _("add a description of the image %(image)s: ![description](%(image)s)")
            % {"image": shown}
        )
    try:
        return reference, images(reference)
    except ImageRefused as error:
        raise ValueError(error.about(shown)) from error


def as_object(value: object) -> object:
    """An accepted answer may be a string alone."""
    return {"text": value} if isinstance(value, str) else value


Words = Annotated[Text, BeforeValidator(as_fields), AfterValidator(with_pictures)]
Weight = Annotated[float, Field(ge=-100, le=100)]
# Files of before, and stored questions, have another word for "medium".
FORMER_MEDIUM = Difficulty.MIDDLING.value
DifficultyWord = Annotated[
    Literal["", "easy", "medium", "hard"],
    BeforeValidator(lambda word: "medium" if word == FORMER_MEDIUM else word),
]


class Line(Frozen, ABC):
    """The fields of every kind."""

    kind: str
    stem: Words
    title: str = ""
    explanation: Words = NOTHING
    domain: str = Field(default="", max_length=LONGEST_DOMAIN)
    group: str = ""
    difficulty: DifficultyWord = ""
    tags: tuple[str, ...] = ()
    id: str = ""

    @model_validator(mode="after")
    def asks_something(self) -> Self:
        """A stem of white space is none."""
        if not self.stem.source.strip(WHITESPACE):
            raise PydanticCustomError(EMPTY_STEM, _("the stem is empty"))
        return self

    @abstractmethod
    def item(self, domain: str) -> Item:
        """The item; `domain` is for a line that names none. Raises: ValidationError."""

    def common(self, domain: str) -> dict[str, Any]:
        """The same fields as an item has them."""
        return {
            "stem": self.stem,
            "title": self.title,
            "explanation": self.explanation,
            "domain": self.domain or domain,
            "group": self.group,
            "difficulty": FORMER_MEDIUM if self.difficulty == "medium" else self.difficulty,
            "tags": self.tags,
            "external_id": self.id,
        }


class ChoicePart(Frozen):
    """One choice. `right` and `weight` say the same; one of them is enough."""

    text: Words
    right: StrictBool = False
    weight: Weight | None = None
    feedback: Words = NOTHING
    pinned: StrictBool = False
    id: str = ""

    @model_validator(mode="after")
    def is_said_once(self) -> Self:
        """Both could contradict each other."""
        if self.right and self.weight is not None:
            raise ValueError(_('use either "right" or "weight", but not both'))
        return self

    def choice(self, place: int, usual: float) -> Choice:
        """The choice; a right one without a weight has the usual one."""
        weight = (usual if self.right else 0) if self.weight is None else self.weight
        return Choice(
            id=self.id or str(place),
            text=self.text,
            weight=weight,
            feedback=self.feedback,
            is_pinned=self.pinned,
        )


class ChoiceLine(Line):
    """Kinds with choices."""

    choices: tuple[ChoicePart, ...] = Field(min_length=2, max_length=MOST_CHOICES)

    def as_choices(self, usual: float) -> tuple[Choice, ...]:
        """The choices of the item."""
        return tuple(part.choice(place, usual) for place, part in enumerate(self.choices, start=1))


class SingleChoiceLine(ChoiceLine):
    def item(self, domain: str) -> Item:
        return SingleChoice(choices=self.as_choices(100), **self.common(domain))


class MultipleChoiceLine(ChoiceLine):
    def item(self, domain: str) -> Item:
        right = sum(part.right for part in self.choices)
        return MultipleChoice(choices=self.as_choices(100 / (right or 1)), **self.common(domain))


class TrueFalseLine(Line):
    answer: StrictBool
    feedback_true: Words = NOTHING
    feedback_false: Words = NOTHING

    def item(self, domain: str) -> Item:
        return TrueFalse(
            is_true=self.answer,
            feedback_true=self.feedback_true,
            feedback_false=self.feedback_false,
            **self.common(domain),
        )


class NumberPart(Frozen):
    """A value with its tolerance, or the lowest and the highest number."""

    value: Decimal | None = None
    tolerance: Decimal = Field(default=Decimal(0), ge=0)
    low: Decimal | None = None
    high: Decimal | None = None
    weight: Weight = 100
    feedback: Words = NOTHING

    @model_validator(mode="after")
    def is_one_of_both(self) -> Self:
        """Neither says nothing, both could contradict each other."""
        if [self.value is None, self.low is None, self.high is None] not in (
            [False, True, True],
            [True, False, False],
        ):
            raise ValueError(
                _('use either "value" (with an optional "tolerance") or "low" and "high"')
            )
        return self

    def accepted(self) -> AcceptedNumber:
        """The range, as an item has it."""
        said: dict[str, Any] = {"weight": self.weight, "feedback": self.feedback}
        if self.value is not None:
            return AcceptedNumber.around(self.value, self.tolerance, **said)
        return AcceptedNumber(low=self.low, high=self.high, **said)


class NumericLine(Line):
    answers: tuple[NumberPart, ...] = Field(min_length=1, max_length=MOST_ACCEPTED)
    otherwise: Words = NOTHING

    def item(self, domain: str) -> Item:
        accepted = tuple(part.accepted() for part in self.answers)
        return Numeric(accepted=accepted, otherwise=self.otherwise, **self.common(domain))


class TextPart(Frozen):
    """Words that are accepted."""

    text: str = Field(max_length=LONGEST_ANSWER)
    weight: Weight = 100
    feedback: Words = NOTHING


class ShortAnswerLine(Line):
    answers: tuple[Annotated[TextPart, BeforeValidator(as_object)], ...] = Field(
        min_length=1, max_length=MOST_ACCEPTED
    )
    case_sensitive: StrictBool = False
    ignore_accents: StrictBool = False
    exact: StrictBool = False

    def item(self, domain: str) -> Item:
        return ShortAnswer(
            accepted=tuple(
                AcceptedText(text=part.text, weight=part.weight, feedback=part.feedback)
                for part in self.answers
            ),
            is_case_sensitive=self.case_sensitive,
            ignores_accents=self.ignore_accents,
            is_exact=self.exact,
            **self.common(domain),
        )


class PairPart(Frozen):
    """A prompt and its answer."""

    prompt: Words
    answer: Words


class MatchingLine(Line):
    pairs: tuple[PairPart, ...] = Field(min_length=1, max_length=MOST_CHOICES)
    distractors: tuple[Words, ...] = Field(default=(), max_length=MOST_CHOICES)

    def item(self, domain: str) -> Item:
        pairs = tuple(Pair(prompt=part.prompt, answer=part.answer) for part in self.pairs)
        return Matching(pairs=pairs, distractors=self.distractors, **self.common(domain))


class EssayLine(Line):
    def item(self, domain: str) -> Item:
        return Essay(**self.common(domain))


class PassageLine(Line):
    def item(self, domain: str) -> Item:
        return Passage(**self.common(domain))


LINES: dict[str, type[Line]] = {
    "single_choice": SingleChoiceLine,
    "multiple_choice": MultipleChoiceLine,
    "true_false": TrueFalseLine,
    "numeric": NumericLine,
    "short_answer": ShortAnswerLine,
    "matching": MatchingLine,
    "essay": EssayLine,
    "passage": PassageLine,
}


def read_jsonl(
    content: bytes, *, domain: str = "", images: Callable[[str], str] | None = None
) -> ReadFile:
    """Every question of a JSON Lines file, and every problem, by line and field.

    `domain` is given to questions that name none. `images` gives the name of a picture that
    a text refers to, or raises ValueError with what is wrong; without it pictures are
    refused. Never raises for bad input.
    """
    return read_questions(content, _lines, functools.partial(_item, domain=domain, images=images))


def _lines(text: str) -> Iterator[RawQuestion[str]]:
    for number, line in numbered_lines(text):
        if line.strip(WHITESPACE):
            yield RawQuestion(number, number, line.strip(WHITESPACE))


def _item(
    raw: RawQuestion[str],
    _found: ReadFile,
    *,
    domain: str,
    images: Callable[[str], str] | None,
) -> Item:
    """The question in a line. Raises: ParseError."""
    fields = _fields(raw)
    kind = fields.get("kind")
    if not isinstance(kind, str) or kind not in LINES:
        choices = {"field": "kind", "values": ", ".join(LINES)}
        raise ParseError(raw.first, _("%(field)s: use one of %(values)s.") % choices)
    for name in ("image", "images", "media"):
        if name in fields:
            words = _(
                '%(field)s: to add an image, write ![description](file.png) in "text" and set '
                '"markup" to "markdown".'
            )
            raise ParseError(raw.first, words % {"field": name})
    markup = fields.pop("markup", "text")
    if markup not in MARKUPS:
        choices = {"field": "markup", "values": ", ".join(MARKUPS)}
        raise ParseError(raw.first, _("%(field)s: use one of %(values)s.") % choices)
    try:
        return item_of_fields(fields, markup=markup, domain=domain, images=images)
    except ValidationError as error:
        raise ParseError(raw.first, _fault(error)) from error


def item_of_fields(
    fields: dict[str, Any],
    *,
    markup: str = "text",
    domain: str = "",
    images: Callable[[str], str] | None = None,
) -> Item:
    """The item of the fields of a line, `kind` among them. Raises: ValidationError (pydantic's).

    `markup` and `domain` are for texts and questions that name none.
    """
    context = {"images": images, "markup": markup}
    return LINES[fields["kind"]].model_validate(fields, context=context).item(domain)


def _fields(raw: RawQuestion[str]) -> dict[str, Any]:
    """The object in a line. Raises: ParseError."""
    if len(raw.content) > LONGEST_LINE:
        most = {"most": grouped(LONGEST_LINE)}
        raise ParseError(raw.first, _("This line has more than %(most)s characters.") % most)
    try:
        value = json.loads(
            raw.content,
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_each_once,
        )
    except json.JSONDecodeError as error:
        said = {"error": error.msg, "number": error.colno}
        words = _("This line is not valid JSON: %(error)s (character %(number)s).") % said
        raise ParseError(raw.first, words) from error
    except (ValueError, RecursionError, ArithmeticError) as error:
        said = {"error": _printable(str(error))}
        raise ParseError(raw.first, _("This line cannot be read: %(error)s.") % said) from error
    if not isinstance(value, dict):
        raise ParseError(raw.first, _("Each line must contain one object: { … }."))
    return value


def _no_number(word: str) -> NoReturn:
    raise ValueError(_("%(word)s is not a number") % {"word": word})


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. Raises ValueError where a name stands twice: one of both would be lost."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(_("“%(name)s” appears twice") % {"name": name[:LONGEST_NAME]})
        found[name] = value
    return found


def _fault(error: ValidationError) -> str:
    """The first fault with its field: `choices 2, text: this field is required.` Counted from 1."""
    words = in_words(error)
    path = ""
    for step in error.errors(include_url=False, include_input=False)[0]["loc"]:
        if isinstance(step, int):
            path += f" {step + 1}"
        elif step != "source":
            path += f"{', ' if path else ''}{step[:LONGEST_NAME]}"
    return _printable(f"{path}: {words[0].lower()}{words[1:]}" if path else words)


def _printable(words: str) -> str:
    """Without the halves of characters that JSON can hold and a terminal cannot show."""
    return words.encode("utf-8", "replace").decode("utf-8")
