"""What a question is: one frozen model a kind, in one union. No Django, no database.

Importers return an `Item`, `grading.py` reads it, pages show it through `rendering.py`,
and `QuestionVersion` keeps it as JSON.
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

LONGEST_TEXT = 50_000
LONGEST_DOMAIN = 200
LONGEST_TITLE = 255
MOST_CHOICES = 100
MOST_ACCEPTED = 100
LONGEST_ANSWER = 1_000
# 33.33333 three times is full: files round the weights of several right choices.
# Source: Moodle writes seven digits, others as many as a float has.
TOLERANCE_PERCENT = 0.001
# Enough for the sum of any two numbers that can be kept.
EXACT_DIGITS = 200


class Difficulty(StrEnum):
    """How hard its author holds a question to be."""

    UNKNOWN = ""
    EASY = "easy"
    MIDDLING = "middling"
    HARD = "hard"


def without_nul(words: str) -> str:
    """The same words. Raises ValueError for a NUL, which PostgreSQL cannot keep."""
    if "\0" in words:
        raise ValueError("the text holds a NUL character")
    return words


Words = Annotated[str, AfterValidator(without_nul)]


class Frozen(BaseModel):
    """Cannot be changed after it was made, and takes no field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Part = TypeVar("Part", bound=Frozen)


# plain   shown exactly as it is written
# text    the same, with formulas between $$…$$, \(…\) and \[…\]: text without a mark
# moodle  text without a mark in Moodle's formats: HTML where it plainly is, otherwise `text`
Markup = Literal["plain", "text", "markdown", "html", "moodle"]


class Text(Frozen):
    """Words as their author wrote them. Pages show `html`, made safe by `text.py`.

    `pictures` says under which names those that the words refer to are kept: pairs of the
    reference as it stands in the words, and the name in `images.py`.
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
    """Every text in an item or a part of one, of whatever kind, in the order of its fields."""
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
    """One answer to choose from. `weight` is the share of the points in per cent."""

    id: Words = Field(min_length=1, max_length=40)
    text: Text
    weight: float = Field(default=0, ge=-100, le=100)
    feedback: Text = NOTHING


class Common(Frozen):
    """What a question of any kind has. `title` is its author's name for it; no page shows it."""

    stem: Text
    title: Words = Field(default="", max_length=LONGEST_TITLE)
    explanation: Text = NOTHING
    domain: Words = Field(default="", max_length=LONGEST_DOMAIN)
    group: Words = Field(default="", max_length=100)
    difficulty: Difficulty = Difficulty.UNKNOWN
    tags: tuple[Words, ...] = ()
    external_id: Words = Field(default="", max_length=200)


class WithChoices(Common):
    """Kinds that are answered by choosing. Every choice has an id of its own."""

    choices: tuple[Choice, ...] = Field(min_length=2, max_length=MOST_CHOICES)

    @model_validator(mode="after")
    def ids_differ(self) -> Self:
        """Two choices with one id could not be told apart in an answer."""
        if len({choice.id for choice in self.choices}) < len(self.choices):
            raise ValueError("two choices have the same id")
        return self


class SingleChoice(WithChoices):
    """One choice is taken. Those of full weight are the key; there may be several."""

    kind: Literal["single_choice"] = "single_choice"

    @model_validator(mode="after")
    def has_a_key(self) -> Self:
        """A question that nobody can answer is refused."""
        if not self.key:
            raise ValueError("no choice is right")
        return self

    @property
    def key(self) -> frozenset[str]:
        """The ids of the choices that are right."""
        return frozenset(
            choice.id for choice in self.choices if choice.weight >= 100 - TOLERANCE_PERCENT
        )


class MultipleChoice(WithChoices):
    """Any number of choices is taken; the weights of the right ones add up to 100."""

    kind: Literal["multiple_choice"] = "multiple_choice"

    @model_validator(mode="after")
    def full_points_can_be_had(self) -> Self:
        """Whoever takes all right choices and no other has everything."""
        total = sum(choice.weight for choice in self.choices if choice.weight > 0)
        if abs(total - 100) > TOLERANCE_PERCENT * len(self.choices):
            raise ValueError(f"the weights of the right choices add up to {total:g}, not 100")
        return self

    @property
    def key(self) -> frozenset[str]:
        """The ids of the choices that are right."""
        return frozenset(choice.id for choice in self.choices if choice.weight > 0)


class TrueFalse(Common):
    """A statement that is true or false. The feedbacks are for whoever took that answer."""

    kind: Literal["true_false"] = "true_false"
    is_true: StrictBool
    feedback_true: Text = NOTHING
    feedback_false: Text = NOTHING

    @property
    def choices(self) -> tuple[Choice, Choice]:
        """The two answers as choices; pages put the words of their language."""
        right, wrong = (100, 0) if self.is_true else (0, 100)
        return (
            Choice(id="true", text=Text(source="True"), weight=right, feedback=self.feedback_true),
            Choice(
                id="false", text=Text(source="False"), weight=wrong, feedback=self.feedback_false
            ),
        )

    @property
    def key(self) -> frozenset[str]:
        """The id of the answer that is right."""
        return frozenset({"true" if self.is_true else "false"})


class Accepted(Frozen):
    """What may be typed, and the share of the points in per cent that it earns.

    Weight 0 is for a mistake that has a feedback of its own.
    """

    weight: float = Field(default=100, ge=0, le=100)
    feedback: Text = NOTHING

    @property
    def is_full(self) -> bool:
        """True where it earns all points."""
        return self.weight >= 100 - TOLERANCE_PERCENT


class AcceptedNumber(Accepted):
    """Every number from `low` to `high`, both included."""

    low: Decimal = Field(max_digits=40)
    high: Decimal = Field(max_digits=40)

    @classmethod
    def around(
        cls, value: Decimal, tolerance: Decimal, *, weight: float = 100, feedback: Text = NOTHING
    ) -> Self:
        """The numbers that differ from `value` by no more than `tolerance`. Exact."""
        with localcontext(prec=EXACT_DIGITS):
            low, high = value - tolerance, value + tolerance
        return cls(low=low, high=high, weight=weight, feedback=feedback)

    @model_validator(mode="after")
    def is_not_empty(self) -> Self:
        """A negative tolerance would accept nothing."""
        if self.low > self.high:
            raise ValueError(f"no number is between {self.low} and {self.high}")
        return self


class AcceptedText(Accepted):
    """These words. `*` stands for any characters, `\\*` for the star itself."""

    text: Words = Field(max_length=LONGEST_ANSWER)

    @model_validator(mode="after")
    def is_not_blank(self) -> Self:
        """A learner cannot send nothing."""
        if not self.text.strip():
            raise ValueError("an accepted answer is empty")
        return self


class Numeric(Common):
    """A number is typed. Where several ranges hold it the one of the greatest weight counts.

    `otherwise` is the feedback for a number that none of them holds.
    """

    kind: Literal["numeric"] = "numeric"
    accepted: tuple[AcceptedNumber, ...] = Field(max_length=MOST_ACCEPTED)
    otherwise: Text = NOTHING

    @model_validator(mode="after")
    def can_be_answered(self) -> Self:
        """Some number earns all points."""
        return _with_full_points(self, self.accepted)


class ShortAnswer(Common):
    """A few words are typed. Of several that fit the one of the greatest weight counts.

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
        """Some words earn all points."""
        return _with_full_points(self, self.accepted)


class Pair(Frozen):
    """A prompt and the answer that belongs to it."""

    prompt: Text
    answer: Text


class Matching(Common):
    """Each prompt is given its answer; distractors are answers that belong to none."""

    kind: Literal["matching"] = "matching"
    pairs: tuple[Pair, ...] = Field(min_length=1, max_length=MOST_CHOICES)
    distractors: tuple[Text, ...] = Field(default=(), max_length=MOST_CHOICES)

    @model_validator(mode="after")
    def leaves_a_choice(self) -> Self:
        """With one answer there would be nothing to choose."""
        if len(self.pairs) + len(self.distractors) < 2:
            raise ValueError("a matching question needs two answers at least")
        return self


class Essay(Common):
    """Words are written freely, and a person reads them."""

    kind: Literal["essay"] = "essay"


class Passage(Common):
    """Something to read before the questions that follow. Nothing is asked."""

    kind: Literal["passage"] = "passage"


Model = TypeVar("Model", bound=Common)


def _with_full_points(item: Model, accepted: Sequence[Accepted]) -> Model:
    """The item. Raises ValueError where nothing that is accepted earns all points."""
    if not any(answer.is_full for answer in accepted):
        raise ValueError("no accepted answer earns all points")
    return item


ChoiceItem = SingleChoice | MultipleChoice | TrueFalse

# The kinds that can be asked and graded today; a bank may hold others.
AskableItem = ChoiceItem | Numeric | ShortAnswer
ASKABLE = ("single_choice", "multiple_choice", "true_false", "numeric", "short_answer")

Item = Annotated[AskableItem | Matching | Essay | Passage, Field(discriminator="kind")]

ITEM: TypeAdapter[Item] = TypeAdapter(Item)
