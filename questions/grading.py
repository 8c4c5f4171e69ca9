"""Is the answer right? Pure functions over items and responses; no Django, no database."""

import math
import re
import unicodedata
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

LONGEST_NUMBER = 100
# Digits of any script; the exponent is short, so that no number is made that fills the memory.
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
# One thousand to some readers and one to others.
AMBIGUOUS = re.compile(r"[+-]?\d{1,3},\d{3}")
STAR_OR_ESCAPE = re.compile(r"(\\\*|\*)")


class ResponseError(ValueError):
    """The response does not fit the question: another kind, or a choice that is not there."""


class CannotBeAsked(ResponseError):
    """Questions of this kind cannot be asked and graded yet."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"questions of the kind {kind} cannot be asked yet")


class NotANumber(ResponseError):
    """A number was asked for, and what was typed is none, or could be two."""


class NoWords(ResponseError):
    """A few words were asked for, and nothing was typed, or far too much."""


class ChoiceResponse(Frozen):
    """The choices that were taken, by id."""

    kind: Literal["choice"] = "choice"
    chosen: tuple[str, ...] = Field(min_length=1, max_length=100)


class NumberResponse(Frozen):
    """The number as it was typed."""

    kind: Literal["number"] = "number"
    typed: Words = Field(max_length=LONGEST_NUMBER)


class TextResponse(Frozen):
    """The words as they were typed."""

    kind: Literal["text"] = "text"
    typed: Words = Field(max_length=LONGEST_ANSWER)


Response = Annotated[ChoiceResponse | NumberResponse | TextResponse, Field(discriminator="kind")]

RESPONSE: TypeAdapter[Response] = TypeAdapter(Response)


class Grade(BaseModel):
    """What an answer is worth. `fraction` of the points is exact, from 0 to 1."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    fraction: Fraction

    @classmethod
    def from_decimal(cls, fraction: Decimal) -> "Grade":
        """The grade that was kept as a decimal number."""
        return cls(fraction=Fraction(fraction))

    @property
    def is_right(self) -> bool:
        """True for all of the points."""
        return self.fraction == 1

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down: 99.9 is not yet everything."""
        return int(100 * self.fraction)


def grade(item: Item, response: Response) -> Grade:
    """This will say what the response is worth.

    Raises: ResponseError where it cannot fit; of it CannotBeAsked for a kind without grading.
    """
    if isinstance(item, Matching | Essay | Passage):
        raise CannotBeAsked(item.kind)
    if isinstance(item, Numeric) and isinstance(response, NumberResponse):
        return _grade_typed(matching_number(item, response))
    if isinstance(item, ShortAnswer) and isinstance(response, TextResponse):
        return _grade_typed(matching_text(item, response))
    if isinstance(item, Numeric | ShortAnswer) or not isinstance(response, ChoiceResponse):
        raise ResponseError(f"a {response.kind} is no answer to a {item.kind} question")
    return _grade_choices(item, response)


def _grade_choices(item: ChoiceItem, response: ChoiceResponse) -> Grade:
    weights = {choice.id: choice.weight for choice in item.choices}
    if unknown := set(response.chosen) - set(weights):
        raise ResponseError(f"there is no choice {sorted(unknown)[0]!r}")
    if len(set(response.chosen)) < len(response.chosen):
        raise ResponseError("a choice was taken twice")
    if not isinstance(item, MultipleChoice) and len(response.chosen) > 1:
        raise ResponseError("more than one choice was taken")
    percent = math.fsum(weights[chosen] for chosen in response.chosen)
    wrong = len(set(response.chosen) - item.key)
    return _grade_percent(percent - wrong * _penalty(item), full=_full(item))


def _penalty(item: ChoiceItem) -> float:
    """What each wrong choice takes away where its author took away nothing at all.

    As much as a right one gives: otherwise whoever takes every choice has all points.
    """
    if not isinstance(item, MultipleChoice) or any(choice.weight < 0 for choice in item.choices):
        return 0
    return 100 / len(item.key)


def _full(item: ChoiceItem) -> float:
    """The per cent from which on an answer has all points: 33.33333 three times is 99.99999.

    What counts is whether all right choices were taken, not whether a file's rounded
    weights reach 100. `fsum` gives the same in any order.
    """
    if not isinstance(item, MultipleChoice):
        return 100 - TOLERANCE_PERCENT
    return math.fsum(choice.weight for choice in item.choices if choice.weight > 0)


def _grade_typed(match: Accepted | None) -> Grade:
    return _grade_percent(match.weight if match else 0, full=100 - TOLERANCE_PERCENT)


def _grade_percent(percent: float, *, full: float) -> Grade:
    if percent >= full:
        return Grade(fraction=Fraction(1))
    share = Fraction(str(round(percent, 7))) / 100
    return Grade(fraction=min(max(share, Fraction(0)), Fraction(1)))


def matching_number(item: Numeric, response: NumberResponse) -> AcceptedNumber | None:
    """The range that counts for what was typed. Raises: NotANumber."""
    number = read_number(response.typed)
    return _best(range_ for range_ in item.accepted if range_.low <= number <= range_.high)


def matching_text(item: ShortAnswer, response: TextResponse) -> AcceptedText | None:
    """The accepted words that count for what was typed. Raises: NoWords."""
    typed = _folded(response.typed, keep_case=item.is_case_sensitive)
    if not typed:
        raise NoWords("nothing was typed")
    return _best(
        accepted
        for accepted in item.accepted
        if _fits(typed, _folded(accepted.text, keep_case=item.is_case_sensitive))
    )


def read_number(typed: str) -> Decimal:
    """What a person means who types this: 3.5, 3,5, −2, 1 000 or 1.5e3.

    A comma before three digits is refused, since it is a thousand to some and a part of
    one to others. Raises: NotANumber.
    """
    words = re.sub(r"\s", "", typed).replace("\N{MINUS SIGN}", "-")
    if AMBIGUOUS.fullmatch(words):
        raise NotANumber("it is not clear what the comma means")
    words = words.replace(",", ".") if words.count(",") == 1 and "." not in words else words
    if not NUMBER.fullmatch(words):
        raise NotANumber("this is no number")
    return Decimal(words)


def _folded(words: str, *, keep_case: bool) -> str:
    """For comparing: one way of writing each letter, single spaces, and small letters."""
    folded = " ".join(unicodedata.normalize("NFC", words).split())
    return folded if keep_case else unicodedata.normalize("NFC", folded.casefold())


def _fits(typed: str, pattern: str) -> bool:
    """True where the words are the pattern's, with anything at each of its stars.

    Looks for the parts one after another: a row of stars cannot make it slow.
    """
    first, *others = _between_stars(pattern)
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


def _between_stars(pattern: str) -> list[str]:
    """What stands literally before, between and after the stars of a pattern."""
    parts = [""]
    for piece in STAR_OR_ESCAPE.split(pattern):
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += "*" if piece == r"\*" else piece
    return parts


Answer = TypeVar("Answer", bound=Accepted)


def _best(matches: Iterable[Answer]) -> Answer | None:
    """The one of the greatest weight, the first of equal ones."""
    return max(matches, key=lambda match: match.weight, default=None)
