"""Write the words that full-text search looks through."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction

from catalog.indexing.spelling import remember_words
from catalog.indexing.words import indexed, words_of
from catalog.models import BankQuestion, BankText, QuestionText, TestBank
from catalog.querysets import BankQuestionQuerySet
from questions.rendering import words_before_answering

BATCH_SIZE = 200


def scope_word(test_bank_id: int) -> str:
    """The word that stands for a bank among the words of its questions."""
    return f"inbank{test_bank_id}"


@transaction.atomic
def index_bank(*, test_bank: TestBank, at: datetime) -> None:
    """Let everybody find the bank while it is on sale, and its owners find its questions.

    Idempotent: replaces what search knew of the bank.
    """
    index_bank_text(test_bank=test_bank, at=at)
    QuestionText.objects.filter(bank_question__test_bank=test_bank).delete()
    places = test_bank.bank_questions.askable().select_related("question__current")
    _index_questions(test_bank, list(places))


@transaction.atomic
def index_bank_text(*, test_bank: TestBank, at: datetime) -> None:
    """Let everybody find the bank by its own words while it is on sale. Atomic, idempotent."""
    _lock(test_bank)
    named = test_bank.bank_questions.askable().exclude(question__current__domain="")
    domains = named.values_list("question__current__domain", flat=True).distinct().order_by()
    body = "\n".join(
        (
            test_bank.summary,
            test_bank.description,
            test_bank.category.title,
            *sorted(filter(None, domains)),
        )
    )
    BankText.objects.filter(test_bank=test_bank).delete()
    if not test_bank.is_on_sale:
        return
    BankText.objects.create(
        test_bank=test_bank, title=indexed(test_bank.title), body=indexed(body), read_at=at
    )
    remember_words("bank", _spellings((test_bank.title, body)))


def _lock(test_bank: TestBank) -> None:
    """Let nobody else write the words of this bank before this transaction ends.

    Two imports of a bank index it at once, after their own transactions: each would delete the
    former words, and the second to write new ones would break the primary key.
    """
    TestBank.objects.select_for_update(no_key=True).filter(pk=test_bank.pk).first()


def index_questions(*, test_bank: TestBank, question_ids: Sequence[int]) -> None:
    """Let owners of the bank find some of its questions. Idempotent.

    Takes a transaction for each BATCH_SIZE questions, and computes before it begins.
    """
    for start in range(0, len(question_ids), BATCH_SIZE):
        batch = question_ids[start : start + BATCH_SIZE]
        places = test_bank.bank_questions.filter(question__in=batch)
        asked = list(places.askable().select_related("question__current"))
        _index_questions(test_bank, asked, replaced=places)


def _index_questions(
    test_bank: TestBank,
    asked: list[BankQuestion],
    *,
    replaced: BankQuestionQuerySet | None = None,
) -> None:
    """Write the words of questions, instead of those that search has of `replaced`."""
    scope = scope_word(test_bank.pk)
    texts = {
        place.pk: words_before_answering(place.question.current.item)
        for place in asked
        if place.question.current
    }
    rows = [
        QuestionText(bank_question_id=pk, title=scope, body=indexed(text))
        for pk, text in texts.items()
    ]
    spellings = list(_spellings(texts.values()))
    with transaction.atomic():
        _lock(test_bank)
        if replaced is not None:
            QuestionText.objects.filter(bank_question__in=replaced).delete()
        QuestionText.objects.bulk_create(rows, BATCH_SIZE)
        remember_words("question", spellings)


def _spellings(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each word as it is compared, and as its author wrote it."""
    for text in texts:
        for word in words_of(text):
            yield word.folded, text[word.start : word.end].lower()
