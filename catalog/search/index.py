"""Keeping what search knows of a bank equal to the bank."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction

from catalog.models import BankQuestion, BankText, QuestionText, TestBank
from catalog.search.engines import scope_word
from catalog.search.spelling import remember
from catalog.search.words import indexed, words_of
from questions.rendering import words_before_answering

AT_ONCE = 500


@transaction.atomic
def index_bank(*, test_bank: TestBank, at: datetime) -> None:
    """Let search find the bank, where it is on sale, and its questions, for their owners.

    Idempotent: what search knew of it is made anew.
    """
    BankText.objects.filter(test_bank=test_bank).delete()
    QuestionText.objects.filter(bank_question__test_bank=test_bank).delete()
    places = list(test_bank.bank_questions.askable().select_related("question__current"))
    if test_bank.is_on_sale:
        _index_shop_window(test_bank, places, at)
    _index_questions(test_bank, places)


def _index_shop_window(test_bank: TestBank, places: list[BankQuestion], at: datetime) -> None:
    domains = {place.question.current.domain for place in places if place.question.current}
    body = "\n".join(
        (test_bank.summary, test_bank.description, test_bank.category.title, *sorted(domains))
    )
    BankText.objects.create(
        test_bank=test_bank, title=indexed(test_bank.title), body=indexed(body), read_at=at
    )
    remember("bank", _pairs((test_bank.title, body)))


def _index_questions(test_bank: TestBank, places: list[BankQuestion]) -> None:
    scope = scope_word(test_bank.pk)
    texts = {
        place.pk: words_before_answering(place.question.current.item)
        for place in places
        if place.question.current
    }
    QuestionText.objects.bulk_create(
        (
            QuestionText(bank_question_id=pk, title=scope, body=indexed(text))
            for pk, text in texts.items()
        ),
        AT_ONCE,
    )
    remember("question", _pairs(texts.values()))


def _pairs(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each word as it is compared and as it was written."""
    for text in texts:
        for word in words_of(text):
            yield word.folded, text[word.start : word.end].lower()
