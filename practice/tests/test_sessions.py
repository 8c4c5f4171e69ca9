"""Ten questions, mistakes, own sessions, retakes, discarding, and the limit on new questions."""

from datetime import timedelta

import pytest
from django.urls import reverse

from catalog.services import grant_access
from practice.models import Answer, Attempt, SeenQuestion
from practice.services import (
    Limits,
    NoAccess,
    NoSuchAttempt,
    NothingToAsk,
    TooManyNewQuestions,
    discard_attempt,
    finish_attempt,
    open_question,
    reset_progress,
    retake,
    set_flag,
    start_attempt,
    start_mistakes,
    start_own_session,
    start_ten_questions,
    submit_answer,
)
from practice.services.answering import Remarks
from practice.services.selection import SLOW_SECONDS, Criteria, candidates, matching
from practice.tests.conftest import RIGHT, SESSION_AND_USER, WRONG
from questions.grading import ChoiceResponse

HOUR = timedelta(hours=1)


@pytest.fixture
def second_bank(owner, make_bank, at):
    bank = make_bank("second", questions=12)
    grant_access(
        learner=owner,
        test_bank=bank,
        source_kind="grant",
        source_id="2",
        starts_at=at,
        access_days=None,
        reason="a test",
    )
    return bank


def questions(attempt):
    return set(attempt.question_ids)


def put(attempt, position, choice, at, **remarks):
    submit_answer(
        attempt_id=attempt.pk,
        learner_id=attempt.learner_id,
        position=position,
        response=ChoiceResponse(chosen=(choice,)),
        at=at,
        remarks=Remarks(**remarks),
    )


def own(learner, at, count=200, minutes=None, **criteria):
    chosen = {name: frozenset(values) for name, values in criteria.items()}
    return start_own_session(
        learner=learner, criteria=Criteria(**chosen), limits=Limits(count, minutes), at=at
    )


def test_several_sessions_can_be_open(attempt, owner, at):
    start_ten_questions(learner=owner, at=at)
    start_ten_questions(learner=owner, at=at)
    assert Attempt.objects.unfinished().count() == 3


def test_ten_questions_come_from_every_bank_and_first_what_is_not_mastered(
    owner, attempt, answer, second_bank, at
):
    for position in range(1, 6):
        answer(position, RIGHT)
    ten = start_ten_questions(learner=owner, at=at, seed=3)
    assert (ten.total, questions(ten) & questions(attempt)) == (10, set())
    assert (ten.test_bank, ten.bank_ids) == (second_bank, [])


def test_session_across_banks_names_the_bank_of_each_question(owner, second_bank, test_bank, at):
    session = own(owner, at)
    assert (session.total, session.test_bank) == (17, None)
    assert set(session.bank_ids) == {test_bank.pk, second_bank.pk}
    put(session, 1, RIGHT, at)
    assert Answer.objects.get().test_bank_id == session.bank_ids[0]


def test_mistakes_are_what_was_wrong_the_last_time(owner, attempt, answer, at):
    answer(1, WRONG)
    answer(2, RIGHT)
    mistakes = start_mistakes(learner=owner, at=at)
    assert mistakes.question_ids == [attempt.question_ids[0]]
    put(mistakes, 1, RIGHT, at)
    with pytest.raises(NothingToAsk):
        start_mistakes(learner=owner, at=at)


def test_first_exposure_is_told_from_repeats(owner, attempt, answer, at):
    answer(1, WRONG)
    put(start_mistakes(learner=owner, at=at), 1, RIGHT, at)
    assert list(Answer.objects.order_by("pk").values_list("is_first", flat=True)) == [True, False]


def test_own_session_filters_by_progress(owner, attempt, answer, at):
    put(attempt, 1, RIGHT, at, is_unsure=True)
    put(attempt, 2, WRONG, at, seconds=200)
    set_flag(attempt=attempt, position=3, is_flagged=True, at=at)
    places = {
        state: {
            attempt.question_ids.index(pk) + 1 for pk in questions(own(owner, at, states=[state]))
        }
        for state in ("new", "wrong", "unsure", "flagged", "slow")
    }
    assert places == {"new": {3, 4, 5}, "wrong": {2}, "unsure": {1}, "flagged": {3}, "slow": {2}}


def test_own_session_filters_by_bank_domain_kind_and_number(owner, second_bank, at):
    odd = own(owner, at, bank_ids=[second_bank.pk], domains=["Odd"], count=4, minutes=5)
    assert (odd.total, odd.test_bank, odd.time_limit_seconds) == (4, second_bank, 300)
    assert odd.deadline_at == at + timedelta(minutes=5)
    with pytest.raises(NothingToAsk):
        own(owner, at, kinds=["numeric"])


def test_own_session_asks_nothing_of_a_bank_without_access(owner, make_bank, at):
    other = make_bank("other")
    with pytest.raises(NoAccess):
        own(owner, at, bank_ids=[other.pk])


@pytest.mark.parametrize(("part", "places"), [("all", 5), ("wrong", 1), ("unanswered", 3)])
def test_retake_asks_the_same_questions_again(owner, attempt, answer, at, part, places):
    answer(1, RIGHT)
    answer(2, WRONG)
    finish_attempt(attempt=attempt, at=at)
    again = retake(learner=owner, attempt_id=attempt.pk, part=part, at=at)
    assert (again.total, again.selection) == (places, "retake")


def test_retake_of_somebody_else_or_of_an_open_session_is_refused(attempt, owner, learner, at):
    for who in (owner, learner):
        with pytest.raises(NoSuchAttempt):
            retake(learner=who, attempt_id=attempt.pk, part="all", at=at)


def test_discarded_session_keeps_its_answers(attempt, answer, at):
    answer(1, RIGHT)
    for _twice in range(2):
        discard_attempt(attempt=attempt, at=at)
    attempt.refresh_from_db()
    assert (attempt.ended_by, attempt.answered, Answer.objects.count()) == ("discard", 1, 1)


def test_reset_makes_questions_new_and_keeps_the_history(owner, test_bank, attempt, answer, at):
    answer(1, WRONG)
    answer(2, WRONG)
    for moment in (at, at + HOUR):
        reset_progress(learner=owner, test_bank=test_bank, domain="Odd", at=moment)
    pool = candidates(owner, bank_ids=[test_bank.pk])
    assert len(matching(pool, Criteria(states=frozenset({"new"})))) == 4
    answers = Answer.objects.order_by("position")
    assert list(answers.values_list("reset_at", flat=True)) == [at, None]
    finish_attempt(attempt=attempt, at=at)
    assert attempt.answered == 2


def test_new_questions_are_limited_by_the_hour(attempt, settings, at):
    settings.NEW_QUESTIONS_PER_HOUR = 2
    for position in (1, 1, 2):
        open_question(attempt=attempt, position=position, at=at)
    with pytest.raises(TooManyNewQuestions) as raised:
        open_question(attempt=attempt, position=3, at=at)
    assert raised.value.until == at + HOUR
    open_question(attempt=attempt, position=1, at=at)
    open_question(attempt=attempt, position=3, at=at + HOUR)
    assert SeenQuestion.objects.count() == 3


@pytest.mark.usefixtures("stopped_clock")
def test_page_says_when_new_questions_can_be_opened_again(owners_client, attempt, settings):
    settings.NEW_QUESTIONS_PER_HOUR = 1
    first, second = (reverse("practice:question", args=[attempt.pk, n]) for n in (1, 2))
    assert owners_client.get(first).status_code == 200
    response = owners_client.get(second)
    assert (response.status_code, "Question 2?" in response.text) == (429, False)
    assert owners_client.get(first).status_code == 200


@pytest.mark.parametrize(
    ("name", "args"),
    [("ten", []), ("ten_of", ["git"]), ("mistakes_of", ["git"]), ("start_own", [])],
)
def test_one_press_starts_a_session(owners_client, attempt, answer, name, args):
    answer(1, WRONG)
    response = owners_client.post(reverse(f"practice:{name}", args=args))
    newest = Attempt.objects.exclude(pk=attempt.pk).get()
    assert response["Location"] == reverse("practice:question", args=[newest.pk, 1])


@pytest.mark.parametrize("name", ["ten", "mistakes", "start_own", "save_preset"])
def test_stranger_starts_nothing(client, db, name):
    response = client.post(reverse(f"practice:{name}"))
    assert response["Location"].startswith("/accounts/login/")
    assert not Attempt.objects.exists()


def test_learner_without_banks_starts_nothing(client, learner):
    client.force_login(learner)
    for name in ("ten", "mistakes", "start_own"):
        assert client.post(reverse(f"practice:{name}")).status_code == 303
    assert not Attempt.objects.exists()


def test_builder_counts_what_fits_and_keeps_presets(owners_client, owner, attempt, answer):
    answer(1, WRONG)
    url = reverse("practice:new")
    assert '<strong class="count">1</strong>' in owners_client.get(url, {"state": "wrong"}).text
    sent = {"state": ["wrong", "new"], "name": "Weak spots", "count": "7"}
    response = owners_client.post(reverse("practice:save_preset"), sent)
    assert response["Location"] == f"{url}?state=wrong&state=new&count=7"
    [preset] = owner.presets.all()
    assert (
        f'href="{url}?state=wrong&amp;state=new&amp;count=7">Weak spots'
        in owners_client.get(url).text
    )
    owners_client.post(reverse("practice:delete_preset", args=[preset.pk]))
    assert not owner.presets.exists()


def test_builder_says_how_long_a_slow_answer_took(owners_client, attempt):
    text = owners_client.get(reverse("practice:new")).text
    assert f"Answered slowly (more than {SLOW_SECONDS} seconds)" in text


def test_preset_of_somebody_else_cannot_be_deleted(client, owner, learner):
    preset = owner.presets.create(name="Mine", query="")
    client.force_login(learner)
    assert client.post(reverse("practice:delete_preset", args=[preset.pk])).status_code == 404


@pytest.mark.parametrize("sent", [{"count": "many"}, {"count": "0"}, {"minutes": "9999"}])
def test_builder_refuses_numbers_that_are_none(owners_client, attempt, sent):
    assert owners_client.post(reverse("practice:start_own"), sent).status_code == 303
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("banks", [1, 3])
def test_builder_takes_a_fixed_number_of_statements(
    owners_client, owner, test_bank, make_bank, at, django_assert_num_queries, banks
):
    for number in range(1, banks):
        bank = make_bank(f"bank-{number}")
        owner.accesses.create(
            test_bank=bank, source_kind="order", source_id=str(number), starts_at=at
        )
    # The banks, the last answers, the flags, the questions, the presets.
    with django_assert_num_queries(SESSION_AND_USER + 5):
        owners_client.get(reverse("practice:new"))


def test_open_sessions_are_listed_to_continue_or_discard(owners_client, attempt):
    text = owners_client.get(reverse("practice:home")).text
    assert reverse("practice:continue", args=[attempt.pk]) in text
    owners_client.post(reverse("practice:discard", args=[attempt.pk]))
    assert (
        reverse("practice:continue", args=[attempt.pk])
        not in owners_client.get(reverse("practice:home")).text
    )


def test_continue_leads_to_the_first_open_question(owners_client, attempt, answer):
    answer(1, RIGHT)
    response = owners_client.get(reverse("practice:continue", args=[attempt.pk]))
    assert response["Location"] == reverse("practice:question", args=[attempt.pk, 2])


def test_start_again_continues_the_whole_bank(owner, test_bank, attempt, at):
    assert start_attempt(learner=owner, test_bank=test_bank, at=at) == attempt
