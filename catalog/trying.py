"""Answering a question of which nothing is kept: samples, previews, a look at one's own."""

from django.http import HttpRequest

from questions.grading import ResponseError, grade
from questions.items import Item
from questions.rendering import PresentedItem, RevealedItem, present, reveal
from questions.response_parsing import draft_of, help_for, parse_response


def tried(request: HttpRequest, item: Item, *, language: str = "") -> PresentedItem | RevealedItem:
    """The item as it is, or with its key once it was answered. `language` is the bank's."""
    if request.method != "POST":
        return present(item)
    try:
        response = parse_response(request.POST)
        worth = grade(item, response, language=language)
        return reveal(item, response, worth, language=language)
    except ResponseError as error:
        return present(item, draft=draft_of(request.POST, problem=help_for(error)))
