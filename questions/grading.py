"""Is the answer right? Pure functions over items and responses; no Django, no database."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from questions.items import TOLERANCE_PERCENT, Frozen, Item, SingleChoice


class ResponseError(ValueError):
    """The response does not fit the question: another kind, or a choice that is not there."""


class ChoiceResponse(Frozen):
    """The choices that were taken, by id."""

    kind: Literal["choice"] = "choice"
    chosen: tuple[str, ...] = Field(min_length=1, max_length=100)


Response = Annotated[ChoiceResponse, Field(discriminator="kind")]

RESPONSE: TypeAdapter[ChoiceResponse] = TypeAdapter(ChoiceResponse)


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


def grade(item: Item, response: ChoiceResponse) -> Grade:
    """This will say what the response is worth. Raises: ResponseError where it cannot fit."""
    weights = {choice.id: choice.weight for choice in item.choices}
    if unknown := set(response.chosen) - set(weights):
        raise ResponseError(f"there is no choice {sorted(unknown)[0]!r}")
    if len(set(response.chosen)) < len(response.chosen):
        raise ResponseError("a choice was taken twice")
    if isinstance(item, SingleChoice) and len(response.chosen) > 1:
        raise ResponseError("more than one choice was taken")
    percent = math.fsum(weights[chosen] for chosen in response.chosen)
    if percent >= _full(item):
        return Grade(fraction=Fraction(1))
    share = Fraction(str(round(percent, 7))) / 100
    return Grade(fraction=min(max(share, Fraction(0)), Fraction(1)))


def _full(item: Item) -> float:
    """The per cent from which on an answer has all points: 33.33333 three times is 99.99999.

    What counts is whether all right choices were taken, not whether a file's rounded
    weights reach 100. `fsum` gives the same in any order.
    """
    if isinstance(item, SingleChoice):
        return 100 - TOLERANCE_PERCENT
    return math.fsum(choice.weight for choice in item.choices if choice.weight > 0)
