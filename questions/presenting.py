"""What a page may show of an item, before and after it is answered.

Templates get these and never an item, so that a key, a feedback or an explanation cannot
be in the source of a page before it may be seen: `PresentedItem` has no field for them.
"""

from dataclasses import dataclass
from string import ascii_uppercase
from typing import ClassVar

from django.utils.safestring import SafeString, mark_safe

from questions.grading import ChoiceResponse, Grade
from questions.items import Item, Text


@dataclass(frozen=True)
class PresentedChoice:
    """A choice before the answer. `letter` is its place on the sheet."""

    id: str
    letter: str
    html: SafeString


@dataclass(frozen=True)
class PresentedItem:
    """An item before the answer: nothing in it tells the key."""

    kind: str
    stem_html: SafeString
    domain: str
    choices: tuple[PresentedChoice, ...]
    is_answered: ClassVar[bool] = False


@dataclass(frozen=True)
class RevealedChoice(PresentedChoice):
    """A choice after the answer."""

    is_right: bool
    is_chosen: bool
    feedback_html: SafeString


@dataclass(frozen=True)
class RevealedItem:
    """An item after the answer: with the key, what was taken, and why."""

    kind: str
    stem_html: SafeString
    domain: str
    choices: tuple[RevealedChoice, ...]
    explanation_html: SafeString
    is_right: bool
    is_answered: ClassVar[bool] = True


def present(item: Item) -> PresentedItem:
    """The item as it may be seen by whoever has not answered it."""
    return PresentedItem(
        kind=item.kind,
        stem_html=_html(item.stem),
        domain=item.domain,
        choices=tuple(
            PresentedChoice(id=choice.id, letter=letter(place), html=_inline(choice.text))
            for place, choice in enumerate(item.choices)
        ),
    )


def reveal(item: Item, response: ChoiceResponse, grade: Grade) -> RevealedItem:
    """The item as it may be seen by whoever has given this response."""
    return RevealedItem(
        kind=item.kind,
        stem_html=_html(item.stem),
        domain=item.domain,
        choices=tuple(
            RevealedChoice(
                id=choice.id,
                letter=letter(place),
                html=_inline(choice.text),
                is_right=choice.id in item.key,
                is_chosen=choice.id in response.chosen,
                feedback_html=_inline(choice.feedback),
            )
            for place, choice in enumerate(item.choices)
        ),
        explanation_html=_html(item.explanation),
        is_right=grade.is_right,
    )


def letter(place: int) -> str:
    """A to Z, then AA, AB, …: the name of a choice on the sheet."""
    rounds, index = divmod(place, len(ascii_uppercase))
    return (letter(rounds - 1) if rounds else "") + ascii_uppercase[index]


def _html(text: Text) -> SafeString:
    """The safe HTML that was made when the text was stored."""
    return mark_safe(text.html)  # noqa: S308 - cleaned by `text.safe_html` when it was stored


def _inline(text: Text) -> SafeString:
    """The same without the paragraph around it, where it is one: a label holds no blocks."""
    words = text.html
    if words.startswith("<p>") and words.endswith("</p>") and words.count("</p>") == 1:
        words = words[len("<p>") : -len("</p>")]
    return mark_safe(words)  # noqa: S308 - as above
