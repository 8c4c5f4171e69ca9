"""How far a learner is: in figures, on a page of its own, and in parts for "My banks"."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Access
from catalog.services import grant_access
from practice.progress import progress_of
from practice.services import finish_attempt, start_attempt
from practice.tests.conftest import RIGHT, SESSION_AND_USER, WRONG


@pytest.fixture
def url(db):
    return reverse("practice:progress")


def figures(owner, at):
    [one] = progress_of(owner, at=at)
    return one.answered, one.total, one.percent, one.last and one.last_percent


def test_bank_that_was_not_begun(owner, at):
    assert figures(owner, at) == (0, 0, 0, None)


def test_open_round_is_counted(owner, at, answer):
    answer(1, RIGHT)
    answer(4, WRONG)
    assert figures(owner, at) == (2, 5, 40, None)


def test_open_round_without_an_answer_is_open(owner, at, attempt):
    [one] = progress_of(owner, at=at)
    assert (one.is_open, one.answered) == (True, 0)


def test_newest_finished_round_has_its_score(owner, test_bank, at, attempt, answer):
    answer(1, RIGHT)
    answer(2, WRONG)
    finish_attempt(attempt=attempt, at=at)
    assert figures(owner, at) == (0, 0, 0, 20)
    later = at + timedelta(days=1)
    second = start_attempt(learner=owner, test_bank=test_bank, at=later)
    assert figures(owner, at) == (0, 5, 0, 20)
    finish_attempt(attempt=second, at=later)
    assert figures(owner, at) == (0, 0, 0, 0)


def test_rounds_of_others_are_not_mine(owner, other_learner, test_bank, at, answer):
    answer(1, RIGHT)
    grant_access(
        learner=other_learner,
        test_bank=test_bank,
        source_kind=Access.Source.FREE,
        source_id="1",
        starts_at=at,
        access_days=None,
    )
    assert figures(other_learner, at) == (0, 0, 0, None)


def test_page_asks_a_stranger_to_sign_in(client, url):
    assert client.get(url)["Location"] == f"/accounts/login/?next={url}"


def test_page_of_a_learner_without_banks(client, learner, url):
    client.force_login(learner)
    assert "No test banks yet" in client.get(url).text


def test_page_tells_where_to_go_on(owners_client, url, answer):
    answer(1, RIGHT)
    text = owners_client.get(url).text
    assert "1 of 5 answered" in text
    assert 'width="20%"' in text
    assert "Continue" in text


def test_page_leads_to_the_last_result(owners_client, url, attempt, at):
    finish_attempt(attempt=attempt, at=at)
    text = owners_client.get(url).text
    assert reverse("practice:result", args=[attempt.pk]) in text
    assert "Last full session or exam: 0%" in text
    assert "Practice again" in text


def test_page_offers_nothing_to_practise_once_the_access_has_ended(
    owners_client, url, answer, end_access
):
    answer(1, RIGHT)
    end_access()
    text = owners_client.get(url).text
    assert "1 of 5 answered" in text
    assert reverse("practice:start", args=["git"]) not in text


ENDED = {"withheld_from": timezone.now() - timedelta(days=1)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"revoked_at": timezone.now()}, "The seller ended your access."),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "Your access has expired."),
        (
            {**ENDED, "withheld_reason": "refund"},
            "Your access ended because this purchase was refunded.",
        ),
        (
            {**ENDED, "withheld_reason": "dispute"},
            "Your access is suspended because the payment was disputed.",
        ),
        (
            {**ENDED, "withheld_reason": "lost"},
            "Your access ended because your bank reversed the payment.",
        ),
    ],
)
@pytest.mark.parametrize("page", ["practice:progress", "practice:home"])
def test_pages_say_why_an_access_ended_and_nothing_of_a_start(
    owners_client, owner, page, changes, words
):
    owner.accesses.update(**changes)
    text = owners_client.get(reverse(page)).text
    before, _place, fragment = text.partition("data-fragment")
    assert (words in before, words in fragment) == (True, False)
    assert ("Not started" in text, 'class="bar"' in text) == (False, False)


def test_page_shows_the_last_result_once_the_access_has_ended(
    owners_client, url, attempt, at, end_access
):
    finish_attempt(attempt=attempt, at=at)
    end_access()
    text = owners_client.get(url).text
    assert ("Last full session or exam: 0%" in text, 'class="bar"' in text) == (True, True)


def test_page_of_a_bank_that_was_not_begun_says_so(owners_client, url, owner):
    text = owners_client.get(url).text
    assert ("Not started" in text, 'class="bar"' in text, "ended" in text) == (True, True, False)


def test_page_has_a_part_for_each_place_of_my_banks(owners_client, url, make_bank, owner, at):
    for number in range(2):
        give(owner, make_bank(f"bank-{number}"), at)
    places = re.findall(r'data-fragment="([^"]+)"', owners_client.get("/my-banks/").text)
    parts = re.findall(r'data-fragment="([^"]+)"', owners_client.get(url).text)
    assert places == parts
    assert len(places) == 3


def give(learner, bank, at):
    return grant_access(
        learner=learner,
        test_bank=bank,
        source_kind=Access.Source.GRANT,
        source_id="1",
        starts_at=at,
        access_days=None,
        reason="a test",
    )


@pytest.mark.parametrize("banks", [1, 3])
def test_page_costs_the_same_for_one_and_three_banks(
    owners_client, url, owner, test_bank, make_bank, django_assert_num_queries, banks
):
    now = timezone.now()
    for number in range(banks - 1):
        bank = make_bank(f"bank-{number}")
        give(owner, bank, now)
        start_attempt(learner=owner, test_bank=bank, at=now)
    with django_assert_num_queries(SESSION_AND_USER + 6):
        owners_client.get(url)
