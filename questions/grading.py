"""What a response to an item is worth. Pure functions; no Django, no database.

`normalization.py` says when two short answers are equal, `numbers.py` what a number means.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from questions.items import (
    LONGEST_ANSWER,
    TOLERANCE_PERCENT,
    Accepted,
    AcceptedNumber,
    AcceptedText,
    ChoiceItem,
    Essay,
    Frozen,
    Item,
    Matching,
    MultipleChoice,
    Numeric,
    Passage,
    ShortAnswer,
    Words,
)
from questions.normalization import WILDCARD, ComparisonRules, spellings
from questions.numbers import Reading, UnreadableNumber, read_number

LONGEST_NUMBER = 100
LONGEST_LANGUAGE = 20
STAR_OR_ESCAPE = re.compile(r"(\\\*|\*)")
# Which rules judge an answer. Raised when they change, so that `regrade_answers` knows which
# answers were judged by older ones.
GRADING_RULES = 2


class ResponseError(ValueError):
    """The response cannot be graded: it is of another kind, or names an unknown choice."""


class CannotBeAsked(ResponseError):
    """Questions of this kind cannot be practiced yet."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"questions of the kind {kind} cannot be asked yet")


class NotANumber(ResponseError):
    """What was typed is not a number."""


class AmbiguousNumber(NotANumber):
    """What was typed can be read as two numbers that earn different points."""

    def __init__(self, typed: str, reading: Reading) -> None:
        self.typed = typed
        self.reading = reading
        super().__init__(f"{typed!r} can be read as {reading.value} or as {reading.other}")


class NoWords(ResponseError):
    """No visible words were typed, or far too many."""


class ChoiceResponse(Frozen):
    """The selected choices, by id."""

    kind: Literal["choice"] = "choice"
    chosen: tuple[str, ...] = Field(min_length=1, max_length=100)


class NumberResponse(Frozen):
    """A number as it was typed, and the language of the page."""

    kind: Literal["number"] = "number"
    typed: Words = Field(max_length=LONGEST_NUMBER)
    language: Words = Field(default="", max_length=LONGEST_LANGUAGE)


class TextResponse(Frozen):
    """Words as they were typed."""

    kind: Literal["text"] = "text"
    typed: Words = Field(max_length=LONGEST_ANSWER)


Response = Annotated[ChoiceResponse | NumberResponse | TextResponse, Field(discriminator="kind")]

RESPONSE: TypeAdapter[Response] = TypeAdapter(Response)


class Grade(BaseModel):
    """What a response earns: an exact `fraction` of the points, from 0 to 1."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    fraction: Fraction

    @classmethod
    def from_decimal(cls, fraction: Decimal) -> "Grade":
        """Return the grade that was stored as a decimal number."""
        return cls(fraction=Fraction(fraction))

    @property
    def is_right(self) -> bool:
        """Whether it earns all points."""
        return self.fraction == 1

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: 99.9 is not 100."""
        return int(100 * self.fraction)


def grade(item: Item, response: Response, *, language: str = "") -> Grade:
    """Return what a response earns. `language` is that of the bank, such as `tr` or `pt-br`.

    Raises: ResponseError if it cannot be graded, which never counts as an answer; its subclass
    CannotBeAsked for kinds without grading.
    """
    if isinstance(item, Matching | Essay | Passage):
        raise CannotBeAsked(item.kind)
    if isinstance(item, Numeric) and isinstance(response, NumberResponse):
        return _grade_typed(matching_number(item, response))
    if isinstance(item, ShortAnswer) and isinstance(response, TextResponse):
        return _grade_typed(matching_text(item, response, language=language))
    if isinstance(item, Numeric | ShortAnswer) or not isinstance(response, ChoiceResponse):
        raise ResponseError(f"a {response.kind} is not an answer to a {item.kind} question")
    return _grade_choices(item, response)


def _grade_choices(item: ChoiceItem, response: ChoiceResponse) -> Grade:
    weights = {choice.id: choice.weight for choice in item.choices}
    if unknown := set(response.chosen) - set(weights):
        raise ResponseError(f"there is no choice {sorted(unknown)[0]!r}")
    if len(set(response.chosen)) < len(response.chosen):
        raise ResponseError("a choice was selected twice")
    if not isinstance(item, MultipleChoice) and len(response.chosen) > 1:
        raise ResponseError("more than one choice was selected")
    percent = math.fsum(weights[chosen] for chosen in response.chosen)
    wrong = len(set(response.chosen) - item.key)
    return _grade_percent(percent - wrong * _penalty(item), full=_full(item))


def _penalty(item: ChoiceItem) -> float:
    """What each incorrect choice costs where the author set no penalty at all.

    As much as a correct one earns: otherwise selecting every choice would earn all points.
    """
    if not isinstance(item, MultipleChoice) or any(choice.weight < 0 for choice in item.choices):
        return 0
    return 100 / len(item.key)


def _full(item: ChoiceItem) -> float:
    """The percentage that counts as all points: 33.33333 three times is 99.99999.

    All correct choices must be selected, whether or not a file's rounded weights reach 100.
    `fsum` returns the same in any order.
    """
    if not isinstance(item, MultipleChoice):
        return 100 - TOLERANCE_PERCENT
    return math.fsum(choice.weight for choice in item.choices if choice.weight > 0)


def _grade_typed(match: Accepted | None) -> Grade:
    return _grade_percent(_weight(match), full=100 - TOLERANCE_PERCENT)


def _grade_percent(percent: float, *, full: float) -> Grade:
    if percent >= full:
        return Grade(fraction=Fraction(1))
    share = Fraction(str(round(percent, 7))) / 100
    return Grade(fraction=min(max(share, Fraction(0)), Fraction(1)))


def matching_number(item: Numeric, response: NumberResponse) -> AcceptedNumber | None:
    """Return the range that counts for what was typed.

    A number with two meanings is judged where that makes no difference, or where the meaning
    that the page's language prefers is worth more. Raises: NotANumber, AmbiguousNumber.
    """
    try:
        reading = read_number(response.typed, language=response.language)
    except UnreadableNumber as error:
        raise NotANumber("this is not a number") from error
    match = _best_range(item, reading.value)
    if reading.other is None:
        return match
    other = _best_range(item, reading.other)
    gain = _weight(other) - _weight(match)
    if gain > 0 or (gain < 0 and not reading.is_likely):
        raise AmbiguousNumber(response.typed, reading)
    return match


def _best_range(item: Numeric, number: Decimal) -> AcceptedNumber | None:
    return _best(range_ for range_ in item.accepted if range_.low <= number <= range_.high)


def _weight(match: Accepted | None) -> float:
    return match.weight if match else 0


def matching_text(
    item: ShortAnswer, response: TextResponse, *, language: str = ""
) -> AcceptedText | None:
    """Return the accepted words that count for what was typed. Raises: NoWords."""
    rules = ComparisonRules(
        language=language,
        is_exact=item.is_exact,
        is_case_sensitive=item.is_case_sensitive,
        ignores_accents=item.ignores_accents,
    )
    typed = spellings(response.typed, rules)
    if not typed[0]:
        raise NoWords("the answer is empty")
    return _best(
        accepted
        for accepted in item.accepted
        if any(
            _fits(words, pattern)
            for pattern in spellings(_with_wildcards(accepted.text), rules)
            for words in typed
        )
    )


def _with_wildcards(text: str) -> str:
    """The accepted words with their stars as wildcards; `\\*` is the star itself."""
    return STAR_OR_ESCAPE.sub(lambda found: WILDCARD if found[0] == "*" else "*", text)


def _fits(typed: str, pattern: str) -> bool:
    """Whether the words match a pattern with wildcards.

    Searches for one part after another, so that many wildcards cannot make it slow.
    """
    first, *others = pattern.split(WILDCARD)
    if not others:
        return typed == first
    *middle, last = others
    place = len(first)
    for part in middle:
        found = typed.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return typed.startswith(first) and typed.endswith(last) and len(typed) - len(last) >= place


Answer = TypeVar("Answer", bound=Accepted)


def _best(matches: Iterable[Answer]) -> Answer | None:
    """Return the match with the greatest weight, the first of several; None if there is none."""
    return max(matches, key=lambda match: match.weight, default=None)
