from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from catalog.models import BankQuestion
from practice.models import Answer, Attempt
from practice.services import (
    AttemptFinished,
    NoAccess,
    NoSuchPosition,
    NothingToAsk,
    finish_attempt,
    start_attempt,
    submit_answer,
)
from practice.tests.conftest import RIGHT, STATEMENTS_PER_ANSWER, WRONG, stored_answer
from questions.grading import ChoiceResponse, ResponseError
from questions.items import Choice, Essay, SingleChoice, Text
from questions.models import Question, QuestionVersion
from questions.services import first_version, safe, store_items

LATER = timedelta(hours=1)


def at_once(work):
    """What two threads with connections of their own return for the same work."""

    def run(_number):
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, range(2)))


def test_start_takes_the_current_versions_in_the_order_of_the_bank(attempt, test_bank):
    places = test_bank.bank_questions.order_by("position").select_related("question")
    assert attempt.version_ids == [place.question.current_id for place in places]


def test_start_again_goes_on_with_the_unfinished_attempt(attempt, owner, test_bank, at):
    assert start_attempt(learner=owner, test_bank=test_bank, at=at + LATER) == attempt
    assert Attempt.objects.count() == 1


def test_start_after_the_end_begins_anew(attempt, owner, test_bank, at):
    finish_attempt(attempt=attempt, at=at)
    assert start_attempt(learner=owner, test_bank=test_bank, at=at) != attempt
    assert Attempt.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_start_twice_at_once_makes_one_attempt(owner, test_bank, at):
    first, second = at_once(lambda: start_attempt(learner=owner, test_bank=test_bank, at=at))
    assert (first, Attempt.objects.count()) == (second, 1)


def test_start_without_access_is_refused(learner, test_bank, at):
    with pytest.raises(NoAccess):
        start_attempt(learner=learner, test_bank=test_bank, at=at)
    assert not Attempt.objects.exists()


def test_start_after_the_access_has_expired_is_refused(owner, test_bank, at):
    owner.accesses.update(expires_at=at + LATER)
    with pytest.raises(NoAccess):
        start_attempt(learner=owner, test_bank=test_bank, at=at + LATER)


def test_start_leaves_out_kinds_that_cannot_be_asked(owner, test_bank, at):
    [version] = store_items(items=[Essay(stem=Text(source="Write."))])
    BankQuestion.objects.create(
        test_bank=test_bank, question=version.question, position=6, is_asked=False
    )
    assert start_attempt(learner=owner, test_bank=test_bank, at=at).total == 5


def test_start_of_an_empty_bank_is_refused(owner, test_bank, at):
    test_bank.bank_questions.all().delete()
    with pytest.raises(NothingToAsk):
        start_attempt(learner=owner, test_bank=test_bank, at=at)


@pytest.mark.parametrize(("choice", "fraction"), [(RIGHT, 1), (WRONG, 0)])
def test_answer_is_graded_and_kept(attempt, answer, choice, fraction, at):
    answer(2, choice)
    kept = Answer.objects.get()
    assert (kept.attempt, kept.position, kept.answered_at) == (attempt, 2, at)
    assert kept.version_id == attempt.version_ids[1]
    assert kept.response == {"kind": "choice", "chosen": [choice]}
    assert kept.fraction == fraction


def test_answer_of_a_third_is_kept_to_nine_places(owner, test_bank, at):
    [version] = store_items(
        items=[
            SingleChoice(
                stem=Text(source="Which?"),
                choices=(
                    Choice(id="a", text=Text(source="Right"), weight=100),
                    Choice(id="b", text=Text(source="Partly"), weight=33.33333),
                ),
            )
        ]
    )
    BankQuestion.objects.create(test_bank=test_bank, question=version.question, position=6)
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    submit_answer(
        attempt_id=attempt.pk,
        learner_id=attempt.learner_id,
        position=6,
        response=ChoiceResponse(chosen=("b",)),
        at=at,
    )
    assert Answer.objects.get().fraction == Decimal("0.3333333")


def test_answer_again_changes_nothing(answer, at):
    answer(1, WRONG)
    answer(1, WRONG, at=at + LATER)
    assert Answer.objects.get().answered_at == at


def test_answer_after_the_explanation_was_shown_does_not_count(answer):
    answer(1, WRONG)
    answer(1, RIGHT)
    assert Answer.objects.get().fraction == 0


@pytest.mark.django_db(transaction=True)
def test_answer_twice_at_once_makes_one_row(attempt, answer):
    at_once(lambda: answer(1, RIGHT))
    assert Answer.objects.count() == 1


def test_answer_that_is_no_choice_is_refused(answer):
    with pytest.raises(ResponseError):
        answer(1, "z")
    assert not Answer.objects.exists()


@pytest.mark.parametrize("position", [-1, 0, 6])
def test_answer_at_no_position_is_refused(answer, position):
    with pytest.raises(NoSuchPosition):
        answer(position, RIGHT)
    assert not Answer.objects.exists()


def test_answer_after_the_end_is_refused(attempt, answer, at):
    finish_attempt(attempt=attempt, at=at)
    with pytest.raises(AttemptFinished):
        answer(1, RIGHT)
    assert not Answer.objects.exists()


def test_answer_after_the_access_has_expired_is_refused(owner, answer, at):
    owner.accesses.update(expires_at=at + LATER)
    answer(1, RIGHT)
    with pytest.raises(NoAccess):
        answer(2, RIGHT, at=at + LATER)
    assert Answer.objects.get().position == 1


def test_answer_takes_a_fixed_number_of_statements(answer, django_assert_num_queries):
    with django_assert_num_queries(STATEMENTS_PER_ANSWER):
        answer(1, RIGHT)


def test_answer_stays_with_its_version_when_the_question_is_edited(attempt, answer, test_bank):
    answer(1, RIGHT)
    former = QuestionVersion.objects.select_related("question").get(pk=attempt.version_ids[0])
    question = former.question
    changed = former.item.model_copy(update={"stem": Text(source="Reworded?")})
    version = first_version(question, safe(changed))
    version.number = 2
    version.save()
    Question.objects.filter(pk=question.pk).update(current=version)
    kept = Answer.objects.get()
    assert kept.version.item.stem.source == "Question 1?"
    assert QuestionVersion.objects.filter(question=question).count() == 2


def test_finish_again_changes_nothing(attempt, at):
    finish_attempt(attempt=attempt, at=at)
    finish_attempt(attempt=attempt, at=at + LATER)
    attempt.refresh_from_db()
    assert attempt.finished_at == at


@pytest.mark.parametrize("fraction", [Decimal("-0.1"), Decimal("1.1")])
def test_database_keeps_fractions_in_range(attempt, fraction):
    with pytest.raises(IntegrityError), transaction.atomic():
        stored_answer(attempt, 1, fraction=fraction)
