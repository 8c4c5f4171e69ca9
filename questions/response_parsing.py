"""What was sent from the form of a question: a response, or a draft that says what to change."""

from babel.numbers import format_decimal
from django.http import QueryDict
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _
from pydantic import ValidationError

from questions.grading import (
    LONGEST_NUMBER,
    AmbiguousNumber,
    ChoiceResponse,
    NotANumber,
    NoWords,
    NumberResponse,
    Response,
    ResponseError,
    TextResponse,
)
from questions.items import LONGEST_ANSWER
from questions.rendering import Draft

FIELDS = ("number", "text", "choice")
MOST_CHOSEN = 100


def parse_response(data: QueryDict) -> Response:
    """Return the response in the fields `number`, `text` or `choice`.

    A number carries the language of the page, which is the active one. Raises: ResponseError
    where nothing was sent, or far too much.
    """
    if "number" in data:
        return _number(data.getlist("number")[-1])
    if "text" in data:
        return _text(data.getlist("text")[-1])
    try:
        return ChoiceResponse(chosen=tuple(data.getlist("choice")))
    except ValidationError as error:
        raise ResponseError("no choice, or too many") from error


def draft_of(data: QueryDict, *, problem: str = "") -> Draft:
    """Return what was sent, to be put back into the form, with what to change about it."""
    typed = data.get("number", data.get("text", ""))
    longest = LONGEST_NUMBER if "number" in data else LONGEST_ANSWER
    chosen = tuple(data.getlist("choice")[:MOST_CHOSEN])
    return Draft(typed=typed[:longest].replace("\0", ""), chosen=chosen, problem=problem)


def help_for(error: ResponseError) -> str:
    """Return what to enter instead, in the reader's language."""
    if isinstance(error, AmbiguousNumber):
        return _(
            "This number could mean %(whole)s or %(decimal)s. Enter it in one of these two forms."
        ) % _readings(error)
    if isinstance(error, NotANumber):
        return _("Enter one number without a unit, such as 12, −3, or 3.5.")
    if isinstance(error, NoWords):
        return _("Enter a word or short phrase.")
    return _("Select an answer.")


def _readings(error: AmbiguousNumber) -> dict[str, str]:
    """Both numbers as they can be typed without a doubt: 1609, and 1.6090 with one more digit."""
    part, whole = sorted(filter(None, (error.reading.value, error.reading.other)), key=abs)
    locale = to_locale(get_language() or "en")
    return {
        "decimal": format_decimal(part, "0.0000", locale=locale),
        "whole": format_decimal(whole, "0", locale=locale),
    }


def _number(typed: str) -> NumberResponse:
    try:
        return NumberResponse(typed=typed, language=get_language() or "")
    except ValidationError as error:
        raise NotANumber("far too long") from error


def _text(typed: str) -> TextResponse:
    try:
        return TextResponse(typed=typed)
    except ValidationError as error:
        raise NoWords("far too long, or with a NUL") from error
