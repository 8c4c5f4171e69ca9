"""A correction: who is affected is shown first, then scores rise, and people are told."""

from datetime import timedelta

import pytest
from django.urls import reverse

from catalog.models import BankChange
from outbox.models import OutgoingMail
from outbox.services import message
from practice.models import Answer
from practice.services import finish_attempt, start_attempt, submit_answer
from questions.grading import ChoiceResponse
from studio.errors import NothingToRegrade
from studio.models import AuditEntry, Correction
from studio.services import corrections
from studio.services.corrections import continue_corrections, correct_answers
from studio.services.questions import save_question
from studio.services.reports import report_question
from studio.tests.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

WRONG = "c"


@pytest.fixture
def answered(owner, test_bank, at):
    """A session of the owner in which the first question was answered wrong by the first key."""
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    answer(attempt, at)
    finish_attempt(attempt=attempt, at=at)
    return attempt


def answer(attempt, at):
    submit_answer(
        attempt_id=attempt.pk,
        learner_id=attempt.learner_id,
        position=1,
        response=ChoiceResponse(chosen=(WRONG,)),
        at=at,
    )


@pytest.fixture
def fixed(place, seller, at):
    """Saves the first question with another key."""

    def fix():
        item = place.question.current.item
        choices = [
            one.model_copy(update={"weight": 100 * (one.id == WRONG)}) for one in item.choices
        ]
        changed = item.model_copy(update={"choices": tuple(choices)})
        save_question(place=place, item=changed, base_number=1, by=seller, at=at)
        place.question.refresh_from_db()
        return place

    return fix


@pytest.fixture
def page(place):
    return reverse("studio:regrade", args=["git", place.question.public_id])


@pytest.fixture
def apply(seller, at):
    def apply(place):
        return correct_answers(place=place, words="New key.", reply="Thanks", by=seller, at=at)

    return apply


def test_page_shows_new_scores_and_changes_nothing(desk, answered, fixed, page):
    fixed()
    text = desk.get(page).text
    assert "Regrade 1 answer" in text
    assert "20%" in text
    assert Answer.objects.get().fraction == 0
    assert not Correction.objects.exists()


def test_applying_raises_the_score_and_tells_everybody(
    desk, answered, fixed, page, owner, learner, test_bank, place, at
):
    report_question(
        learner=learner,
        test_bank=test_bank,
        version=place.question.current,
        reason="key",
        words="",
        language="en",
        at=at,
    )
    fixed()
    desk.post(page, {"words": "New key.", "reply": "Thanks"})
    answered.refresh_from_db()
    assert answered.points == 1
    assert test_bank.reports.get().state == "fixed"
    told = dict(OutgoingMail.objects.values_list("recipient", "template"))
    assert told == {
        owner.email: "studio/email/answers_regraded",
        learner.email: "studio/email/report_closed",
    }
    assert BankChange.objects.filter(words="New key.").count() == 1
    assert "New key." in desk.get(reverse("catalog:detail", args=["git"])).text
    assert AuditEntry.objects.filter(kind="answers_regraded").count() == 1


def test_mail_is_true_for_a_session_in_progress(owner, test_bank, fixed, apply, at):
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    answer(attempt, at)
    apply(fixed())
    sent = message(OutgoingMail.objects.get())
    assert sent.subject == "You earned more points: Bank git"
    assert "was corrected, and your answer now earns more points." in sent.body
    attempt.refresh_from_db()
    assert attempt.points is None


def test_applying_twice_is_told(answered, fixed, apply, desk, page):
    place = fixed()
    assert apply(place).raised == 1
    with pytest.raises(NothingToRegrade):
        apply(place)
    response = desk.post(page, {"words": "Again"}, follow=True)
    assert "already regraded" in response.text
    assert OutgoingMail.objects.count() == 1


def test_question_with_one_version_has_nothing_to_regrade(answered, apply, place, desk, page):
    with pytest.raises(NothingToRegrade):
        apply(place)
    assert "This question has only one version" in desk.get(page).text


def test_form_without_words_applies_nothing(desk, answered, fixed, page):
    fixed()
    desk.post(page, {"words": ""})
    assert not Correction.objects.exists()


def test_author_may_not_regrade(author, reviewer, answered, fixed, page):
    fixed()
    assert sign_in(author).get(page).status_code == 403
    assert sign_in(author).post(page, {"words": "x"}).status_code == 403
    assert sign_in(reviewer).get(page).status_code == 200


def test_worker_finishes_what_is_too_much_for_a_request(
    answered, fixed, apply, monkeypatch, settings, at
):
    settings.WORKER = True
    monkeypatch.setattr(corrections, "BATCHES_AT_ONCE", 0)
    correction = apply(fixed())
    assert (correction.raised, correction.is_complete) == (0, False)
    assert continue_corrections(at=at) == 1
    assert continue_corrections(at=at) == 0
    assert Correction.objects.values_list("raised", "is_complete").get() == (1, True)


def test_exam_that_runs_is_regraded_after_its_end(owner, test_bank, fixed, apply, at):
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    attempt.mode = "exam"
    attempt.save(update_fields=["mode"])
    answer(attempt, at)
    apply(fixed())
    later = at + timedelta(hours=1)
    finish_attempt(attempt=attempt, at=later)
    assert continue_corrections(at=later + timedelta(minutes=1)) == 1
    attempt.refresh_from_db()
    assert attempt.points == 1


def test_answer_to_the_old_version_after_the_correction_rises(owner, test_bank, fixed, apply, at):
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    apply(fixed())
    answer(attempt, at + timedelta(minutes=5))
    assert continue_corrections(at=at + timedelta(minutes=6)) == 1
    assert Answer.objects.get().fraction == 1


def test_old_corrections_are_left_alone(answered, fixed, apply, at, django_assert_num_queries):
    apply(fixed())
    with django_assert_num_queries(1):
        continue_corrections(at=at + timedelta(days=91))
