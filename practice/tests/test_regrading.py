"""Answers that older rules marked incorrect are graded again: upward only, once, with a note."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.urls import reverse

from catalog.models import BankQuestion
from practice.models import Answer
from practice.regrading import RegradeReport, regrade_answers
from practice.services import finish_attempt, start_attempt
from practice.tests.conftest import stored_answer
from questions.formats.gift import read_gift
from questions.grading import GRADING_RULES
from questions.services import store_items

GIFT = """
Whose hat? {=Ada's hat =%50%Ada hat}

Feet in a mile? {#5280}

Which? {=a ~b}
"""
HAT, FEET, CHOICE = 1, 2, 3


@pytest.fixture
def attempt(owner, make_bank, at):
    bank = make_bank("typed", questions=0, language="de")
    for position, version in enumerate(store_items(items=read_gift(GIFT.encode()).items), start=1):
        BankQuestion.objects.create(test_bank=bank, question=version.question, position=position)
    owner.accesses.update(test_bank=bank)
    return start_attempt(learner=owner, test_bank=bank, at=at)


@pytest.fixture
def judged_before(attempt, at):
    """Stores an answer as older rules judged it."""

    def store(position, kind, typed, *, fraction=0):
        response = {"kind": kind, "typed": typed}
        return stored_answer(
            attempt, position, response=response, fraction=fraction, grading_rules=1, answered_at=at
        )

    return store


@pytest.mark.parametrize(
    ("position", "kind", "typed"),
    [
        (HAT, "text", "Ada\u2019s hat"),
        (HAT, "text", "ada's hat\u200b"),
        (HAT, "text", "\uff21da's\u00a0hat"),
        (FEET, "number", "5.280"),
        (FEET, "number", "\u200e5280"),
        (FEET, "number", "5'280"),
    ],
)
def test_answer_that_is_correct_by_better_rules_rises(judged_before, at, position, kind, typed):
    answer = judged_before(position, kind, typed)
    assert regrade_answers(at=at) == RegradeReport(checked=1, raised=1)
    answer.refresh_from_db()
    assert (answer.fraction, answer.fraction_before, answer.regraded_at) == (1, 0, at)
    assert answer.grading_rules == GRADING_RULES


@pytest.mark.parametrize(
    ("position", "kind", "typed", "fraction"),
    [
        (HAT, "text", "Eve's hat", "0"),
        (HAT, "text", "Ada hat", "0.75"),
        (FEET, "number", "5,280", "0"),
        (FEET, "number", "about five", "0"),
    ],
)
def test_answer_never_falls_and_stays_where_it_cannot_be_judged(
    judged_before, at, position, kind, typed, fraction
):
    answer = judged_before(position, kind, typed, fraction=Decimal(fraction))
    assert regrade_answers(at=at) == RegradeReport(checked=1, raised=0)
    answer.refresh_from_db()
    assert (answer.fraction, answer.regraded_at) == (Decimal(fraction), None)


def test_regrading_again_looks_at_nothing(judged_before, at):
    judged_before(HAT, "text", "Ada\u2019s hat")
    regrade_answers(at=at)
    assert regrade_answers(at=at) == RegradeReport(checked=0, raised=0)


def test_part_of_the_points_rises_to_all_and_the_note_keeps_the_part(judged_before, at):
    answer = judged_before(HAT, "text", "Ada\u2019s hat", fraction=Decimal("0.5"))
    regrade_answers(at=at)
    answer.refresh_from_db()
    assert (answer.fraction, answer.fraction_before) == (1, Decimal("0.5"))


def test_score_of_a_finished_session_rises_with_its_answer(judged_before, attempt, at):
    judged_before(HAT, "text", "Ada\u2019s hat", fraction=Decimal("0.5"))
    finish_attempt(attempt=attempt, at=at)
    regrade_answers(at=at)
    attempt.refresh_from_db()
    assert attempt.points == 1


def test_answers_by_the_rules_of_today_are_not_looked_at(judged_before, at):
    answer = judged_before(HAT, "text", "Eve's hat")
    Answer.objects.filter(pk=answer.pk).update(grading_rules=GRADING_RULES)
    assert regrade_answers(at=at).checked == 0


@pytest.mark.parametrize("count", [1, 3])
def test_each_batch_takes_a_fixed_number_of_statements(
    judged_before, at, django_assert_num_queries, count
):
    for position, kind in ((HAT, "text"), (FEET, "number"), (CHOICE, "text"))[:count]:
        judged_before(position, kind, "none")
    # Two reads (the second finds nothing), and one update between the two of a savepoint.
    with django_assert_num_queries(5):
        regrade_answers(at=at)


def test_database_refuses_a_note_of_an_answer_that_fell(judged_before, at):
    answer = judged_before(HAT, "text", "x")
    with pytest.raises(IntegrityError, match="practice_answer_regraded_upward"):
        Answer.objects.filter(pk=answer.pk).update(fraction_before=1, regraded_at=at)


def test_command_says_how_many_answers_rose(judged_before, capsys):
    judged_before(HAT, "text", "Ada\u2019s hat")
    judged_before(FEET, "number", "1")
    call_command("regrade_answers")
    assert capsys.readouterr().out == ("Answers checked: 2. Scores increased: 1.\n")


def test_pages_tell_that_it_was_graded_again(judged_before, attempt, client, owner, at):
    judged_before(HAT, "text", "Ada\u2019s hat")
    regrade_answers(at=at)
    client.force_login(owner)
    text = client.get(reverse("practice:question", args=[attempt.pk, HAT])).text
    assert "It originally earned fewer points." in text
    text = client.get(reverse("practice:result", args=[attempt.pk])).text
    assert "Question 1 was regraded and now earns more points." in text
