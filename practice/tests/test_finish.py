import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from practice.services import finish_attempt
from practice.tests.conftest import RIGHT


@pytest.fixture
def url(attempt):
    return reverse("practice:finish", args=[attempt.pk])


@pytest.fixture
def result(attempt):
    return reverse("practice:result", args=[attempt.pk])


def test_finish_ends_the_attempt_and_leads_to_its_result(owners_client, url, result, attempt):
    response = owners_client.post(url)
    attempt.refresh_from_db()
    assert (response.status_code, response["Location"]) == (303, result)
    assert attempt.is_finished


@pytest.fixture
def timed(attempt):
    """The session with a minute left."""
    attempt.deadline_at = timezone.now() + timedelta(minutes=1)
    attempt.save(update_fields=["deadline_at"])
    return attempt


def test_clock_of_a_browser_ends_nothing_before_the_deadline(owners_client, url, timed):
    response = owners_client.post(url, {"clock": "1"})
    timed.refresh_from_db()
    assert (response.status_code, timed.is_finished) == (409, False)
    assert 55 <= response.json()["seconds_left"] <= 60


def test_clock_of_a_browser_ends_a_session_whose_time_is_up(owners_client, url, result, timed):
    timed.deadline_at = timezone.now()
    timed.save(update_fields=["deadline_at"])
    response = owners_client.post(url, {"clock": "1"})
    timed.refresh_from_db()
    assert (response.status_code, response["Location"], timed.ended_by) == (303, result, "clock")


def test_clock_of_a_browser_ends_no_session_without_a_deadline(owners_client, url, attempt):
    response = owners_client.post(url, {"clock": "1"})
    attempt.refresh_from_db()
    assert (response.json(), attempt.is_finished) == ({"seconds_left": None}, False)


def test_finish_again_changes_nothing(owners_client, url, result, attempt, at):
    finish_attempt(attempt=attempt, at=at + timedelta(hours=1))
    assert owners_client.post(url)["Location"] == result
    attempt.refresh_from_db()
    assert attempt.finished_at == at + timedelta(hours=1)


def test_finish_is_open_when_the_access_has_ended(owners_client, url, attempt, end_access):
    end_access()
    owners_client.post(url)
    attempt.refresh_from_db()
    assert attempt.is_finished


def test_finish_asks_first_and_says_how_many_are_unanswered(owners_client, url, attempt, answer):
    answer(1, RIGHT)
    text = owners_client.get(url).text
    assert "Finish this session?" in text
    assert "You have not answered 4 questions yet. If you finish now, they will earn" in text
    attempt.refresh_from_db()
    assert not attempt.is_finished


@pytest.mark.parametrize("given", [1, 5])
def test_finish_explains_the_marks_of_the_answer_sheet(owners_client, url, answer, given):
    for position in range(1, given + 1):
        answer(position, RIGHT)
    legend = owners_client.get(url).text.partition('class="legend"')[2].partition("</ul>")[0]
    kinds = re.findall(r'class="bubble([^"]*)"></span> ([^<]+)<', legend)
    assert kinds == [
        ("", "Not answered"),
        (" bubble--right", "Correct"),
        (" bubble--partial", "Partially correct"),
        (" bubble--wrong", "Incorrect"),
    ]


@pytest.mark.parametrize("who", ["other_learner", "seller"])
def test_finish_of_somebody_else_is_not_found(request, client, url, attempt, who):
    client.force_login(request.getfixturevalue(who))
    assert client.post(url).status_code == 404
    attempt.refresh_from_db()
    assert not attempt.is_finished


def test_finish_leads_a_stranger_to_sign_in_and_to_the_result(client, url, result, attempt):
    response = client.post(url)
    assert response["Location"] == f"/accounts/login/?next={result.replace('/', '%2F')}"
    attempt.refresh_from_db()
    assert not attempt.is_finished
