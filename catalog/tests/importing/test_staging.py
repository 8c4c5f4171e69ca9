"""An import stores its questions where nobody sees them, and publishes them in one short transaction."""

import json
import time
import uuid
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction

from catalog.importing.items import (
    FileHasErrors,
    import_items,
    index_import,
    publish_import,
    stage_import,
)
from catalog.models import Category, QuestionText
from questions.formats.jsonl import read_jsonl
from questions.models import Question
from questions.services import STAGED_AT_ONCE, delete_staged, stage_items

pytestmark = pytest.mark.django_db


def file_of(count, *, start=1):
    """A file of questions that are true or false."""
    lines = (
        json.dumps({"kind": "true_false", "stem": f"Is {number} even?", "answer": number % 2 == 0})
        for number in range(start, start + count)
    )
    return read_jsonl("\n".join(lines).encode())


@pytest.fixture
def bank(make_bank):
    return make_bank("new", questions=2)


def stems(bank):
    places = bank.bank_questions.order_by("position").select_related("question__current")
    return [place.question.current.item.stem.source for place in places]


def test_staged_questions_are_in_no_bank(bank):
    staged = stage_import(test_bank=bank, read=file_of(3))
    assert bank.bank_questions.count() == 2
    assert Question.objects.filter(import_id=staged.import_id).count() == 3


def test_published_questions_are_in_the_bank_and_no_longer_staged(bank, at):
    staged = stage_import(test_bank=bank, read=file_of(3))
    report = publish_import(staged=staged, at=at)
    index_import(test_bank=bank, report=report, at=at)
    assert (report.added, bank.bank_questions.count()) == (3, 5)
    assert stems(bank)[2:] == ["Is 1 even?", "Is 2 even?", "Is 3 even?"]
    assert not Question.objects.filter(import_id__isnull=False).exists()
    assert (
        QuestionText.objects.filter(bank_question__question__in=report.added_questions).count() == 3
    )


def test_the_same_file_published_meanwhile_is_added_once(bank, at):
    staged = stage_import(test_bank=bank, read=file_of(3))
    import_items(test_bank=bank, read=file_of(2), at=at)
    report = publish_import(staged=staged, at=at)
    assert (report.added, len(report.known_lines)) == (1, 2)
    assert stems(bank)[2:] == ["Is 1 even?", "Is 2 even?", "Is 3 even?"]
    assert Question.objects.filter(import_id=staged.import_id, bank_questions=None).count() == 2


def test_question_that_was_removed_meanwhile_is_added(bank, at):
    import_items(test_bank=bank, read=file_of(3), at=at)
    staged = stage_import(test_bank=bank, read=file_of(3))
    bank.bank_questions.get(position=5).delete()
    assert publish_import(staged=staged, at=at).added == 1
    assert stems(bank)[2:] == ["Is 1 even?", "Is 2 even?", "Is 3 even?"]


def test_file_with_errors_stages_nothing(bank):
    before = Question.objects.count()
    with pytest.raises(FileHasErrors):
        stage_import(test_bank=bank, read=read_jsonl(b"{}"))
    assert Question.objects.count() == before


def test_staged_questions_of_an_import_that_ended_are_deleted_after_a_day(bank, at):
    stage_items(items=file_of(3).items, import_id=uuid.uuid4())
    Question.objects.filter(import_id__isnull=False).update(created_at=at)
    assert delete_staged(at=at + timedelta(hours=23)) == 0
    assert delete_staged(at=at + timedelta(hours=25)) == 3
    assert Question.objects.count() == 2


@pytest.mark.parametrize("count", [1, 3])
def test_statements_of_publishing_do_not_depend_on_the_size(
    bank, at, count, django_assert_num_queries
):
    staged = stage_import(test_bank=bank, read=file_of(count))
    with django_assert_num_queries(28):
        publish_import(staged=staged, at=at)


@pytest.mark.django_db(transaction=True)
def test_questions_are_stored_in_transactions_of_one_batch(bank, monkeypatch):
    stored = []

    def commit():
        stored.append(Question.objects.filter(import_id__isnull=False).count())
        store()

    store = connection.commit
    monkeypatch.setattr(connection, "commit", commit)
    stage_import(test_bank=bank, read=file_of(2 * STAGED_AT_ONCE + 1))
    assert stored == [STAGED_AT_ONCE, 2 * STAGED_AT_ONCE, 2 * STAGED_AT_ONCE + 1]


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_other_writers_store_while_20_000_questions_are_imported(bank, at):
    """How long they wait is measured in `benchmarks.import_writers`."""
    read = file_of(20_000)
    written = 0

    def run():
        import_items(test_bank=bank, read=read, at=at)
        connection.close()

    imported = Thread(target=run)
    imported.start()
    while imported.is_alive():
        with transaction.atomic():
            Category.objects.update(title="General")
        written += 1
        time.sleep(0.02)
    assert bank.bank_questions.count() == 20_002
    # One for each batch: no transaction holds all of them up.
    assert written > 20_000 / STAGED_AT_ONCE
