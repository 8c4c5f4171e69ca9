"""What a page can show of an item, before and after it is answered.

Templates get these and never an item, so that no key, feedback or explanation is in the source
of a page before it may be seen: `PresentedItem` has no field for them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from string import ascii_uppercase
from textwrap import shorten
from typing import ClassVar

from babel.numbers import format_decimal
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext, to_locale

from questions.grading import (
    STAR_OR_ESCAPE,
    ChoiceResponse,
    Grade,
    NumberResponse,
    Response,
    ResponseError,
    TextResponse,
    matching_number,
    matching_text,
)
from questions.items import (
    NOTHING,
    Accepted,
    AcceptedNumber,
    AcceptedText,
    Choice,
    ChoiceItem,
    Item,
    Numeric,
    ShortAnswer,
    Text,
    TrueFalse,
)
from questions.text import plain_words, tidy_ellipsis

# Code, tables, and formulas on a line of their own, as `text.py` writes them.
WIDE = re.compile(r'<(pre|table|p(?=><math display="block"))>')
# Code within a line, and the words in it after whose hyphen a browser would end the line.
INLINE_CODE = re.compile(r"(?<!<pre>)<code>[^<]*-[^<]*</code>")
HYPHENATED = re.compile(r"[^\s<>]*-[^\s<>]*")
# More spellings of one answer do not help a learner.
MOST_SHOWN = 3


@dataclass(frozen=True)
class Draft:
    """What the form of an unanswered question contains.

    `problem` says in the reader's language why it could not be graded.
    """

    typed: str = ""
    chosen: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class PresentedChoice:
    """A choice before the answer. `letter` is its place on the sheet."""

    id: str
    letter: str
    html: SafeString
    is_chosen: bool


@dataclass(frozen=True)
class PresentedItem:
    """An item before the answer: nothing in it tells the key.

    `typed` and `problem` are those of the draft.
    """

    kind: str
    stem_html: SafeString
    domain: str
    choices: tuple[PresentedChoice, ...]
    typed: str
    problem: str
    is_answered: ClassVar[bool] = False


@dataclass(frozen=True)
class RevealedChoice(PresentedChoice):
    """A choice after the answer."""

    is_right: bool
    feedback_html: SafeString


@dataclass(frozen=True)
class RevealedItem:
    """An item after the answer: with the key, what was answered, and why.

    `typed`, `accepted` and `feedback_html` are of the kinds that have no choices. `percent` is
    the share of the points, rounded down.
    """

    kind: str
    stem_html: SafeString
    domain: str
    choices: tuple[RevealedChoice, ...]
    typed: str
    accepted: tuple[str, ...]
    feedback_html: SafeString
    explanation_html: SafeString
    is_right: bool
    percent: int
    is_answered: ClassVar[bool] = True


EMPTY_DRAFT = Draft()


def present(item: Item, *, draft: Draft = EMPTY_DRAFT, order: Sequence[str] = ()) -> PresentedItem:
    """Return what may be shown before the answer, with the draft in the form.

    `order` are the ids of the choices as they should be shown; without it, as their author did.
    """
    return PresentedItem(
        kind=item.kind,
        stem_html=_html(item.stem),
        domain=item.domain,
        choices=tuple(
            PresentedChoice(
                id=choice.id,
                letter=letter(place),
                html=_label(item, choice),
                is_chosen=choice.id in draft.chosen,
            )
            for place, choice in enumerate(_in_order(item, order))
        ),
        typed=draft.typed,
        problem=draft.problem,
    )


def reveal(
    item: Item,
    response: Response | None,
    grade: Grade,
    *,
    language: str = "",
    order: Sequence[str] = (),
) -> RevealedItem:
    """Return what may be shown after this response, or with None after no response.

    `language` is that of the bank, `order` as in `present`. Never raises for a response that older rules graded.
    """
    chosen = response.chosen if isinstance(response, ChoiceResponse) else ()
    match = _match(item, response, language)
    return RevealedItem(
        kind=item.kind,
        stem_html=_html(item.stem),
        domain=item.domain,
        choices=tuple(
            RevealedChoice(
                id=choice.id,
                letter=letter(place),
                html=_label(item, choice),
                is_right=choice.id in _key(item),
                is_chosen=choice.id in chosen,
                feedback_html=_inline(choice.feedback),
            )
            for place, choice in enumerate(_in_order(item, order))
        ),
        typed="" if response is None or isinstance(response, ChoiceResponse) else response.typed,
        accepted=_accepted(item),
        feedback_html=_html(_feedback(item, match)),
        explanation_html=_html(item.explanation),
        is_right=grade.is_right,
        percent=grade.percent,
    )


def _choices(item: Item) -> tuple[Choice, ...]:
    return item.choices if isinstance(item, ChoiceItem) else ()


def _in_order(item: Item, order: Sequence[str]) -> Sequence[Choice]:
    """The choices in this order; those that it does not name come last."""
    places = {choice_id: place for place, choice_id in enumerate(order)}
    return sorted(_choices(item), key=lambda choice: places.get(choice.id, len(places)))


def _key(item: Item) -> frozenset[str]:
    return item.key if isinstance(item, ChoiceItem) else frozenset()


def _label(item: Item, choice: Choice) -> SafeString:
    """The text of a choice; true and false are in the reader's language."""
    if isinstance(item, TrueFalse):
        return escape(
            pgettext("answer", "True") if choice.id == "true" else pgettext("answer", "False")
        )
    return _inline(choice.text)


def _match(item: Item, response: Response | None, language: str) -> Accepted | None:
    """The accepted answer that a typed response matches; None if it cannot be graded today."""
    try:
        if isinstance(item, Numeric) and isinstance(response, NumberResponse):
            return matching_number(item, response)
        if isinstance(item, ShortAnswer) and isinstance(response, TextResponse):
            return matching_text(item, response, language=language)
    except ResponseError:
        return None
    return None


def _feedback(item: Item, match: Accepted | None) -> Text:
    if match:
        return match.feedback
    return item.otherwise if isinstance(item, Numeric) else NOTHING


def _accepted(item: Item) -> tuple[str, ...]:
    """The first answers that earn all points, as text."""
    if isinstance(item, Numeric):
        full = [_range(number) for number in item.accepted if number.is_full]
    elif isinstance(item, ShortAnswer):
        full = [_words(words) for words in item.accepted if words.is_full]
    else:
        return ()
    return tuple(full[:MOST_SHOWN])


def _range(number: AcceptedNumber) -> str:
    low, high = (_decimal(limit) for limit in (number.low, number.high))
    if number.low == number.high:
        return low
    return gettext("%(low)s to %(high)s") % {"low": low, "high": high}


def _decimal(number: Decimal) -> str:
    """As many digits as the author wrote, with the decimal separator of the active language."""
    exponent = number.as_tuple().exponent
    digits = max(0, -exponent) if isinstance(exponent, int) else 0
    locale = to_locale(get_language() or "en")
    pattern = f"0.{'0' * digits}" if digits else "0"
    return format_decimal(number, pattern, locale=locale, decimal_quantization=False)


def _words(words: AcceptedText) -> str:
    """With an ellipsis where anything may stand."""
    return STAR_OR_ESCAPE.sub(lambda found: "…" if found[0] == "*" else "*", words.text)


def excerpt(item: Item) -> str:
    """The beginning of the stem as plain text on one line, at most 120 characters."""
    return tidy_ellipsis(shorten(plain_words(item.stem.html), 120, placeholder="…"))


def words_before_answering(item: Item) -> str:
    """The stem and the choices as plain text, a line each: what search may look through.

    What has no words, as true and false, has no line.
    """
    texts = (item.stem, *(choice.text for choice in _choices(item)))
    lines = (" ".join(plain_words(text.html).split()) for text in texts)
    return "\n".join(line for line in lines if line)


def letter(place: int) -> str:
    """A to Z, then AA, AB, …: the name of a choice on the sheet."""
    rounds, index = divmod(place, len(ascii_uppercase))
    return (letter(rounds - 1) if rounds else "") + ascii_uppercase[index]


def _html(text: Text) -> SafeString:
    """The safe HTML that was made when the text was stored.

    What may be wider than a phone scrolls within itself, and is reached by keyboard for it.
    """
    words = WIDE.sub(r'<\1 tabindex="0">', keep_words_of_code(text.html))
    return mark_safe(words)  # noqa: S308 - cleaned by `text.safe_html` when it was stored


def _inline(text: Text) -> SafeString:
    """The same without the paragraph around it, where it is one: a label holds no blocks."""
    words = text.html
    if words.startswith("<p>") and words.endswith("</p>") and words.count("</p>") == 1:
        words = words[len("<p>") : -len("</p>")]
    return mark_safe(keep_words_of_code(words))  # noqa: S308 - as above


def keep_words_of_code(html: str) -> str:
    """Put each hyphenated word of code, as `--amend`, into an element that style keeps on a line.

    The text stays as it is, also when it is copied. `html` is safe HTML as `text.py` writes it.
    """
    return INLINE_CODE.sub(
        lambda code: HYPHENATED.sub(r'<span class="code-word">\g<0></span>', code[0]), html
    )
