"""A bank of 360 questions costs no more statements a page than a bank of five."""

import time

import pytest
from django.urls import reverse

from practice.models import Answer, Attempt
from practice.services import finish_attempt, start_exam, submit_answer
from practice.tests.conftest import (
    RIGHT,
    SESSION_AND_USER,
    STATEMENTS_PER_ANSWER,
    STATEMENTS_PER_QUESTION,
    WRONG,
    stored_answer,
)
from questions.grading import ChoiceResponse

pytestmark = pytest.mark.slow

QUESTIONS = 360
# Generous: the test is whether a page reads the content of every question.
PAGE_SECONDS = 1.0
# Before compression.
MOST_BYTES = 40_000


@pytest.fixture
def bank(owner, make_bank):
    bank = make_bank("large", questions=QUESTIONS)
    owner.accesses.update(test_bank=bank)
    return bank


@pytest.fixture
def large(owners_client, bank):
    """The owner's attempt at all of it."""
    owners_client.post(reverse("practice:start", args=["large"]))
    return Attempt.objects.get()


@pytest.fixture
def half_answered(large):
    response = ChoiceResponse(chosen=(RIGHT,)).model_dump(mode="json")
    for position in range(1, QUESTIONS + 1, 2):
        stored_answer(large, position, response=response, fraction=1)
    return large


def test_attempt_holds_every_question_in_its_order(large, bank):
    placed = bank.bank_questions.order_by("position").values_list("question__current", flat=True)
    assert large.version_ids == list(placed)
    assert large.total == QUESTIONS


def test_going_on_leads_to_the_first_question_without_an_answer(owners_client, half_answered):
    response = owners_client.post(reverse("practice:start", args=["large"]))
    assert response["Location"] == reverse("practice:question", args=[half_answered.pk, 2])


@pytest.mark.parametrize("position", [1, 2, QUESTIONS])
def test_question_page_costs_what_it_costs_in_a_small_bank(
    owners_client, half_answered, django_assert_num_queries, position
):
    url = reverse("practice:question", args=[half_answered.pk, position])
    owners_client.get(url)
    began = time.process_time()
    with django_assert_num_queries(SESSION_AND_USER + STATEMENTS_PER_QUESTION):
        assert owners_client.get(url).status_code == 200
    assert time.process_time() - began < PAGE_SECONDS


@pytest.mark.parametrize("mode", ["practice", "exam"])
@pytest.mark.parametrize("position", [1, 2])
def test_question_page_has_at_most_40_kilobytes(owners_client, half_answered, mode, position):
    Attempt.objects.update(mode=mode)
    response = owners_client.get(reverse("practice:question", args=[half_answered.pk, position]))
    assert (response.status_code, len(response.content) <= MOST_BYTES) == (200, True)


def test_result_of_a_hundred_answers_has_at_most_40_kilobytes(owners_client, bank, owner, at):
    exam = start_hundred(bank, owner, at)
    response = owners_client.get(reverse("practice:result", args=[exam.pk]))
    assert response.text.count('class="bubble bubble--') >= 100
    assert len(response.content) <= MOST_BYTES


def start_hundred(bank, owner, at):
    """A finished exam of a hundred questions, a third of them wrong."""
    bank.blueprint = [{"count": 100}]
    bank.save()
    exam = start_exam(learner=owner, test_bank=bank, can_pause=False, at=at)
    for position in range(1, 101):
        choice = RIGHT if position % 3 else WRONG
        submit_answer(
            attempt_id=exam.pk,
            learner_id=owner.pk,
            position=position,
            response=ChoiceResponse(chosen=(choice,)),
            at=at,
        )
    finish_attempt(attempt=exam, at=at)
    return exam


def test_answer_costs_what_it_costs_in_a_small_bank(
    owners_client, half_answered, django_assert_num_queries
):
    url = reverse("practice:question", args=[half_answered.pk, QUESTIONS])
    with django_assert_num_queries(SESSION_AND_USER + STATEMENTS_PER_ANSWER):
        owners_client.post(url, {"choice": RIGHT})
    assert Answer.objects.filter(position=QUESTIONS).exists()


def test_result_adds_up_the_whole_bank(owners_client, half_answered, django_assert_num_queries):
    url = reverse("practice:result", args=[half_answered.pk])
    began = time.process_time()
    with django_assert_num_queries(SESSION_AND_USER + 5):
        text = owners_client.get(url).text
    assert time.process_time() - began < PAGE_SECONDS
    assert "180 of 180 points" in text
