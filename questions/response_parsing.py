"""What was sent from the form of a question: as a response, and advice where it is none."""

from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic import ValidationError

from questions.grading import (
    ChoiceResponse,
    NotANumber,
    NoWords,
    NumberResponse,
    Response,
    ResponseError,
    TextResponse,
)


def response_from(sent: QueryDict) -> Response:
    """The response in the fields `number`, `text` or `choice`.

    Raises: ResponseError where that is nothing, or far too much.
    """
    if "number" in sent:
        return _number(sent.getlist("number")[-1])
    if "text" in sent:
        return _text(sent.getlist("text")[-1])
    try:
        return ChoiceResponse(chosen=tuple(sent.getlist("choice")))
    except ValidationError as error:
        raise ResponseError("no choice, or too many") from error


def advice(error: ResponseError) -> str:
    """What to do instead, in the reader's language."""
    if isinstance(error, NotANumber):
        return _("Write one number, such as 3.5, with nothing between the thousands.")
    if isinstance(error, NoWords):
        return _("Write a few words.")
    return _("Choose one of the answers.")


def _number(typed: str) -> NumberResponse:
    try:
        return NumberResponse(typed=typed)
    except ValidationError as error:
        raise NotANumber("far too long") from error


def _text(typed: str) -> TextResponse:
    try:
        return TextResponse(typed=typed)
    except ValidationError as error:
        raise NoWords("far too long, or not to be kept") from error
