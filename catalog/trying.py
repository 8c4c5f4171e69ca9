"""Answering a question of which nothing is kept: samples, previews, a look at one's own."""

from django.contrib import messages
from django.http import HttpRequest

from questions.grading import ResponseError, grade
from questions.items import Item
from questions.rendering import PresentedItem, RevealedItem, present, reveal
from questions.response_parsing import advice, response_from


def tried(request: HttpRequest, item: Item) -> PresentedItem | RevealedItem:
    """The item as it is, or with its key once it was answered."""
    if request.method != "POST":
        return present(item)
    try:
        response = response_from(request.POST)
        return reveal(item, response, grade(item, response))
    except ResponseError as error:
        messages.error(request, advice(error))
        return present(item)
