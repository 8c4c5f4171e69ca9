import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from practice.models import Attempt
from practice.services import finish_attempt, start_attempt
from practice.tests.conftest import FIRST_OF_RATE_LIMIT, RIGHT, SESSION_AND_USER


@pytest.fixture
def url(test_bank):
    return reverse("practice:start", args=[test_bank.slug])


@pytest.fixture
def detail(test_bank):
    return reverse("catalog:detail", args=[test_bank.slug])


def words(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_start_leads_to_the_first_question(owners_client, url):
    response = owners_client.post(url)
    attempt = Attempt.objects.get()
    assert response.status_code == 303
    assert response["Location"] == f"/practice/{attempt.pk}/1/"


def test_start_goes_on_at_the_first_open_question(owners_client, url, attempt, answer):
    answer(1, RIGHT)
    answer(3, RIGHT)
    assert owners_client.post(url)["Location"] == f"/practice/{attempt.pk}/2/"
    assert Attempt.objects.count() == 1


def test_start_with_all_answered_leads_to_the_last_question(owners_client, url, attempt, answer):
    for position in range(1, 6):
        answer(position, RIGHT)
    assert owners_client.post(url)["Location"] == f"/practice/{attempt.pk}/5/"


def test_start_after_the_end_begins_anew(owners_client, url, attempt, at):
    finish_attempt(attempt=attempt, at=at)
    response = owners_client.post(url)
    fresh = Attempt.objects.unfinished().get()
    assert response["Location"] == f"/practice/{fresh.pk}/1/"


def test_start_by_a_stranger_leads_to_sign_in_and_to_the_bank(client, url, detail):
    response = client.post(url)
    assert response.status_code == 303
    assert response["Location"] == f"/accounts/login/?next={detail.replace('/', '%2F')}"
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("who", ["learner", "seller"])
def test_start_without_access_leads_back_to_the_bank(request, client, url, detail, who):
    client.force_login(request.getfixturevalue(who))
    response = client.post(url)
    assert (response.status_code, response["Location"]) == (303, detail)
    assert words(response) == ["You don't have access to this test bank."]
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("name", ["ten", "mistakes"])
def test_practice_without_access_names_what_is_missing(client, learner, test_bank, name):
    client.force_login(learner)
    of_all = client.post(reverse(f"practice:{name}"))
    assert words(of_all) == ["You don't have access to any test banks."]
    of_one = client.post(reverse(f"practice:{name}_of", args=[test_bank.slug]))
    assert words(of_one)[-1] == "You don't have access to this test bank."


def test_ten_questions_of_an_empty_bank_say_so(owners_client, test_bank):
    test_bank.bank_questions.all().delete()
    response = owners_client.post(reverse("practice:ten"))
    assert words(response) == ["There are no questions to practice yet."]


def test_start_after_the_access_has_ended_leads_back_to_the_bank(
    owners_client, url, detail, end_access
):
    end_access()
    assert owners_client.post(url)["Location"] == detail
    assert not Attempt.objects.exists()


def test_start_of_a_bank_that_is_no_longer_sold_goes_on_for_its_owner(
    owners_client, url, test_bank
):
    test_bank.status = test_bank.Status.WITHDRAWN
    test_bank.save(update_fields=["status"])
    owners_client.post(url)
    assert Attempt.objects.count() == 1


def test_start_of_an_empty_bank_says_so(owners_client, url, detail, test_bank):
    test_bank.bank_questions.all().delete()
    response = owners_client.post(url)
    assert response["Location"] == detail
    assert words(response) == ["This test bank has no questions yet."]


def test_start_of_a_draft_is_not_found(client, learner, url, test_bank):
    test_bank.status = test_bank.Status.DRAFT
    test_bank.save(update_fields=["status"])
    client.force_login(learner)
    assert client.post(url).status_code == 404


def test_start_by_a_link_is_refused(owners_client, url):
    assert owners_client.get(url).status_code == 405
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("questions", [1, 3])
def test_start_takes_a_fixed_number_of_statements(
    owners_client, owner, make_bank, at, django_assert_num_queries, questions
):
    test_bank = make_bank("other", questions=questions)
    owner.accesses.update(test_bank=test_bank)
    start_attempt(learner=owner, test_bank=test_bank, at=at)
    # The bank, the access, the unfinished attempt, its answers.
    with django_assert_num_queries(SESSION_AND_USER + FIRST_OF_RATE_LIMIT + 4):
        owners_client.post(reverse("practice:start", args=["other"]))
