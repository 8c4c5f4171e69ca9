"""The samples of a bank as a session without an account."""

import re

import pytest
from django.urls import reverse

from practice.models import Answer, Attempt
from practice.tests.conftest import RIGHT, WRONG

pytestmark = pytest.mark.django_db
URL = "/practice/samples/git/"


def sealed(response):
    return re.findall(r'name="score" value="([^"]+)"', response.text)[0]


def answer(client, response, choice):
    return client.post(URL, {"score": sealed(response), "choice": choice, "check": "1"})


def test_samples_are_asked_one_after_the_other_and_scored_at_the_end(client, test_bank):
    page = client.get(URL)
    for number, choice in enumerate((RIGHT, WRONG, RIGHT), start=1):
        assert f"Sample question {number} of 3" in page.text
        assert f"Because of {number}." not in page.text
        page = answer(client, page, choice)
        assert f"Because of {number}." in page.text
        page = client.post(URL, {"score": sealed(page)})
    assert "2 of 3 points on the sample questions from" in page.text
    assert "67%" in page.text
    assert "Try the sample questions again" in page.text
    assert not (Attempt.objects.exists() or Answer.objects.exists())


def test_answer_that_is_none_is_asked_for_again(client, test_bank):
    page = client.post(URL, {"score": sealed(client.get(URL)), "check": "1"})
    assert "Select an answer." in page.text
    assert "Sample question 1 of 3" in page.text


@pytest.mark.parametrize("score", ["", "x", "WyIxIiwiMSIsIjEiXQ:1:forged"])
def test_score_that_was_changed_starts_again(client, test_bank, score):
    assert "Sample question 1 of 3" in client.post(URL, {"score": score}).text


def test_score_of_another_bank_does_not_count(client, test_bank, make_bank):
    make_bank("other")
    page = client.get(URL)
    score = sealed(answer(client, page, RIGHT))
    assert (
        "Sample question 1 of 3"
        in client.post(reverse("practice:samples", args=["other"]), {"score": score}).text
    )


def test_bank_without_samples_or_not_on_sale_is_not_found(client, make_bank):
    make_bank("empty", questions=0)
    make_bank("draft", status="draft")
    for slug in ("empty", "draft", "nowhere"):
        assert client.get(reverse("practice:samples", args=[slug])).status_code == 404
