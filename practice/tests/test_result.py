import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from catalog.services.access import grant_access
from practice.services import finish_attempt, start_ten_questions
from practice.tests.conftest import RIGHT, SESSION_AND_USER, WRONG


@pytest.fixture
def url(attempt):
    return reverse("practice:result", args=[attempt.pk])


def page(client, url):
    """The page with its white space folded."""
    return " ".join(client.get(url).content.decode().split())


def test_result_shows_the_score_by_domain_as_figures_and_bars(
    owners_client, url, attempt, answer, at
):
    answer(1, RIGHT)
    answer(2, WRONG)
    answer(3, RIGHT)
    finish_attempt(attempt=attempt, at=at)
    text = page(owners_client, url)
    assert "<h1>Your results</h1>" in text
    assert re.findall(r">(\d+%)<", text) == ["40%"]
    assert "2 of 5 points" in text
    assert "3 of 5 questions answered" in text
    assert re.findall(r'bars__value">([^<]+)<', text) == ["67% · 2 of 3", "0% · 0 of 2"]
    assert re.findall(r'bar__fill" width="(\d+%)"', text) == ["67%", "0%"]


@pytest.mark.parametrize(("mark", "verdict"), [(40, "Passed"), (41, "Not passed")])
def test_result_is_held_against_the_pass_mark(
    owners_client, url, attempt, answer, at, test_bank, mark, verdict
):
    type(test_bank).objects.filter(pk=test_bank.pk).update(pass_percent=mark)
    for position, choice in ((1, RIGHT), (3, RIGHT)):
        answer(position, choice)
    assert "Not passed" not in page(owners_client, url)
    finish_attempt(attempt=attempt, at=at)
    text = page(owners_client, url)
    assert re.findall(r"(?<=</svg> )(?:Not passed|Passed)", text) == [verdict]
    assert re.findall(r'bar__pass" x="(\d+%)"', text) == [f"{mark}%"] * 2


def test_result_leads_to_what_was_missed(owners_client, url, attempt, answer, at):
    answer(2, WRONG)
    answer(1, RIGHT)
    finish_attempt(attempt=attempt, at=at)
    text = page(owners_client, url)
    assert re.findall(r'missed__row"><a class="[^"]+" href="([^"]+)"', text) == [
        f"/practice/{attempt.pk}/2/"
    ]
    assert '<h2 id="missed">Review missed questions</h2>' in text
    assert '<div class="missed__stem prose" dir="auto">Question 2?</div>' in text


def test_result_with_nothing_missed_has_no_list(owners_client, url, attempt, answer, at):
    answer(1, RIGHT)
    finish_attempt(attempt=attempt, at=at)
    assert "Review missed questions" not in page(owners_client, url)


def test_result_shows_no_text_of_open_questions(owners_client, url, attempt, answer, at):
    answer(1, WRONG)
    finish_attempt(attempt=attempt, at=at)
    text = page(owners_client, url)
    assert [number for number in range(1, 6) if f"Question {number}?" in text] == [1]
    assert "Because of" not in text


def test_result_before_the_end_leads_on(owners_client, url, attempt, answer):
    answer(1, RIGHT)
    text = page(owners_client, url)
    assert "<h1>Progress so far</h1>" in text
    assert f'href="/practice/{attempt.pk}/2/">Continue<' in text
    assert f'href="/practice/{attempt.pk}/finish/">Finish session<' in text
    assert "1 of 1 points" in text
    assert "1 of 5 questions answered" in text


def test_result_after_the_end_offers_another_go(owners_client, url, attempt, at):
    finish_attempt(attempt=attempt, at=at)
    text = page(owners_client, url)
    assert 'action="/practice/start/git/"' in text
    assert "/finish/" not in text


def test_result_stays_readable_when_the_access_has_ended(
    owners_client, url, attempt, answer, end_access
):
    answer(1, RIGHT)
    end_access()
    text = page(owners_client, url)
    assert "1 of 1 points" in text
    assert "Your access to this test bank has ended." in text
    assert 'href="/banks/git/">View test bank<' in text
    assert "Go on<" not in text


LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
RAN_OUT = {"starts_at": LONG_AGO, "expires_at": LONG_AGO + timedelta(days=1)}
REVOKED = {"revoked_at": LONG_AGO}
REFUNDED = {"withheld_from": LONG_AGO, "withheld_reason": "refund"}
DISPUTED = {"withheld_from": LONG_AGO, "withheld_reason": "dispute"}
LOST = {"withheld_from": LONG_AGO, "withheld_reason": "lost"}


def titles(text):
    """The sentences about the access, whatever the number of banks."""
    return re.findall(r"Your access to (?:this test bank|these test banks) ([^.]+)\.", text)


@pytest.mark.parametrize(
    ("ending", "status", "title", "offered"),
    [
        (RAN_OUT, "published", "has expired", True),
        (RAN_OUT, "withdrawn", "has expired", False),
        (RAN_OUT | REVOKED, "published", "has ended", False),
        (RAN_OUT | REFUNDED, "published", "has ended", False),
        (RAN_OUT | LOST, "published", "has ended", False),
        (DISPUTED, "published", "is suspended", False),
    ],
)
def test_result_says_how_the_access_ended_and_offers_to_renew_what_ran_out_and_is_on_sale(
    owners_client, url, owner, test_bank, ending, status, title, offered
):
    owner.accesses.update(**ending)
    type(test_bank).objects.filter(pk=test_bank.pk).update(status=status)
    text = page(owners_client, url)
    assert titles(text) == [title]
    assert ("renew your access" in text) is offered


@pytest.fixture
def second_bank(owner, make_bank, test_bank, at):
    second = make_bank("second")
    given = {"source_kind": "grant", "source_id": "2", "reason": "a test"}
    grant_access(learner=owner, test_bank=second, starts_at=at, access_days=None, **given)
    return second


@pytest.mark.parametrize("on_sale", [True, False])
def test_result_across_banks_offers_to_renew_each_where_all_are_on_sale(
    owners_client, owner, second_bank, at, on_sale, django_assert_num_queries
):
    session = start_ten_questions(learner=owner, at=at)
    owner.accesses.update(**RAN_OUT)
    if not on_sale:
        type(second_bank).objects.filter(pk=second_bank.pk).update(status="withdrawn")
    # The attempt, its answers, live accesses, ended banks, versions, and uncounted answers.
    with django_assert_num_queries(SESSION_AND_USER + 6):
        text = page(owners_client, reverse("practice:result", args=[session.pk]))
    assert titles(text) == ["has expired"]
    assert ("renew your access" in text) is on_sale
    links = re.findall(r'<li><a href="(/banks/[^"]+)"><bdi>', text)
    assert links == (["/banks/git/", "/banks/second/"] if on_sale else [])


@pytest.mark.parametrize(
    ("first", "second", "title"),
    [
        (DISPUTED, DISPUTED, "is suspended"),
        (REVOKED, REVOKED, "has ended"),
        (RAN_OUT, DISPUTED, "has ended"),
    ],
)
def test_result_across_banks_says_how_all_accesses_ended(
    owners_client, owner, test_bank, second_bank, at, first, second, title
):
    session = start_ten_questions(learner=owner, at=at)
    owner.accesses.filter(test_bank=test_bank).update(**first)
    owner.accesses.filter(test_bank=second_bank).update(**second)
    text = page(owners_client, reverse("practice:result", args=[session.pk]))
    assert titles(text) == [title]


@pytest.mark.parametrize(
    ("answers", "first"),
    [
        ((RIGHT,) * 5, "Practice again"),
        ((RIGHT,), "Practice 4 unanswered questions"),
        ((WRONG,), "Practice 1 missed question"),
    ],
)
def test_result_has_one_primary_button_and_it_comes_first(
    owners_client, url, attempt, answer, at, answers, first
):
    for position, choice in enumerate(answers, start=1):
        answer(position, choice)
    finish_attempt(attempt=attempt, at=at)
    buttons = re.findall(
        r'<(?:button|a)[^>]* class="button( button--primary)?[^"]*"[^>]*>([^<]+)<',
        page(owners_client, url).partition('<div class="row no-print">')[2],
    )
    assert buttons[0] == (" button--primary", first)
    assert [primary for primary, _words in buttons[1:] if primary] == []


@pytest.mark.parametrize("who", ["other_learner", "seller"])
def test_result_of_somebody_else_is_not_found(request, client, url, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(url).status_code == 404


def test_result_leads_a_stranger_to_sign_in_and_back(client, url):
    response = client.get(url)
    assert response["Location"] == f"/accounts/login/?next={url}"


def test_result_cannot_be_written_to(owners_client, url):
    assert owners_client.post(url).status_code == 405


@pytest.mark.parametrize("answered", [1, 3])
def test_result_takes_a_fixed_number_of_statements(
    owners_client, url, answer, django_assert_num_queries, answered
):
    for position in range(1, answered + 1):
        answer(position, WRONG)
    # The attempt with its bank and access, its answers, the domains, the stems of the missed.
    with django_assert_num_queries(SESSION_AND_USER + 6):
        owners_client.get(url)
