"""Write single choice questions as Aiken, and name what is left out."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from questions.formats.gift_writer import Loss
from questions.items import NOTHING, Item, SingleChoice, Text, texts_of
from questions.rendering import letter
from questions.text import plain_words

MOST_CHOICES = 26


def write_aiken(items: Sequence[Item]) -> tuple[str, list[Loss]]:
    """Return a file of those items that Aiken can say, and what is left out.

    The texts of the items must be rendered: Aiken has plain words only.
    """
    blocks: list[str] = []
    losses: list[Loss] = []
    for number, item in enumerate(items, start=1):
        if isinstance(item, SingleChoice) and _can_be_said(item):
            blocks.append(_question(item))
            losses += [Loss(number, text) for text in _losses(item)]
        else:
            skipped = _(
                "Skipped: Aiken supports only text questions that have one correct choice and at "
                "most 26 choices."
            )
            losses.append(Loss(number, skipped))
    return "\n".join(blocks), losses


def _can_be_said(item: SingleChoice) -> bool:
    texts = (item.stem, *(choice.text for choice in item.choices))
    return (
        len(item.key) == 1
        and len(item.choices) <= MOST_CHOICES
        and all(_words(text) for text in texts)
    )


def _question(item: SingleChoice) -> str:
    lines = [_words(item.stem)]
    for place, choice in enumerate(item.choices):
        lines.append(f"{letter(place)}. {_words(choice.text)}")
        if choice.id in item.key:
            key = letter(place)
    lines.append(f"ANSWER: {key}")
    if item.explanation != NOTHING:
        lines.append(f"Feedback: {_words(item.explanation)}")
    return "\n".join(lines) + "\n"


def _words(text: Text) -> str:
    return " ".join(plain_words(text.html).split())


def _losses(item: SingleChoice) -> Iterator[str]:
    if any(choice.feedback != NOTHING for choice in item.choices):
        yield _("Feedback on choices is not exported.")
    if any(0 < choice.weight < 100 for choice in item.choices):
        yield _("Partial credit is not exported.")
    if any(text.pictures for text in texts_of(item)):
        yield _("Images are not exported.")
    if item.domain or item.difficulty or item.tags or item.group:
        yield _("Domain, difficulty, group, and tags are not exported.")
