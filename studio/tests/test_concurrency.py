"""Two at once at the desk, on PostgreSQL, where transactions really run beside each other."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from catalog.importing.items import import_items
from catalog.models import BankQuestion
from outbox.models import OutgoingMail
from practice.models import Answer
from practice.services import finish_attempt, start_attempt, submit_answer
from questions.formats.jsonl import read_jsonl
from questions.grading import ChoiceResponse
from questions.images import ImagesBeside
from questions.items import Text
from studio.errors import (
    AlreadyThere,
    EditConflict,
    NothingToRegrade,
    NothingToUndo,
    ReportClosed,
    StepNotPossible,
)
from studio.importing.services import import_questions, undo_import
from studio.models import BulkEdit, Correction, Import, ItemStatistics, QuestionReport
from studio.services.bulk import Action, Edit, apply_edit, undo_edit
from studio.services.corrections import correct_answers
from studio.services.questions import add_question, save_question
from studio.services.reports import close_report, report_question
from studio.services.reviews import Step, take_step
from studio.services.statistics import compute_statistics

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

FILE = b'{"kind": "true_false", "id": "t1", "stem": "A 301 may be cached.", "answer": true}\n'


# What the second of two is told.
TOLD = (AlreadyThere, EditConflict, NothingToRegrade, NothingToUndo, ReportClosed, StepNotPossible)


def at_once(*works):
    """The result of each piece of work, or its error; all begin at the same time."""
    together = Barrier(len(works))

    def one(work):
        together.wait(timeout=30)
        try:
            return work()
        except TOLD as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


@pytest.fixture
def edited(place):
    item = place.question.current.item
    return lambda words: item.model_copy(update={"domain": words})


def saving(place, item, by):
    return lambda: save_question(place=place, item=item, base_number=1, by=by, at=timezone.now())


def importing(test_bank, content=FILE):
    read = read_jsonl(content)
    return lambda: import_questions(
        test_bank=test_bank,
        read=read,
        images=ImagesBeside(Path()),
        names=["a"],
        by=None,
        at=timezone.now(),
    )


def numbers(question):
    return sorted(question.versions.values_list("number", flat=True))


def test_of_two_editors_one_saves_and_the_other_is_told(place, edited, seller):
    results = at_once(saving(place, edited("One"), seller), saving(place, edited("Two"), seller))
    assert sorted(isinstance(result, EditConflict) for result in results) == [False, True]
    assert numbers(place.question) == [1, 2]


def test_two_imports_of_a_file_add_its_questions_once(test_bank):
    at_once(importing(test_bank), importing(test_bank))
    assert test_bank.bank_questions.count() == 6
    assert sorted(Import.objects.values_list("added", flat=True)) == [0, 1]


def test_import_and_edit_of_a_question_both_become_versions_or_one_is_told(test_bank, seller, at):
    import_items(test_bank=test_bank, read=read_jsonl(FILE), at=at)
    place = test_bank.bank_questions.get(position=6)
    item = place.question.current.item.model_copy(update={"domain": "HTTP"})
    corrected = FILE.replace(b"may be", b"is")
    [saved, _report] = at_once(saving(place, item, seller), importing(test_bank, corrected))
    found = numbers(place.question)
    assert found == ([1, 2] if isinstance(saved, EditConflict) else [1, 2, 3])


def test_new_question_and_import_get_positions_of_their_own(test_bank, place, seller):
    item = place.question.current.item.model_copy(update={"stem": Text(source="New?")})
    at_once(
        lambda: add_question(
            test_bank=test_bank,
            item=item,
            state=BankQuestion.State.PUBLISHED,
            by=seller,
            at=timezone.now(),
        ),
        importing(test_bank),
    )
    positions = test_bank.bank_questions.values_list("position", flat=True)
    assert sorted(positions) == [1, 2, 3, 4, 5, 6, 7]


def test_two_clicks_save_one_new_question(test_bank, place, seller):
    item = place.question.current.item.model_copy(update={"stem": Text(source="New?")})

    def save():
        add_question(
            test_bank=test_bank,
            item=item,
            state=BankQuestion.State.PUBLISHED,
            by=seller,
            at=timezone.now(),
        )

    outcomes = at_once(save, save)
    assert {type(outcome) for outcome in outcomes} == {AlreadyThere, type(None)}
    assert test_bank.bank_questions.count() == 6


def test_undo_of_an_import_happens_once(test_bank, seller):
    importing(test_bank)()
    done = Import.objects.get()

    def undo():
        return undo_import(done=done, by=seller, at=timezone.now())

    results = at_once(undo, undo)
    assert sorted(isinstance(result, NothingToUndo) for result in results) == [False, True]
    assert test_bank.bank_questions.count() == 5


def test_undo_of_an_edit_happens_once(test_bank, place, seller, at):
    edit = Edit(test_bank, Action.DOMAIN, "New", [place])
    stored = apply_edit(edit=edit, by=seller, at=at)

    def undo():
        return undo_edit(edit=BulkEdit.objects.get(pk=stored.pk), by=seller, at=timezone.now())

    results = at_once(undo, undo)
    assert sorted(isinstance(result, NothingToUndo) for result in results) == [False, True]
    assert numbers(place.question) == [1, 2, 3]


def test_question_retired_in_the_middle_of_a_session_can_still_be_answered(
    test_bank, owner, place, seller, at
):
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    asked = test_bank.bank_questions.filter(position__lt=5)
    edit = Edit(test_bank, Action.RETIRE, "", list(asked))
    at_once(
        lambda: apply_edit(edit=edit, by=seller, at=timezone.now()),
        lambda: submit_answer(
            attempt_id=attempt.pk,
            learner_id=owner.pk,
            position=1,
            response=ChoiceResponse(chosen=("b",)),
            at=at,
        ),
    )
    assert Answer.objects.get().fraction == 1
    assert test_bank.bank_questions.askable().get().position == 5


def test_statistics_computed_twice_at_once_are_stored_once(test_bank, owner, at):
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    chosen = ChoiceResponse(chosen=("b",))
    submit_answer(attempt_id=attempt.pk, learner_id=owner.pk, position=1, response=chosen, at=at)

    def compute():
        return compute_statistics(test_bank=test_bank, at=timezone.now())

    assert at_once(compute, compute) == [1, 1]
    assert ItemStatistics.objects.count() == 1


def reporting(test_bank, place, learner):
    return lambda: report_question(
        learner=learner,
        test_bank=test_bank,
        version=place.question.current,
        reason="key",
        words="",
        language="en",
        at=timezone.now(),
    )


def test_reports_at_once_are_merged(test_bank, place, owner, learner):
    works = [reporting(test_bank, place, who) for who in (owner, owner, learner)]
    at_once(*works)
    assert QuestionReport.objects.get().reporter_count == 2


def test_report_closed_twice_at_once_is_told_back_once(test_bank, place, owner, seller):
    report = reporting(test_bank, place, owner)()

    def close():
        close_report(
            report=report,
            state=QuestionReport.State.FIXED,
            reply="",
            by=seller,
            at=timezone.now(),
        )

    results = at_once(close, close)
    assert sorted(isinstance(result, ReportClosed) for result in results) == [False, True]
    assert OutgoingMail.objects.count() == 1


def test_answers_corrected_twice_at_once_rise_once(test_bank, place, owner, seller, at):
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    chosen = ChoiceResponse(chosen=("c",))
    submit_answer(attempt_id=attempt.pk, learner_id=owner.pk, position=1, response=chosen, at=at)
    item = place.question.current.item
    choices = [one.model_copy(update={"weight": 100 * (one.id == "c")}) for one in item.choices]
    saving(place, item.model_copy(update={"choices": tuple(choices)}), seller)()

    def correct():
        return correct_answers(place=place, words="x", reply="", by=seller, at=timezone.now())

    def finish():
        finish_attempt(attempt=attempt, at=timezone.now())

    at_once(correct, correct, finish)
    attempt.refresh_from_db()
    assert Correction.objects.get().raised == 1
    assert attempt.points == Decimal(1)
    assert OutgoingMail.objects.count() == 1


def test_of_two_reviewers_one_is_told(test_bank, place, seller):
    test_bank.bank_questions.update(state="review")

    def taking(step):
        return lambda: take_step(place=place, step=step, words="x", by=seller, at=timezone.now())

    results = at_once(taking(Step.PUBLISHED), taking(Step.PUBLISHED))
    assert sorted(isinstance(result, StepNotPossible) for result in results) == [False, True]
    assert test_bank.changes.count() == 1
