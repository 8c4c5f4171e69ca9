"""What the journal of a browser calls: answers once, in order, kept where they do not count."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from practice.models import Answer, Attempt, SeenQuestion, UncountedAnswer
from practice.services import finish_attempt, pause_attempt, start_attempt
from practice.services.journal import journal_user
from practice.tests.conftest import RIGHT, WRONG
from questions.items import Choice, SingleChoice, Text
from questions.services import store_next_versions

HEADING = "Answers that don't count"
DEVICE, OTHER_DEVICE = "a" * 16, "b" * 16


@pytest.fixture
def at():
    """Now: the views read the clock."""
    return timezone.now() - timedelta(minutes=10)


@pytest.fixture
def exam(attempt):
    """The attempt as an exam of an hour that has run for ten minutes."""
    attempt.mode = Attempt.Mode.EXAM
    attempt.deadline_at = attempt.started_at + timedelta(hours=1)
    attempt.save(update_fields=["mode", "deadline_at"])
    return attempt


def entry(position=1, choice=RIGHT, *, sequence=1, device=DEVICE, **more):
    fields = [["choice", choice]] if choice else []
    sent = {"client_id": f"{device}.1", "sequence": sequence, "position": position}
    return sent | {"fields": fields, "language": "en"} | more


@pytest.fixture
def send(owners_client, attempt):
    """Send entries as the owner's browser; returns the statuses."""

    def post(*entries, attempt=attempt, user=attempt.learner_id, **page):
        body = {"user": journal_user(user), "entries": entries} | page
        url = reverse("practice:answers", args=[attempt.pk])
        response = owners_client.post(url, json.dumps(body), content_type="application/json")
        answer = response.json()
        if response.status_code != 200:
            return (response.status_code, answer["reason"])
        return [one["status"] for one in answer["results"]]

    return post


def responses():
    rows = Answer.objects.order_by("position").values_list("position", "response")
    return [(position, response and response["chosen"][0]) for position, response in rows]


def kept():
    rows = UncountedAnswer.objects.order_by("sequence")
    return [(row.position, row.fields, row.reason) for row in rows]


def test_answers_are_stored_in_order_and_graded(send):
    assert send(entry(1), entry(2, WRONG, sequence=2)) == ["saved", "saved"]
    assert responses() == [(1, RIGHT), (2, WRONG)]
    fractions = Answer.objects.order_by("position").values_list("fraction", flat=True)
    assert list(fractions) == [1, 0]


def test_entry_sent_twice_counts_once(send):
    assert send(entry(1)) == ["saved"]
    assert send(entry(1)) == ["saved"]
    assert (responses(), kept()) == ([(1, RIGHT)], [])


def test_other_answer_to_answered_question_is_kept(send):
    send(entry(1))
    assert send(entry(1, WRONG, sequence=2, device=OTHER_DEVICE)) == ["already"]
    assert (responses(), kept()) == ([(1, RIGHT)], [(1, [["choice", WRONG]], "already")])


def test_newest_answer_of_two_devices_counts_whatever_their_numbers(send, exam):
    assert send(entry(1, WRONG, sequence=500, age_seconds=20)) == ["saved"]
    assert send(entry(1, "d", sequence=4, device=OTHER_DEVICE, age_seconds=30)) == ["already"]
    assert send(entry(1, RIGHT, sequence=5, device=OTHER_DEVICE, age_seconds=10)) == ["saved"]
    assert (responses(), kept()) == ([(1, RIGHT)], [(1, [["choice", "d"]], "already")])


def test_newest_answer_of_one_device_counts_in_any_order(send, exam):
    assert send(entry(1, RIGHT, sequence=5)) == ["saved"]
    assert send(entry(1, WRONG, sequence=4)) == ["saved"]
    assert (responses(), kept()) == ([(1, RIGHT)], [])


def test_cleared_answer_stays_cleared_when_an_older_one_arrives_again(send, exam):
    send(entry(1, sequence=1), entry(1, None, sequence=2))
    assert send(entry(1, sequence=1)) == ["saved"]
    assert responses() == [(1, None)]


def test_answer_counts_with_the_time_at_which_it_was_given(send):
    send(entry(1, age_seconds=300))
    age = timezone.now() - Answer.objects.get().answered_at
    assert 299 < age.total_seconds() < 310


def test_claimed_time_is_never_before_the_start(send, attempt):
    send(entry(1, age_seconds=10**8))
    assert Answer.objects.get().answered_at == attempt.started_at


@pytest.mark.parametrize("age", ["-5", "1e10", "1e999", "NaN"])
def test_times_of_a_clock_that_was_set_are_taken(owners_client, attempt, age):
    sent = entry(1, seconds=0, age_seconds=0)
    body = json.dumps({"user": journal_user(attempt.learner_id), "entries": [sent]})
    body = body.replace('_seconds": 0', f'_seconds": {age}').replace(
        '"seconds": 0', f'"seconds": {age}'
    )
    url = reverse("practice:answers", args=[attempt.pk])
    response = owners_client.post(url, body, content_type="application/json")
    assert (response.status_code, responses()) == (200, [(1, RIGHT)])


def test_arrival_within_the_grace_counts_with_its_time(send, exam):
    exam.deadline_at = timezone.now() - timedelta(seconds=5)
    exam.save(update_fields=["deadline_at"])
    assert send(entry(1, age_seconds=20)) == ["saved"]
    assert Answer.objects.get().answered_at < exam.deadline_at


@pytest.mark.parametrize("days", [0, 8])
def test_answer_after_the_deadline_is_kept_and_shown(send, exam, owners_client, days):
    exam.deadline_at = timezone.now() - timedelta(minutes=1)
    exam.save(update_fields=["deadline_at"])
    late = entry(1, age_seconds=90 + 86400 * days)
    assert send(late) == ["late"]
    assert send(late) == ["late"]
    assert (responses(), kept()) == ([], [(1, [["choice", RIGHT]], "late")])
    page = owners_client.get(reverse("practice:result", args=[exam.pk])).content.decode()
    assert HEADING in page


def test_five_answers_to_a_session_ended_elsewhere_are_kept_and_shown(send, exam, owners_client):
    finish_attempt(attempt=exam, at=timezone.now())
    assert send(*(entry(number, sequence=number) for number in range(1, 6))) == ["ended"] * 5
    assert [reason for _position, _fields, reason in kept()] == ["ended"] * 5
    page = owners_client.get(reverse("practice:result", args=[exam.pk])).content.decode()
    assert page.count("The session had already ended") == 5


def test_answer_whose_response_was_lost_is_saved_also_after_the_end(send, exam):
    send(entry(1))
    finish_attempt(attempt=exam, at=timezone.now())
    assert (send(entry(1)), kept()) == (["saved"], [])


def test_answer_to_a_corrected_question_is_graded_as_it_was_shown(send, attempt, test_bank):
    place = test_bank.bank_questions.select_related("question__current").get(position=1)
    position = attempt.question_ids.index(place.question_id) + 1
    corrected = SingleChoice(
        stem=Text(source="Corrected?"),
        choices=(
            Choice(id="b", text=Text(source="No"), weight=0),
            Choice(id="c", text=Text(source="Yes"), weight=100),
        ),
    )
    store_next_versions(changes=[(place.question, corrected)])
    assert send(entry(position, RIGHT, age_seconds=60)) == ["saved"]
    assert Answer.objects.get(version__number=1).fraction == 1


def test_answer_given_before_a_pause_is_taken_during_it(send, exam):
    pause_attempt(attempt=exam, at=timezone.now() - timedelta(seconds=30))
    assert send(entry(1, age_seconds=60)) == ["saved"]
    assert send(entry(2, sequence=2)) == ["paused"]
    assert (responses(), kept()) == ([(1, RIGHT)], [])


def test_unreadable_answer_says_what_to_enter(send):
    assert send(entry(1, "no-such-choice")) == ["unreadable"]
    assert kept() == [(1, [["choice", "no-such-choice"]], "unreadable")]


def test_unreadable_answer_is_not_listed_once_the_question_is_answered(send, exam, owners_client):
    send(entry(1, "no-such-choice"), entry(1, sequence=2))
    page = owners_client.get(reverse("practice:result", args=[exam.pk])).content.decode()
    assert HEADING not in page


def test_answer_after_the_end_of_the_access_is_kept(send, owner):
    owner.accesses.update(revoked_at=timezone.now())
    assert send(entry(1, age_seconds=60)) == ["no_access"]
    assert responses() == []


def test_position_that_does_not_exist_is_unknown(send):
    assert send(entry(99)) == ["unknown"]


def test_null_characters_are_dropped(send):
    assert send(entry(1, "no\0thing")) == ["unreadable"]
    assert kept() == [(1, [["choice", "nothing"]], "unreadable")]


def test_answered_question_counts_as_shown(send, attempt):
    send(entry(1))
    assert SeenQuestion.objects.get().question_id == attempt.question_ids[0]


def test_browser_learns_of_answers_of_another_device(owners_client, send, attempt):
    send(entry(1, device=OTHER_DEVICE))
    url = reverse("practice:answers", args=[attempt.pk])
    body = {"user": journal_user(attempt.learner_id), "page_age_seconds": 60}
    for device, expected in ((DEVICE, True), (OTHER_DEVICE, False)):
        sent = body | {"entries": [entry(1, sequence=9, device=device)]}
        response = owners_client.post(url, json.dumps(sent), content_type="application/json")
        assert response.json()["is_elsewhere"] is expected


def test_stranger_is_asked_to_sign_in(client, attempt):
    url = reverse("practice:answers", args=[attempt.pk])
    response = client.post(url, "{}", content_type="application/json")
    assert (response.status_code, response.json()) == (401, {"reason": "signed_out"})
    assert client.get(reverse("practice:questions", args=[attempt.pk])).status_code == 401


def test_another_person_sends_nothing_of_the_first(client, other_learner, attempt):
    client.force_login(other_learner)
    url = reverse("practice:answers", args=[attempt.pk])
    for user, expected in ((attempt.learner_id, 403), (other_learner.pk, 404)):
        body = {"user": journal_user(user), "entries": [entry(1)]}
        response = client.post(url, json.dumps(body), content_type="application/json")
        assert response.status_code == expected
    assert (responses(), kept()) == ([], [])
    assert client.get(reverse("practice:questions", args=[attempt.pk])).status_code == 404


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"user": "x", "entries": []}'])
def test_malformed_request_stores_nothing(owners_client, attempt, body):
    url = reverse("practice:answers", args=[attempt.pk])
    response = owners_client.post(url, body, content_type="application/json")
    assert (response.status_code, responses()) == (400, [])


def test_csrf_token_is_required(attempt, owner, client):
    client.handler.enforce_csrf_checks = True
    client.force_login(owner)
    url = reverse("practice:answers", args=[attempt.pk])
    response = client.post(url, "{}", content_type="application/json")
    assert (response.status_code, responses()) == (403, [])


def kept_questions(client, attempt):
    return client.get(reverse("practice:questions", args=[attempt.pk])).json()


def test_exam_is_kept_whole_with_saved_answers_and_without_keys(owners_client, send, exam):
    send(entry(2, WRONG))
    answer = kept_questions(owners_client, exam)
    assert [one["position"] for one in answer["questions"]] == [1, 2, 3, 4, 5]
    assert 'value="c" required checked' in answer["questions"][1]["html"]
    pages = json.dumps(answer)
    for secret in ("Because of", "weight", "choice--right", "csrf"):
        assert secret not in pages


def test_practice_keeps_the_next_thirty(owner, make_bank, owners_client, at):
    test_bank = make_bank("long", questions=40)
    owner.accesses.update(test_bank=test_bank)
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    answer = kept_questions(owners_client, attempt)
    assert [one["position"] for one in answer["questions"]] == list(range(1, 31))


def test_kept_questions_stay_within_the_hourly_limit(owners_client, attempt, settings):
    settings.NEW_QUESTIONS_PER_HOUR = 2
    assert len(kept_questions(owners_client, attempt)["questions"]) == 2


@pytest.mark.parametrize("questions", [5, 25])
def test_kept_questions_take_a_fixed_number_of_statements(
    owner, make_bank, owners_client, at, questions, django_assert_num_queries
):
    test_bank = make_bank("other", questions=questions)
    owner.accesses.update(test_bank=test_bank)
    attempt = start_attempt(learner=owner, test_bank=test_bank, at=at)
    with django_assert_num_queries(9):
        kept_questions(owners_client, attempt)


def test_offline_page_is_the_same_for_everybody(owners_client, client, owner):
    page = owners_client.get(reverse("practice:offline")).text.replace("<wbr>", "")
    assert (owner.email in page, journal_user(owner.pk) in page) == (False, False)
    assert "data-offline" in page
