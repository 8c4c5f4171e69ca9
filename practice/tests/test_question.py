import re

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from catalog.models import BankQuestion
from practice.answer_sheet import CELLS_PER_PAGE
from practice.models import Answer
from practice.services import finish_attempt, start_attempt
from practice.tests.conftest import (
    RIGHT,
    SESSION_AND_USER,
    STATEMENTS_OF_FIRST_SHOWING,
    STATEMENTS_PER_ANSWER,
    STATEMENTS_PER_QUESTION,
    WRONG,
)
from questions.items import Choice, SingleChoice, Text
from questions.services import store_items

# Words that stand only in texts that must not be seen before the answer.
SECRETS = ("The reason is a secret.", "Feedback to a right choice.", "Feedback to a wrong choice.")
# What marks a key in a page: classes, words, and the weights of an item. As whole words: tokens,
# ids, and timestamps contain any three digits.
MARKS = re.compile(r"\b(choice--right|choice--wrong|bubble--right|Correct|weight|100|is_right)\b")


@pytest.fixture
def url(attempt):
    return reverse("practice:question", args=[attempt.pk, 1])


@pytest.fixture
def result(attempt):
    return reverse("practice:result", args=[attempt.pk])


@pytest.fixture
def with_secrets(owner, make_bank, at):
    """An attempt at a bank of one question whose texts say what must not be seen."""
    test_bank = make_bank("secrets", questions=0)
    secret, right, wrong = (Text(source=words) for words in SECRETS)
    item = SingleChoice(
        stem=Text(source="What is known to everybody?"),
        explanation=secret,
        choices=(
            Choice(id="a", text=Text(source="Alpha"), weight=0, feedback=wrong),
            Choice(id="b", text=Text(source="Beta"), weight=100, feedback=right),
        ),
    )
    [version] = store_items(items=[item])
    BankQuestion.objects.create(test_bank=test_bank, question=version.question, position=1)
    owner.accesses.update(test_bank=test_bank)
    return start_attempt(learner=owner, test_bank=test_bank, at=at)


def page(client, url):
    return client.get(url).content.decode()


def words(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_question_shows_stem_and_choices(owners_client, url):
    text = page(owners_client, url)
    assert "Question 1 of 5 · Odd" in text
    assert "<p>Question 1?</p>" in text
    assert [f'value="{letter}" required' in text for letter in "abcd"] == [True] * 4


def test_question_hides_what_may_not_be_seen_yet(owners_client, with_secrets):
    url = reverse("practice:question", args=[with_secrets.pk, 1])
    response = owners_client.get(url)
    text = response.content.decode()
    assert "What is known to everybody?" in text
    assert [secret for secret in SECRETS if secret in text] == []
    assert MARKS.findall(text) == []
    assert [name for name in response.headers if "X-" in name and "key" in name.lower()] == []


def test_question_tells_choices_apart_by_nothing_but_their_words(owners_client, with_secrets):
    text = page(owners_client, reverse("practice:question", args=[with_secrets.pk, 1]))
    rows = text.split('<label class="choice">')[1:]
    alike = {
        row.partition("</label>")[0]
        .replace('value="b"', 'value="a"')
        .replace(">B<", ">A<")
        .replace("Beta", "Alpha")
        for row in rows
    }
    assert (len(rows), len(alike)) == (2, 1)


def test_question_shows_all_once_it_is_answered(owners_client, with_secrets):
    url = reverse("practice:question", args=[with_secrets.pk, 1])
    owners_client.post(url, {"choice": "b"})
    text = page(owners_client, url)
    assert [secret for secret in SECRETS if secret not in text] == []


def test_answer_is_kept_and_shown(owners_client, url, attempt):
    response = owners_client.post(url, {"choice": RIGHT})
    assert (response.status_code, response["Location"]) == (303, url)
    assert Answer.objects.get().response == {"kind": "choice", "chosen": [RIGHT]}
    text = page(owners_client, url)
    assert "<title>Correct · Question 1 from Bank git" in text
    assert "Your answer (correct)" in text
    assert "Because of 1." in text
    assert f'href="/practice/{attempt.pk}/2/" data-key="n">Next question' in text


def test_wrong_answer_is_shown_beside_the_right_one(owners_client, url):
    owners_client.post(url, {"choice": WRONG})
    text = page(owners_client, url)
    assert "<title>Incorrect · Question 1 from Bank git" in text
    verdicts = re.findall(r"choice__verdict.*?</svg>\s*([^<]+)<", text, re.DOTALL)
    assert verdicts == ["Correct answer", "Your answer"]
    assert (text.count("choice--wrong"), text.count("choice--right")) == (1, 1)


def test_second_answer_changes_nothing_and_is_told_so(owners_client, url):
    owners_client.post(url, {"choice": WRONG})
    response = owners_client.post(url, {"choice": RIGHT})
    assert response["Location"] == url
    assert words(response) == [
        "You already answered this question, perhaps in another tab. Your first answer counts. "
        "The new answer was not saved."
    ]
    assert Answer.objects.get().response == {"kind": "choice", "chosen": [WRONG]}


def test_same_answer_twice_is_no_second_answer(owners_client, url):
    owners_client.post(url, {"choice": WRONG})
    assert words(owners_client.post(url, {"choice": WRONG})) == []


def test_answer_sent_while_signed_out_stands_in_the_form_after_the_sign_in(client, owner, url):
    response = client.post(url, {"choice": WRONG})
    assert response["Location"] == f"/accounts/login/?next={url}"
    client.force_login(owner)
    text = page(client, url)
    assert re.findall(r'value="(\w)"[^>]* checked', text) == [WRONG]
    assert "You were signed out, so this answer was not saved. Submit it again." in text
    assert not Answer.objects.exists()
    assert "required checked" not in page(client, url)


def test_answer_sent_while_signed_out_is_shown_on_no_other_page(client, owner, url, attempt):
    client.post(url, {"choice": WRONG})
    client.force_login(owner)
    assert "required checked" not in page(
        client, reverse("practice:question", args=[attempt.pk, 2])
    )


def test_answer_sent_while_signed_out_is_not_shown_to_somebody_else(client, seller, url):
    client.post(url, {"choice": WRONG})
    client.force_login(seller)
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "sent", [{}, {"choice": "z"}, {"choice": ["a", "b"]}, {"choice": ["a"] * 101}, {"choice": "\0"}]
)
def test_answer_that_is_none_is_asked_for_again(owners_client, url, sent):
    response = owners_client.post(url, sent)
    assert response.status_code == 422
    assert "<li>Select an answer. Your answer was not saved.</li>" in response.text
    assert not Answer.objects.exists()


def test_answer_after_the_access_has_ended_is_not_kept(owners_client, url, result, end_access):
    end_access()
    response = owners_client.post(url, {"choice": RIGHT})
    assert response["Location"] == result
    assert words(response) == [
        "Your access has ended, so your last answer was not saved. Your earlier answers are saved."
    ]
    assert not Answer.objects.exists()


def test_answer_after_the_end_is_not_kept(owners_client, url, result, attempt, at):
    finish_attempt(attempt=attempt, at=at)
    assert owners_client.post(url, {"choice": RIGHT})["Location"] == result
    assert not Answer.objects.exists()


def test_open_question_is_shut_when_the_access_has_ended(owners_client, url, result, end_access):
    end_access()
    response = owners_client.get(url)
    assert (response.status_code, response["Location"]) == (303, result)


def test_answered_question_stays_readable_when_the_access_has_ended(
    owners_client, url, answer, end_access
):
    answer(1, RIGHT)
    end_access()
    assert "Because of 1." in page(owners_client, url)


def test_open_question_is_shut_after_the_end(owners_client, url, result, attempt, at):
    finish_attempt(attempt=attempt, at=at)
    assert owners_client.get(url)["Location"] == result


def test_next_question_goes_round_to_what_was_skipped(owners_client, attempt, answer):
    answer(5, RIGHT)
    text = page(owners_client, reverse("practice:question", args=[attempt.pk, 5]))
    assert f'href="/practice/{attempt.pk}/1/" data-key="n">Next question' in text


def test_last_answer_leads_to_the_result(owners_client, url, attempt, answer):
    for position in range(1, 6):
        answer(position, RIGHT)
    text = page(owners_client, url)
    assert "Next question" not in text
    assert f'action="/practice/{attempt.pk}/finish/"' in text
    assert "View results" in text


def test_review_after_the_end_goes_along_what_was_answered(
    owners_client, url, result, attempt, answer, at
):
    for position in (1, 4):
        answer(position, RIGHT)
    finish_attempt(attempt=attempt, at=at)
    first, last = (f"/practice/{attempt.pk}/{position}/" for position in (1, 4))
    assert f'href="{last}" data-key="n">Next question' in page(owners_client, first)
    text = page(owners_client, last)
    assert f'button--quiet" href="{first}"' in text
    assert f'href="{result}" data-key="n">View results' in text


def test_sheet_after_the_end_links_only_what_can_be_opened(owners_client, url, attempt, answer, at):
    answer(1, RIGHT)
    finish_attempt(attempt=attempt, at=at)
    text = page(owners_client, url)
    _head, _mark, sheet = text.partition("navigator__sheet")
    kinds = re.findall(r'<(a|span)\b[^>]*class="bubble\b', sheet)
    assert kinds == ["a", "span", "span", "span", "span"]


def test_finishing_shows_first_what_is_still_open(owners_client, url, attempt):
    assert f'<a href="/practice/{attempt.pk}/finish/">Finish</a>' in page(owners_client, url)
    attempt.refresh_from_db()
    assert not attempt.is_finished


def test_answer_sheet_says_in_words_how_each_question_stands(owners_client, url, answer):
    answer(2, RIGHT)
    answer(3, WRONG)
    text = page(owners_client, url)
    states = [row.partition("<")[0].strip() for row in text.split('"visually-hidden"> ')[1:]]
    assert states == ["not answered", "correct", "incorrect", "not answered", "not answered"]
    assert text.count('aria-current="step"') == 1


def test_page_of_a_large_bank_shows_a_part_of_the_sheet(owners_client, attempt):
    attempt.version_ids *= 50
    attempt.question_ids *= 50
    attempt.save(update_fields=["version_ids", "question_ids"])
    text = page(owners_client, reverse("practice:question", args=[attempt.pk, 150]))
    sheet = text.partition("navigator__sheet")[2].partition("</ol>")[0]
    assert sheet.count('class="bubble"') == CELLS_PER_PAGE
    assert f'href="/practice/{attempt.pk}/1/">Go to question 1<' in text
    assert f'href="/practice/{attempt.pk}/201/">Go to question 201<' in text


@pytest.mark.parametrize("position", [0, 6, 10**30])
def test_question_outside_of_the_attempt_is_not_found(owners_client, attempt, position):
    url = f"/practice/{attempt.pk}/{position}/"
    assert owners_client.get(url).status_code == 404
    assert owners_client.post(url, {"choice": RIGHT}).status_code == 404


@pytest.mark.parametrize("who", ["other_learner", "seller"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_question_of_somebody_else_is_not_found(request, client, url, who, method):
    client.force_login(request.getfixturevalue(who))
    assert getattr(client, method)(url, {"choice": RIGHT}).status_code == 404
    assert not Answer.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_question_leads_a_stranger_to_sign_in_and_back(client, url, method):
    response = getattr(client, method)(url)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={url}"
    assert not Answer.objects.exists()


@pytest.mark.parametrize("answered", [1, 3])
def test_question_takes_a_fixed_number_of_statements(
    owners_client, attempt, answer, django_assert_num_queries, answered
):
    for position in range(1, answered + 1):
        answer(position, RIGHT)
    url = reverse("practice:question", args=[attempt.pk, 5])
    with django_assert_num_queries(
        SESSION_AND_USER + STATEMENTS_PER_QUESTION + STATEMENTS_OF_FIRST_SHOWING + 1
    ):
        owners_client.get(url)
    with django_assert_num_queries(SESSION_AND_USER + STATEMENTS_PER_QUESTION):
        owners_client.get(url)


@pytest.mark.parametrize("answered", [1, 3])
def test_answer_takes_a_fixed_number_of_statements(
    owners_client, url, answer, django_assert_num_queries, answered
):
    for position in range(2, answered + 2):
        answer(position, RIGHT)
    with django_assert_num_queries(SESSION_AND_USER + STATEMENTS_PER_ANSWER):
        owners_client.post(url, {"choice": RIGHT})


def test_second_answer_by_the_same_process_reads_no_version(
    owners_client, url, attempt, answer, django_assert_num_queries
):
    answer(1, RIGHT)
    Answer.objects.all().delete()
    with django_assert_num_queries(SESSION_AND_USER + STATEMENTS_PER_ANSWER - 1):
        owners_client.post(url, {"choice": RIGHT})
