"""Write the words that full-text search looks through."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction

from catalog.indexing.spelling import remember_words
from catalog.indexing.words import indexed, words_of
from catalog.models import BankQuestion, BankText, QuestionText, TestBank
from questions.rendering import words_before_answering

BATCH_SIZE = 500


def scope_word(test_bank_id: int) -> str:
    """The word that stands for a bank among the words of its questions."""
    return f"inbank{test_bank_id}"


@transaction.atomic
def index_bank(*, test_bank: TestBank, at: datetime) -> None:
    """Let everybody find the bank while it is on sale, and its owners find its questions.

    Idempotent: replaces what search knew of the bank.
    """
    BankText.objects.filter(test_bank=test_bank).delete()
    QuestionText.objects.filter(bank_question__test_bank=test_bank).delete()
    places = list(test_bank.bank_questions.askable().select_related("question__current"))
    if test_bank.is_on_sale:
        _index_bank_text(test_bank, places, at)
    _index_questions(test_bank, places)


def _index_bank_text(test_bank: TestBank, places: list[BankQuestion], at: datetime) -> None:
    domains = {place.question.current.domain for place in places if place.question.current}
    body = "\n".join(
        (test_bank.summary, test_bank.description, test_bank.category.title, *sorted(domains))
    )
    BankText.objects.create(
        test_bank=test_bank, title=indexed(test_bank.title), body=indexed(body), read_at=at
    )
    remember_words("bank", _spellings((test_bank.title, body)))


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
        BATCH_SIZE,
    )
    remember_words("question", _spellings(texts.values()))


def _spellings(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each word as it is compared, and as its author wrote it."""
    for text in texts:
        for word in words_of(text):
            yield word.folded, text[word.start : word.end].lower()
