"""Exams: drawn by blueprint, not graded before the end, and ended by the clock at last."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from practice.clock import GRACE
from practice.models import Answer, Attempt
from practice.services import (
    AttemptFinished,
    AttemptPaused,
    CannotPause,
    NoExam,
    clear_answer,
    finish_attempt,
    finish_overdue_attempts,
    pause_attempt,
    resume_attempt,
    start_exam,
    submit_answer,
)
from practice.services.answering import Remarks
from practice.tests.conftest import RIGHT, WRONG
from questions.grading import ChoiceResponse
from questions.models import QuestionVersion

HALF_AN_HOUR = timedelta(minutes=30)
SECOND = timedelta(seconds=1)


@pytest.fixture
def exam_bank(test_bank):
    test_bank.blueprint = [{"domain": "Odd", "count": 2}, {"domain": "Even", "count": 1}]
    test_bank.exam_minutes, test_bank.pass_percent = 30, 60
    test_bank.save()
    return test_bank


@pytest.fixture
def exam(owner, exam_bank, at):
    return start_exam(learner=owner, test_bank=exam_bank, can_pause=False, at=at, seed=7)


@pytest.fixture
def running(owner, exam_bank):
    """An exam that runs now, for pages."""
    return start_exam(
        learner=owner, test_bank=exam_bank, can_pause=False, at=timezone.now(), seed=7
    )


def put(attempt, position, choice, at, **remarks):
    return submit_answer(
        attempt_id=attempt.pk,
        learner_id=attempt.learner_id,
        position=position,
        response=ChoiceResponse(chosen=(choice,)),
        at=at,
        remarks=Remarks(**remarks),
    )


def test_exam_draws_what_its_blueprint_says(exam, exam_bank, at):
    domains = [answer.domain for answer in questions_of(exam)]
    assert sorted(domains) == ["Even", "Odd", "Odd"]
    assert (exam.mode, exam.pass_percent, exam.deadline_at) == ("exam", 60, at + HALF_AN_HOUR)
    assert exam.blueprint == exam_bank.blueprint


def questions_of(attempt):
    return QuestionVersion.objects.filter(pk__in=attempt.version_ids)


def test_exam_of_the_same_seed_is_the_same(exam, owner, exam_bank, at):
    finish_attempt(attempt=exam, at=at)
    again = start_exam(learner=owner, test_bank=exam_bank, can_pause=False, at=at, seed=7)
    assert (again != exam, again.version_ids) == (True, exam.version_ids)


def test_exam_that_is_open_is_continued(exam, owner, exam_bank, at):
    assert start_exam(learner=owner, test_bank=exam_bank, can_pause=True, at=at) == exam


@pytest.mark.parametrize("blueprint", [[], [{"domain": "Odd", "count": 9}], [{"count": "many"}], 3])
def test_exam_that_cannot_be_drawn_is_refused(owner, exam_bank, at, blueprint):
    exam_bank.blueprint = blueprint
    with pytest.raises(NoExam):
        start_exam(learner=owner, test_bank=exam_bank, can_pause=False, at=at)
    assert not Attempt.objects.exists()


def test_exam_stores_no_grade_before_its_end(exam, at):
    put(exam, 1, RIGHT, at)
    assert Answer.objects.get().fraction is None
    finish_attempt(attempt=exam, at=at)
    assert Answer.objects.get().fraction == 1
    assert (exam.points, exam.counted, exam.answered) == (Decimal(1), 3, 1)


def test_answer_of_an_exam_is_replaced_and_cleared(exam, at):
    put(exam, 1, WRONG, at, seconds=5)
    put(exam, 1, RIGHT, at, seconds=7, is_unsure=True)
    stored = Answer.objects.get()
    assert stored.response == {"kind": "choice", "chosen": [RIGHT]}
    assert (stored.seconds, stored.is_unsure, stored.sequence) == (12, True, 1)
    place = {"attempt_id": exam.pk, "learner_id": exam.learner_id, "position": 1}
    clear_answer(**place, at=at)
    finish_attempt(attempt=exam, at=at)
    assert (exam.points, exam.answered, exam.counted) == (0, 0, 3)


def test_answer_that_a_journal_sends_late_does_not_replace_a_newer_one(exam, at):
    put(exam, 1, RIGHT, at, client_id="phone", sequence=5)
    late = put(exam, 1, WRONG, at, client_id="phone", sequence=4)
    again = put(exam, 1, RIGHT, at, client_id="phone", sequence=5)
    assert (late.is_first, again.answer.response["chosen"]) == (False, [RIGHT])


def test_clock_ends_the_exam_at_its_deadline(exam, at):
    put(exam, 1, RIGHT, at)
    late = at + HALF_AN_HOUR + GRACE
    assert finish_overdue_attempts(at=late - SECOND) == 0
    assert finish_overdue_attempts(at=late) == 1
    exam.refresh_from_db()
    assert (exam.finished_at, exam.ended_by) == (at + HALF_AN_HOUR, "clock")
    assert (exam.points, finish_overdue_attempts(at=late)) == (1, 0)


def test_answer_on_its_way_is_taken_within_the_grace_only(exam, at):
    put(exam, 1, RIGHT, at + HALF_AN_HOUR + GRACE - SECOND)
    with pytest.raises(AttemptFinished):
        put(exam, 2, RIGHT, at + HALF_AN_HOUR + GRACE)
    assert Answer.objects.count() == 1


def test_pause_is_refused_unless_the_learner_chose_it(exam, at):
    with pytest.raises(CannotPause):
        pause_attempt(attempt=exam, at=at)


def test_pause_moves_the_deadline_and_takes_no_answers(owner, exam_bank, at):
    exam = start_exam(learner=owner, test_bank=exam_bank, can_pause=True, at=at)
    pause_attempt(attempt=exam, at=at + SECOND)
    with pytest.raises(AttemptPaused):
        put(exam, 1, RIGHT, at + 2 * SECOND)
    assert finish_overdue_attempts(at=at + 2 * HALF_AN_HOUR) == 0
    for _twice in range(2):
        resume_attempt(attempt=exam, at=at + 61 * SECOND)
    exam.refresh_from_db()
    assert exam.deadline_at == at + HALF_AN_HOUR + 60 * SECOND


# Pages


def url(attempt, position=1):
    return reverse("practice:question", args=[attempt.pk, position])


def test_answer_on_the_page_is_saved_by_whatever_button_is_pressed(owners_client, running):
    response = owners_client.post(url(running, 3), {"choice": RIGHT, "go": "review"})
    assert response["Location"] == reverse("practice:finish", args=[running.pk])
    owners_client.post(response["Location"])
    running.refresh_from_db()
    assert (running.answered, running.points) == (1, 1)


@pytest.mark.parametrize(
    ("go", "position", "target"), [("next", 1, 2), ("back", 2, 1), ("3", 1, 3), ("9", 1, 3)]
)
def test_buttons_of_an_exam_lead_to_questions(owners_client, running, go, position, target):
    response = owners_client.post(url(running, position), {"go": go})
    assert response["Location"] == url(running, target)
    assert not Answer.objects.exists()


def test_next_after_the_last_question_leads_to_the_review(owners_client, running):
    response = owners_client.post(url(running, 3), {"go": "next"})
    assert response["Location"] == reverse("practice:finish", args=[running.pk])


def test_saved_answer_stands_in_the_form_again(owners_client, running):
    owners_client.post(url(running), {"choice": WRONG, "unsure": "1", "go": "next"})
    text = owners_client.get(url(running)).text
    assert f'value="{WRONG}" required checked' in text
    assert 'name="unsure" value="1" checked' in text
    owners_client.post(url(running), {"go": "clear"})
    assert "required checked" not in owners_client.get(url(running)).text


def test_answer_that_saves_itself_gets_an_empty_response(owners_client, running):
    response = owners_client.post(
        url(running), {"choice": RIGHT, "go": "save"}, headers={"X-Requested-With": "fetch"}
    )
    assert (response.status_code, Answer.objects.count()) == (204, 1)


def test_flag_is_set_and_taken_away(owners_client, running):
    owners_client.post(url(running), {"go": "flag", "flag": "1"})
    assert "bubble--flagged" in owners_client.get(url(running)).text
    owners_client.post(url(running), {"go": "flag", "flag": "0"})
    assert "bubble--flagged" not in owners_client.get(url(running)).text


def test_page_ends_an_exam_whose_time_is_up(owners_client, owner, exam_bank):
    started = timezone.now() - timedelta(hours=1)
    exam = start_exam(learner=owner, test_bank=exam_bank, can_pause=False, at=started)
    text = owners_client.get(reverse("practice:result", args=[exam.pk])).text
    assert "Time ran out" in text
    exam.refresh_from_db()
    assert exam.finished_at == started + HALF_AN_HOUR


def test_score_over_the_questions_drawn_and_not_over_the_pool(owners_client, running):
    owners_client.post(url(running), {"choice": RIGHT, "go": "next"})
    assert "Question 1 of 3" in owners_client.get(url(running)).text
    owners_client.post(reverse("practice:finish", args=[running.pk]))
    text = owners_client.get(reverse("practice:result", args=[running.pk])).text
    assert "1 of 3 points" in text


def test_cover_says_what_is_asked_and_starts_the_exam(owners_client, exam_bank):
    page = reverse("practice:exam", args=["git"])
    text = owners_client.get(page).text
    assert "<dd>3</dd>" in text
    assert "<dd>30</dd>" in text
    response = owners_client.post(reverse("practice:begin_exam", args=["git"]))
    assert response["Location"] == url(Attempt.objects.get())


@pytest.mark.parametrize("name", ["practice:exam", "practice:begin_exam"])
def test_exam_is_closed_to_strangers_and_to_learners_without_access(
    client, other_learner, exam_bank, name
):
    page = reverse(name, args=["git"])
    method = client.get if name == "practice:exam" else client.post
    assert method(page)["Location"].startswith("/accounts/login/")
    client.force_login(other_learner)
    assert method(page).status_code == 303
    assert not Attempt.objects.exists()


def test_review_of_an_exam_says_submit(client, owner, running):
    client.force_login(owner)
    text = client.get(reverse("practice:finish", args=[running.pk])).text
    assert "questions yet. If you submit now, they will earn" in text
