"""Answers to earlier versions of a corrected question rise, once, and never fall."""

from decimal import Decimal

import pytest
from django.urls import reverse

from practice.corrections import Rise, find_rises, raise_answers, session_changes
from practice.models import Answer
from practice.services import finish_attempt
from practice.tests.conftest import RIGHT, WRONG
from questions.items import ChoiceItem
from questions.services import current_of, store_next_versions


@pytest.fixture
def corrected(attempt):
    """The next version of the first question, whose key is the choice that was wrong."""
    answered = Answer.objects.select_related("question__current").filter(position=1)
    question = answered.get().question
    item = current_of(question).item
    assert isinstance(item, ChoiceItem)
    choices = [
        choice.model_copy(update={"weight": 100 if choice.id == WRONG else 0})
        for choice in item.choices
    ]
    changed = item.model_copy(update={"choices": tuple(choices)})
    return store_next_versions(changes=[(question, changed)])[0]


@pytest.fixture
def wrong(answer):
    answer(1, WRONG)
    return Answer.objects.get(position=1)


def test_finding_says_what_would_rise_and_writes_nothing(wrong, corrected, attempt, owner):
    rise = Rise(wrong.pk, attempt.pk, owner.pk, Decimal(0), Decimal(1))
    assert find_rises(corrected=corrected) == [rise]
    wrong.refresh_from_db()
    assert (wrong.fraction, wrong.regraded_at) == (0, None)


def test_raising_stores_the_new_grade_and_what_it_was(wrong, corrected, at):
    raise_answers(corrected=corrected, answer_ids=[wrong.pk], at=at)
    wrong.refresh_from_db()
    assert (wrong.fraction, wrong.fraction_before, wrong.regraded_at) == (1, 0, at)
    assert wrong.regraded_version == corrected


def test_raising_twice_raises_once(wrong, corrected, attempt, at):
    finish_attempt(attempt=attempt, at=at)
    first = raise_answers(corrected=corrected, answer_ids=[wrong.pk], at=at)
    again = raise_answers(corrected=corrected, answer_ids=[wrong.pk], at=at)
    attempt.refresh_from_db()
    assert (len(first), again, attempt.points) == (1, [], 1)


def test_answer_that_was_correct_by_the_old_key_keeps_its_points(answer, request, at):
    answer(1, RIGHT)
    corrected = request.getfixturevalue("corrected")
    right = Answer.objects.get(position=1)
    assert raise_answers(corrected=corrected, answer_ids=[right.pk], at=at) == []
    right.refresh_from_db()
    assert right.fraction == 1


def test_answer_that_names_a_choice_which_is_gone_stays(wrong, corrected, at):
    content = corrected.content
    content["choices"] = [one for one in content["choices"] if one["id"] != WRONG]
    content["choices"][0]["weight"] = 100
    corrected.content = content
    assert find_rises(corrected=corrected) == []


def test_score_of_a_finished_session_changes_in_percent(wrong, corrected, attempt, at):
    finish_attempt(attempt=attempt, at=at)
    [change] = session_changes(rises=find_rises(corrected=corrected))
    assert (change.before, change.after, change.passes_now) == (0, 20, False)


def test_exam_that_reaches_its_pass_mark_is_named(wrong, corrected, attempt, at):
    attempt.mode, attempt.pass_percent = "exam", 20
    attempt.save(update_fields=["mode", "pass_percent"])
    finish_attempt(attempt=attempt, at=at)
    Answer.objects.update(fraction=0)
    [change] = session_changes(rises=find_rises(corrected=corrected))
    assert change.passes_now


@pytest.mark.parametrize("others", [0, 3])
def test_raising_takes_the_same_statements_for_one_and_for_four(
    wrong, corrected, attempt, at, other_learner, django_assert_num_queries, others
):
    for number in range(others):
        attempt.pk = f"00000000-0000-4000-8000-00000000000{number}"
        attempt.save(force_insert=True)
        wrong.pk, wrong.attempt = None, attempt
        wrong.save()
    ids = list(Answer.objects.values_list("pk", flat=True))
    # The attempts' ids, their lock, the answers, and two updates, in a savepoint.
    with django_assert_num_queries(7):
        assert len(raise_answers(corrected=corrected, answer_ids=ids, at=at)) == 1 + others


def test_learner_sees_the_corrected_key_and_why(wrong, corrected, attempt, owners_client, at):
    raise_answers(corrected=corrected, answer_ids=[wrong.pk], at=at)
    text = owners_client.get(reverse("practice:question", args=[attempt.pk, 1])).text
    assert "because the question was corrected" in text
    assert text.count("Your answer originally earned fewer points.") == 1
