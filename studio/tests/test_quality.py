"""The quality check of a bank: its issues by question, and figures of the questions."""

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import FormerSlug
from studio.models import QuestionReport
from studio.tests.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

# Session, user, second factor, permissions (two), bank, positions, versions, public IDs.
PAGE = 9
SENTENCE = (
    "The exam does not have enough questions from “Odd” (9 needed, 3 available). "
    "Learners cannot take the exam until there are enough questions."
)


def address_of(slug):
    return reverse("studio:quality", args=[slug])


@pytest.mark.parametrize("questions", [1, 3])
def test_page_costs_the_same_for_any_number_of_questions(
    desk, make_bank, django_assert_num_queries, questions
):
    make_bank("bank", questions=questions)
    with django_assert_num_queries(PAGE):
        assert len(desk.get(address_of("bank")).context["rows"]) >= questions


def test_findings_link_to_their_questions(desk, test_bank, place):
    page = desk.get(address_of("git")).text
    assert reverse("studio:question", args=["git", place.question.public_id]) in page
    assert "The stem is too short (11 characters). Write a complete question." in page
    assert "The longest choice is correct in 0 of 5 single-choice questions." in page
    assert '<h2 id="figures">Answer and domain counts</h2>' in page
    assert f'<li aria-current="page"><bdi>{test_bank.title}</bdi></li>' in page


def test_bank_without_questions_offers_an_import(desk, make_bank):
    make_bank("empty", questions=0)
    page = desk.get(address_of("empty")).text
    assert f'<a href="{reverse("studio:imports", args=["empty"])}">Import questions</a>' in page
    assert 'id="figures"' not in page


def test_author_is_not_offered_an_import(author, test_bank):
    test_bank.bank_questions.all().delete()
    page = sign_in(author).get(address_of("git")).text
    assert "This test bank has no questions yet." in page
    assert "Import questions" not in page


def test_page_warns_of_an_exam_without_enough_questions(desk, test_bank):
    test_bank.blueprint = [{"domain": "Odd", "count": 9}]
    test_bank.save(update_fields=["blueprint"])
    assert SENTENCE in desk.get(address_of("git")).text


def test_tabs_have_the_number_of_open_reports(desk, test_bank, place):
    QuestionReport.objects.create(
        test_bank=test_bank,
        question=place.question,
        version=place.question.current,
        reason="key",
        opened_at=timezone.now(),
    )
    response = desk.get(address_of("git"))
    assert response.context["test_bank"].open_reports == 1
    assert '<span class="count">1<' in response.text


def test_former_slug_leads_to_the_page(desk, test_bank):
    FormerSlug.objects.create(slug="old-git", test_bank=test_bank)
    response = desk.get(address_of("old-git"))
    assert (response.status_code, response["Location"]) == (301, address_of("git"))


def test_unknown_bank_is_not_found(desk):
    assert desk.get(address_of("none")).status_code == 404


def test_former_address_leads_to_the_page(desk, test_bank):
    response = desk.get("/staff/editor/git/")
    assert (response.status_code, response["Location"]) == (301, address_of("git"))
