"""The history of sessions: pages, files, and who may read them."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from practice.models import Answer, Attempt, Note
from practice.services import discard_attempt, finish_attempt, start_attempt, submit_answer
from practice.tests.conftest import RIGHT, SESSION_AND_USER, WRONG, stored_attempt
from practice.trends import TrendPoint, change_of, chart_of, closed_banks, domain_trends, trend
from questions.grading import ChoiceResponse

pytestmark = pytest.mark.pages

DAY = timedelta(days=1)
URL = "/practice/history/"
# The user's banks, the trend, the number of sessions, the sessions, the preferences, the reasons
# of ended accesses, the last answers, the coverage, and two for the domains.
STATEMENTS = 11


@pytest.fixture
def finished(attempt, answer, at):
    answer(1, RIGHT)
    answer(2, WRONG)
    finish_attempt(attempt=attempt, at=at)
    return attempt


def store_sessions(owner, test_bank, count, at):
    versions = [place.question.current for place in test_bank.bank_questions.all()]
    attempts = [
        Attempt(
            learner=owner,
            test_bank=test_bank,
            version_ids=[version.pk for version in versions],
            question_ids=[version.question_id for version in versions],
            started_at=at + number * timedelta(hours=1),
            finished_at=at + number * timedelta(hours=1),
            ended_by="learner",
            points=Decimal(number % 5),
            counted=5,
        )
        for number in range(count)
    ]
    Attempt.objects.bulk_create(attempts)
    Answer.objects.bulk_create(
        Answer(
            attempt=one,
            learner=owner,
            question_id=one.question_ids[number % 5],
            test_bank=test_bank,
            position=number % 5 + 1,
            version_id=one.version_ids[number % 5],
            response={},
            fraction=number % 2,
            answered_at=one.started_at,
        )
        for number, one in enumerate(attempts)
    )


def rows(response):
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_history_lists_the_session_with_score_and_domains(owners_client, finished):
    text = owners_client.get(URL).text
    assert reverse("practice:result", args=[finished.pk]) in text
    assert "20% " in text
    assert "1 of 5" in text
    assert '<th scope="row"><bdi>Odd</bdi></th>' in text


def test_history_of_a_bank_stays_readable_with_the_reason(owners_client, owner, finished, at):
    url = f"{URL}git/"
    owner.accesses.update(expires_at=at + DAY)
    assert "Your access has expired." in owners_client.get(url).text
    for reason, words in (
        ("refund", "this purchase was refunded"),
        ("dispute", "is suspended because the payment was disputed"),
        ("lost", "your bank reversed the payment"),
    ):
        owner.accesses.update(withheld_from=at, withheld_reason=reason)
        assert words in owners_client.get(url).text
    owner.accesses.update(revoked_at=at)
    assert "The seller ended your access." in owners_client.get(url).text


def test_bank_with_a_live_access_has_no_reason(owner, test_bank, at):
    assert closed_banks(owner, [test_bank.pk], at=at) == {}


def test_history_is_of_the_user_only(client, learner, finished):
    assert client.get(URL)["Location"].startswith("/accounts/login/")
    client.force_login(learner)
    assert "No finished sessions yet" in client.get(URL).text
    assert client.get(f"{URL}git/").status_code == 404
    assert client.post(f"{URL}git/reset/now/").status_code == 404
    assert len(rows(client.get(f"{URL}sessions.csv"))) == 1


def test_trend_leaves_out_discarded_sessions(owner, finished, test_bank, at):
    discard_attempt(attempt=start_attempt(learner=owner, test_bank=test_bank, at=at), at=at)
    assert [point.percent for point in trend(owner, test_bank)] == [20]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, ">73% "),
        (f"{URL}git/", ">73% "),
        (f"{URL}sessions.csv", ",73,"),
        ("/practice/progress/", "Last full session or exam: 73%"),
    ],
)
def test_score_that_misses_the_pass_mark_is_not_rounded_up_to_it(
    owners_client, finished, test_bank, url, shown
):
    type(test_bank).objects.update(pass_percent=74)
    Attempt.objects.filter(pk=finished.pk).update(points=Decimal("3.69"))
    text = owners_client.get(url).text.replace("Pass mark: 74%", "")
    assert (shown in text, "74%" in text) == (True, False)


def test_change_compares_the_newer_half_with_the_older(at):
    points = [TrendPoint("", at, percent, is_exam=False) for percent in (40, 50, 60, 70)]
    assert (change_of(points), change_of(points[:3])) == (20, None)


def test_chart_places_the_scores(at):
    points = [TrendPoint("", at, percent, is_exam=False) for percent in (0, 100)]
    chart = chart_of(points, width=320, height=220)
    assert (chart.line, chart.mean) == ("100.0,210.0 300.0,10.0", "100.0,210.0 300.0,110.0")
    assert (chart.sessions, chart.exams) == ("M100.0 210.0h0M300.0 10.0h0", "")


def test_domains_tell_first_answers_from_repeats(owner, test_bank, finished, at):
    again = start_attempt(learner=owner, test_bank=test_bank, at=at + 8 * DAY)
    submit_answer(
        attempt_id=again.pk,
        learner_id=owner.pk,
        position=2,
        response=ChoiceResponse(chosen=(RIGHT,)),
        at=at + 8 * DAY,
    )
    even, odd = domain_trends(owner, test_bank, zone=at.tzinfo)
    assert (even.first_percent, even.repeat_percent, even.answers) == (0, 100, 2)
    assert [share for _week, share in even.weeks] == [0, 100]
    assert (odd.first_percent, odd.repeat_percent) == (100, None)


def test_domains_show_the_twelve_weeks_before_the_newest_answer(owner, test_bank, at):
    store_sessions(owner, test_bank, 24 * 7 * 20, at)
    even, odd = domain_trends(owner, test_bank, zone=at.tzinfo)
    newest = odd.weeks[-1][0]
    expected = [newest - timedelta(weeks=number) for number in reversed(range(12))]
    assert [[week for week, _share in one.weeks] for one in (even, odd)] == [expected] * 2


def test_files_have_sessions_and_answers_and_run_nothing(owners_client, owner, finished, at):
    version = finished.version_ids[0]
    Note.objects.create(
        learner=owner, version_id=version, test_bank=finished.test_bank, text="=1+1", edited_at=at
    )
    head, session = rows(owners_client.get(f"{URL}sessions.csv"))
    assert session[1:7] == ["Bank git", "All questions", "5", "2", "1.000000000", "20"]
    answers = rows(owners_client.get(f"{URL}answers.csv"))
    assert [row[4] for row in answers[1:]] == ["100", "0"]
    assert answers[1][-1] == "'=1+1"
    assert len(head) == 9


def test_reset_asks_and_keeps_the_history(owners_client, finished):
    assert '<option value="Odd">' in owners_client.get(f"{URL}git/reset/").text
    response = owners_client.post(f"{URL}git/reset/now/", {"domain": "Odd"}, follow=True)
    assert "Progress reset. Your history is unchanged." in response.text
    assert reverse("practice:result", args=[finished.pk]) in response.text


@pytest.mark.parametrize("count", [1, 3])
def test_history_takes_a_fixed_number_of_statements(
    owners_client, owner, test_bank, at, django_assert_num_queries, count
):
    store_sessions(owner, test_bank, count, at)
    with django_assert_num_queries(SESSION_AND_USER + STATEMENTS):
        owners_client.get(URL)


def test_history_of_a_thousand_sessions_takes_the_same_statements(
    owners_client, owner, test_bank, at, django_assert_num_queries
):
    store_sessions(owner, test_bank, 1000, at)
    owners_client.get(URL)
    with django_assert_num_queries(SESSION_AND_USER + STATEMENTS):
        assert owners_client.get(URL).text.count("/practice/") > 50


def test_session_without_questions_that_count_is_no_point(owner, test_bank, at):
    stored_attempt(
        owner, test_bank, [], at, finished_at=at, ended_by="learner", points=0, counted=0
    )
    assert trend(owner, test_bank) == []
