"""Small items for tests, with as little in them as the test is about."""

from decimal import Decimal
from fractions import Fraction

from questions.grading import NumberResponse, TextResponse, grade
from questions.items import (
    AcceptedNumber,
    AcceptedText,
    Choice,
    Item,
    MultipleChoice,
    Numeric,
    ShortAnswer,
    SingleChoice,
    Text,
    TrueFalse,
)

STEM = Text(source="What?")


def choice(name: str, weight: float = 0) -> Choice:
    return Choice(id=name, text=Text(source=f"Choice {name}"), weight=weight)


def single(*weights: float) -> SingleChoice:
    choices = tuple(choice(f"c{place}", weight) for place, weight in enumerate(weights))
    return SingleChoice(stem=Text(source="Which?"), choices=choices)


def multiple(*weights: float) -> MultipleChoice:
    choices = tuple(choice(f"c{place}", weight) for place, weight in enumerate(weights))
    return MultipleChoice(stem=Text(source="Which?"), choices=choices)


def number(low: str, high: str, weight: float = 100, feedback: str = "") -> AcceptedNumber:
    return AcceptedNumber(
        low=Decimal(low), high=Decimal(high), weight=weight, feedback=Text(source=feedback)
    )


def numeric(*accepted: AcceptedNumber) -> Numeric:
    return Numeric(stem=STEM, accepted=accepted)


def words(text: str, weight: float = 100, feedback: str = "") -> AcceptedText:
    return AcceptedText(text=text, weight=weight, feedback=Text(source=feedback))


def short(*accepted: AcceptedText, **rules: bool) -> ShortAnswer:
    return ShortAnswer(stem=STEM, accepted=accepted, **rules)


def share(item: Item, typed: str) -> Fraction:
    """What an answer that was typed is worth."""
    if isinstance(item, ShortAnswer):
        return grade(item, TextResponse(typed=typed)).fraction
    return grade(item, NumberResponse(typed=typed)).fraction


TRUE = TrueFalse(
    stem=STEM,
    is_true=True,
    feedback_true=Text(source="Yes."),
    feedback_false=Text(source="It is true."),
)
GRANT = numeric(number("1822", "1822"), number("1820", "1824", 50, "Close."))
NAZARETH = short(words("Nazareth"), words("Nazereth", 75, "Misspelled."), words("*", 0, "No."))
