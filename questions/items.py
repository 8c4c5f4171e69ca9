"""The typed item: one frozen model for each kind of question, in one union.

Importers return an `Item`, `grading.py` reads it, pages show it through `rendering.py`,
and `QuestionVersion` stores it as JSON. No Django, no database.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    TypeAdapter,
    model_validator,
)
from pydantic_core import PydanticCustomError

from questions.wording import translate as _

LONGEST_TEXT = 50_000
LONGEST_DOMAIN = 200
LONGEST_TITLE = 255
MOST_CHOICES = 100
MOST_ACCEPTED = 100
LONGEST_ANSWER = 1_000
# 33.33333 three times is 100: files round the weights of several correct choices.
# Source: Moodle writes seven digits, others as many as a float has.
TOLERANCE_PERCENT = 0.001
# Enough for the sum of any two numbers that can be stored.
EXACT_DIGITS = 200
# Types of errors for which the editor has words of its own. Messages depend on the language.
EMPTY_STEM = "empty_stem"
EMPTY_ANSWER = "empty_answer"
NO_CORRECT_CHOICE = "no_correct_choice"
NO_FULL_POINTS = "no_full_points"


class Difficulty(StrEnum):
    """How difficult a question is, in its author's opinion."""

    UNKNOWN = ""
    EASY = "easy"
    MIDDLING = "middling"
    HARD = "hard"


def without_nul(words: str) -> str:
    """Return the same words. Raises ValueError for a NUL, which PostgreSQL cannot store."""
    if "\0" in words:
        raise ValueError(_("the text contains a NUL character"))
    return words


Words = Annotated[str, AfterValidator(without_nul)]


class Frozen(BaseModel):
    """Immutable, and refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Part = TypeVar("Part", bound=Frozen)


# plain   shown exactly as it is written
# text    the same, with formulas between $$…$$, \(…\) and \[…\]: text without a mark
# moodle  text without a mark in Moodle's formats: HTML where it plainly is, otherwise `text`
Markup = Literal["plain", "text", "markdown", "html", "moodle"]


class Text(Frozen):
    """Text as its author wrote it. Pages show `html`, which `text.py` made safe.

    `pictures` are pairs: a reference as the source has it, and the name of the stored picture.
    """

    source: Words = Field(max_length=LONGEST_TEXT)
    markup: Markup = "plain"
    html: str = ""
    pictures: tuple[tuple[str, str], ...] = ()


NOTHING = Text(source="")


def is_optional(part: Frozen, name: str) -> bool:
    """Return True for a field whose text an author may leave out, such as a feedback."""
    return bool(type(part).model_fields[name].default == NOTHING)


def texts_of(part: object) -> Iterator[Text]:
    """Yield every text in an item, or in a part of one, in the order of its fields."""
    if isinstance(part, Text):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from texts_of(each)
    elif isinstance(part, Frozen):
        for name in type(part).model_fields:
            yield from texts_of(getattr(part, name))


def map_texts(part: Part, change: Callable[[Text], Text]) -> Part:
    """Return the item, or a part of one, with every text in it changed, of whatever kind."""
    values = {name: getattr(part, name) for name in type(part).model_fields}
    return part.model_copy(update={name: _mapped(value, change) for name, value in values.items()})


def _mapped(value: Any, change: Callable[[Text], Text]) -> Any:
    if isinstance(value, Text):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_mapped(each, change) for each in value)
    return map_texts(value, change) if isinstance(value, Frozen) else value


def shown_texts(part: object) -> Iterator[Text]:
    """Yield the texts without which a question cannot be answered: stem, choices, pairs."""
    if isinstance(part, Text):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from shown_texts(each)
    elif isinstance(part, Frozen):
        for name in type(part).model_fields:
            if not is_optional(part, name):
                yield from shown_texts(getattr(part, name))


class Choice(Frozen):
    """One answer to choose from. `weight` is its share of the points in percent.

    A pinned choice, such as "All of the above", keeps its place when choices are shuffled.
    """

    id: Words = Field(min_length=1, max_length=40)
    text: Text
    weight: float = Field(default=0, ge=-100, le=100)
    feedback: Text = NOTHING
    is_pinned: StrictBool = False


class Common(Frozen):
    """The fields of every kind. `title` is the author's name for the question; no page shows it."""

    stem: Text
    title: Words = Field(default="", max_length=LONGEST_TITLE)
    explanation: Text = NOTHING
    domain: Words = Field(default="", max_length=LONGEST_DOMAIN)
    group: Words = Field(default="", max_length=100)
    difficulty: Difficulty = Difficulty.UNKNOWN
    tags: tuple[Words, ...] = ()
    external_id: Words = Field(default="", max_length=200)


class WithChoices(Common):
    """Base of the kinds that are answered by choosing. The ids of the choices are unique."""

    choices: tuple[Choice, ...] = Field(min_length=2, max_length=MOST_CHOICES)

    @model_validator(mode="after")
    def ids_differ(self) -> Self:
        """Refuse two choices with one id: a response could not tell them apart."""
        if len({choice.id for choice in self.choices}) < len(self.choices):
            raise ValueError(_("two choices have the same id"))
        return self


class SingleChoice(WithChoices):
    """One choice is selected. The key is every choice of full weight."""

    kind: Literal["single_choice"] = "single_choice"

    @model_validator(mode="after")
    def has_a_key(self) -> Self:
        """Refuse a question that nobody can answer."""
        if not self.key:
            raise PydanticCustomError(NO_CORRECT_CHOICE, _("no choice is correct"))
        return self

    @property
    def key(self) -> frozenset[str]:
        """The ids of the correct choices."""
        return frozenset(
            choice.id for choice in self.choices if choice.weight >= 100 - TOLERANCE_PERCENT
        )


class MultipleChoice(WithChoices):
    """Any number of choices is selected; the weights of the correct ones add up to 100."""

    kind: Literal["multiple_choice"] = "multiple_choice"

    @model_validator(mode="after")
    def full_points_can_be_had(self) -> Self:
        """Selecting exactly the correct choices must earn all points."""
        total = sum(choice.weight for choice in self.choices if choice.weight > 0)
        if abs(total - 100) > TOLERANCE_PERCENT * len(self.choices):
            said = _("the weights of the correct choices add up to %(total)s, not 100")
            raise ValueError(said % {"total": f"{total:g}"})
        return self

    @property
    def key(self) -> frozenset[str]:
        """The ids of the correct choices."""
        return frozenset(choice.id for choice in self.choices if choice.weight > 0)


class TrueFalse(Common):
    """A statement that is true or false. Each feedback belongs to that answer."""

    kind: Literal["true_false"] = "true_false"
    is_true: StrictBool
    feedback_true: Text = NOTHING
    feedback_false: Text = NOTHING

    @property
    def choices(self) -> tuple[Choice, Choice]:
        """The two answers as choices; pages show them in the reader's language."""
        right, wrong = (100, 0) if self.is_true else (0, 100)
        return (
            Choice(id="true", text=Text(source="True"), weight=right, feedback=self.feedback_true),
            Choice(
                id="false", text=Text(source="False"), weight=wrong, feedback=self.feedback_false
            ),
        )

    @property
    def key(self) -> frozenset[str]:
        """The id of the correct answer."""
        return frozenset({"true" if self.is_true else "false"})


class Accepted(Frozen):
    """A response that can be typed, and its share of the points in percent.

    Weight 0 is for a mistake that has a feedback of its own.
    """

    weight: float = Field(default=100, ge=0, le=100)
    feedback: Text = NOTHING

    @property
    def is_full(self) -> bool:
        """Whether it earns all points."""
        return self.weight >= 100 - TOLERANCE_PERCENT


class AcceptedNumber(Accepted):
    """Every number from `low` to `high`, both included."""

    low: Decimal = Field(max_digits=40)
    high: Decimal = Field(max_digits=40)

    @classmethod
    def around(
        cls, value: Decimal, tolerance: Decimal, *, weight: float = 100, feedback: Text = NOTHING
    ) -> Self:
        """Return the range of the numbers within `tolerance` of `value`. Exact."""
        with localcontext(prec=EXACT_DIGITS):
            low, high = value - tolerance, value + tolerance
        return cls(low=low, high=high, weight=weight, feedback=feedback)

    @model_validator(mode="after")
    def is_not_empty(self) -> Self:
        """Refuse an empty range, as a negative tolerance makes one."""
        if self.low > self.high:
            said = {"low": self.low, "high": self.high}
            raise ValueError(
                _("the lowest number (%(low)s) is greater than the highest (%(high)s)") % said
            )
        return self


class AcceptedText(Accepted):
    """Accepted words. `*` stands for any sequence of characters, `\\*` for the asterisk itself."""

    text: Words = Field(max_length=LONGEST_ANSWER)

    @model_validator(mode="after")
    def is_not_blank(self) -> Self:
        """Refuse blank words: a learner cannot submit them."""
        if not self.text.strip():
            raise PydanticCustomError(EMPTY_ANSWER, _("an accepted answer is empty"))
        return self


class Numeric(Common):
    """A number is typed. Of several ranges that contain it, the greatest weight counts.

    `otherwise` is the feedback for a number outside of all ranges.
    """

    kind: Literal["numeric"] = "numeric"
    accepted: tuple[AcceptedNumber, ...] = Field(max_length=MOST_ACCEPTED)
    otherwise: Text = NOTHING

    @model_validator(mode="after")
    def can_be_answered(self) -> Self:
        """Refuse a question in which no number earns all points."""
        return _with_full_points(self, self.accepted)


class ShortAnswer(Common):
    """A few words are typed. Of several answers that match, the greatest weight counts.

    `questions/normalization.py` says what is ignored when they are compared; `is_exact`
    turns all of that off, and then `is_case_sensitive` and `ignores_accents` say nothing.
    """

    kind: Literal["short_answer"] = "short_answer"
    accepted: tuple[AcceptedText, ...] = Field(max_length=MOST_ACCEPTED)
    is_case_sensitive: StrictBool = False
    ignores_accents: StrictBool = False
    is_exact: StrictBool = False

    @model_validator(mode="after")
    def can_be_answered(self) -> Self:
        """Refuse a question in which no words earn all points."""
        return _with_full_points(self, self.accepted)


class Pair(Frozen):
    """A prompt and the answer that belongs to it."""

    prompt: Text
    answer: Text


class Matching(Common):
    """Each prompt is matched with an answer; distractors belong to no prompt."""

    kind: Literal["matching"] = "matching"
    pairs: tuple[Pair, ...] = Field(min_length=1, max_length=MOST_CHOICES)
    distractors: tuple[Text, ...] = Field(default=(), max_length=MOST_CHOICES)

    @model_validator(mode="after")
    def leaves_a_choice(self) -> Self:
        """Refuse a question with a single answer."""
        if len(self.pairs) + len(self.distractors) < 2:
            raise ValueError(_("a matching question needs at least two answers"))
        return self


class Essay(Common):
    """A free text, which a person reads."""

    kind: Literal["essay"] = "essay"


class Passage(Common):
    """Text to read before the questions that follow. It asks nothing."""

    kind: Literal["passage"] = "passage"


Model = TypeVar("Model", bound=Common)


def _with_full_points(item: Model, accepted: Sequence[Accepted]) -> Model:
    """Return the item. Raises NO_FULL_POINTS if no accepted answer earns full credit."""
    if not any(answer.is_full for answer in accepted):
        raise PydanticCustomError(NO_FULL_POINTS, _("no accepted answer earns full credit"))
    return item


ChoiceItem = SingleChoice | MultipleChoice | TrueFalse

# The kinds that can be practiced; a bank can contain others.
AskableItem = ChoiceItem | Numeric | ShortAnswer
ASKABLE = ("single_choice", "multiple_choice", "true_false", "numeric", "short_answer")

Item = Annotated[AskableItem | Matching | Essay | Passage, Field(discriminator="kind")]

ITEM: TypeAdapter[Item] = TypeAdapter(Item)
