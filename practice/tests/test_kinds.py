"""Every kind that can be asked: its form, what is kept, and what is shown afterwards."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pydantic import ValidationError

from catalog.indexing.banks import count_questions
from catalog.models import BankQuestion
from practice.models import Answer, Attempt
from practice.services import finish_attempt, start_attempt
from practice.tests.conftest import SESSION_AND_USER, STATEMENTS_PER_ANSWER
from questions.formats.gift import read_gift
from questions.items import ASKABLE, AcceptedText
from questions.services import store_items

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

GIFT = """
Read this first.

Which two? {~%50%ash#A tree. ~%50%elm ~oat#A grass. ~rye ####Trees have wood.}

The sun is a star. {T#It is one.#So it is. ####It burns.}

How many? {# =4#Yes. =%50%3..5#Near. ~#Far off.}

Who wrote it? {=Ada =%50%A. Lovelace#Say her first name. =Ada*ace}

Match. {=a -> 1 =b -> 2}

Write. {}
"""
SEVERAL, TRUE_FALSE, NUMBER, WORDS = 1, 2, 3, 4
# What only stands in a page once the question was answered.
SECRETS = re.compile(r"choice--|A tree|A grass|have wood|So it is|burns|Near|Far off|first name")


@pytest.fixture
def bank(make_bank):
    """A bank with every kind; its first four that can be asked are its samples."""
    bank = make_bank("kinds", questions=0)
    versions = store_items(items=read_gift(GIFT.encode()).items)
    BankQuestion.objects.bulk_create(
        BankQuestion(
            test_bank=bank,
            question=version.question,
            position=position,
            is_sample=True,
            is_asked=version.kind in ASKABLE,
        )
        for position, version in enumerate(versions, start=1)
    )
    count_questions(test_bank=bank)
    return bank


@pytest.fixture
def attempt(learner, bank, at):
    learner.accesses.create(test_bank=bank, source_kind="order", source_id="1", starts_at=at)
    return start_attempt(learner=learner, test_bank=bank, at=at)


@pytest.fixture
def browser(learner):
    browser = Client()
    browser.force_login(learner)
    return browser


@pytest.fixture
def send(browser, attempt):
    """Answers a question and gives the page that follows."""

    def send(position, data):
        url = reverse("practice:question", args=[attempt.pk, position])
        return browser.post(url, data, follow=True)

    return send


def inputs(text):
    """The inputs of the form of the question, each as its attributes."""
    form = text[text.index('<form class="stack"') :]
    return [
        dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        for tag in re.findall(r"<input ([^>]*)>", form)
        if "csrf" not in tag and "hidden" not in tag and "unsure" not in tag
    ]


def verdicts(text):
    return re.findall(r"choice__verdict.*?</svg>\s*([^<]+)<", text, re.DOTALL)


def test_only_kinds_that_can_be_asked_are_asked(attempt, bank):
    assert attempt.total == 4
    assert (bank.question_count, bank.sample_count) == (4, 4)


@pytest.mark.parametrize(
    ("position", "shape"),
    [
        (SEVERAL, [("checkbox", "choice", str(n)) for n in (1, 2, 3, 4)]),
        (TRUE_FALSE, [("radio", "choice", "true"), ("radio", "choice", "false")]),
        (NUMBER, [("text", "number", "")]),
        (WORDS, [("text", "text", "")]),
    ],
)
@pytest.mark.parametrize("page", ["practice:question", "catalog:sample"])
def test_form_fits_the_kind_and_tells_nothing(browser, attempt, page, position, shape):
    place = attempt.pk if page.startswith("practice") else "kinds"
    text = browser.get(reverse(page, args=[place, position])).text
    found = [(field["type"], field["name"], field.get("value")) for field in inputs(text)]
    assert found == shape
    assert SECRETS.findall(text) == []


@pytest.mark.parametrize(
    ("position", "data", "fraction", "title", "shown"),
    [
        (SEVERAL, {"choice": ["1", "2"]}, 1, "Correct", ["Your answer (correct)"] * 2),
        (
            SEVERAL,
            {"choice": ["1"]},
            0.5,
            "Partially correct",
            ["Your answer (correct)", "Correct answer"],
        ),
        (
            SEVERAL,
            {"choice": ["1", "2", "3", "4"]},
            0,
            "Incorrect",
            ["Your answer (correct)", "Your answer (correct)", "Your answer", "Your answer"],
        ),
        (TRUE_FALSE, {"choice": "true"}, 1, "Correct", ["Your answer (correct)"]),
        (TRUE_FALSE, {"choice": "false"}, 0, "Incorrect", ["Correct answer", "Your answer"]),
        (NUMBER, {"number": " 4,0 "}, 1, "Correct", ["Your answer (correct)", "Also correct"]),
        (NUMBER, {"number": "3.5"}, 0.5, "Partially correct", ["Your answer", "Correct answer"]),
        (NUMBER, {"number": "-4"}, 0, "Incorrect", ["Your answer", "Correct answer"]),
        (WORDS, {"text": "Ada"}, 1, "Correct", ["Your answer (correct)", "Also correct"]),
        (
            WORDS,
            {"text": "a.  LOVELACE"},
            0.5,
            "Partially correct",
            ["Your answer", "Correct answer", "Correct answer"],
        ),
    ],
)
def test_answer_is_kept_and_explained(send, position, data, fraction, title, shown):
    response = send(position, data)
    assert Answer.objects.get().fraction == Decimal(str(fraction))
    assert f"<title>{title} · Question {position} from" in response.text
    assert verdicts(response.text) == shown


@pytest.mark.parametrize(
    ("position", "data", "words"),
    [
        (SEVERAL, {"choice": "1"}, ["A tree.", "A grass.", "Trees have wood.", "50% of"]),
        (TRUE_FALSE, {"choice": "false"}, ["It is one.", "It burns."]),
        (NUMBER, {"number": "9"}, ["Far off.", ">9<", ">4<"]),
        (WORDS, {"text": "A. Lovelace"}, ["Say her first name.", ">Ada…ace<"]),
    ],
)
def test_reasons_are_told_afterwards(send, position, data, words):
    text = send(position, data).text
    assert [word for word in words if word not in text] == []


def test_what_was_typed_is_shown_and_not_obeyed(send):
    text = send(WORDS, {"text": "<script>alert(1)</script>"}).text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("position", "data", "sentence"),
    [
        (SEVERAL, {}, "Select an answer."),
        (SEVERAL, {"number": "1"}, "Select an answer."),
        (TRUE_FALSE, {"choice": ["true", "false"]}, "Select an answer."),
        (NUMBER, {"number": "four"}, "Enter one number without a unit, such as 12, −3, or 3.5."),
        (NUMBER, {"number": "\u200b"}, "Enter one number without a unit, such as 12, −3, or 3.5."),
        (NUMBER, {"number": ""}, "Enter one number without a unit, such as 12, −3, or 3.5."),
        (WORDS, {"text": "  "}, "Enter a word or short phrase."),
        (WORDS, {"text": "x" * 1001}, "Enter a word or short phrase."),
    ],
)
def test_answer_that_is_none_is_asked_for_again(browser, attempt, position, data, sentence):
    url = reverse("practice:question", args=[attempt.pk, position])
    response = browser.post(url, data)
    assert response.status_code == 422
    assert f"<li>{sentence} Your answer was not saved.</li>" in response.text
    assert not Answer.objects.exists()


def test_what_was_typed_stays_in_the_box(browser, attempt):
    url = reverse("practice:question", args=[attempt.pk, NUMBER])
    [box] = inputs(browser.post(url, {"number": "about <4>"}).text)
    assert (box["value"], box["aria-invalid"]) == ("about &lt;4&gt;", "true")


@pytest.mark.parametrize(
    ("position", "data"),
    [(SEVERAL, {"choice": ["1", "3"]}), (NUMBER, {"number": "4"}), (WORDS, {"text": "Ada"})],
)
def test_answer_of_every_kind_takes_the_same_number_of_statements(
    browser, attempt, django_assert_num_queries, position, data
):
    url = reverse("practice:question", args=[attempt.pk, position])
    with django_assert_num_queries(SESSION_AND_USER + STATEMENTS_PER_ANSWER):
        browser.post(url, data)


ZEROS = """
Words? {=0}

Number? {#0}

Decimal? {#0.0}

Truth? {=false}
"""


@pytest.mark.parametrize("mode", ["practice", "exam"])
@pytest.mark.parametrize(
    ("position", "data"),
    [
        (1, {"text": "0"}),
        (2, {"number": "0"}),
        (2, {"number": "-0.00"}),
        (3, {"number": "0"}),
        (4, {"text": "false"}),
    ],
)
def test_zero_and_false_are_answers_like_any_other(
    browser, learner, make_bank, at, mode, position, data
):
    bank = make_bank("zeros", questions=0)
    for place, version in enumerate(store_items(items=read_gift(ZEROS.encode()).items), start=1):
        BankQuestion.objects.create(test_bank=bank, question=version.question, position=place)
    learner.accesses.create(test_bank=bank, source_kind="order", source_id="0", starts_at=at)
    attempt = start_attempt(learner=learner, test_bank=bank, at=at)
    Attempt.objects.filter(pk=attempt.pk).update(mode=mode)
    url = reverse("practice:question", args=[attempt.pk, position])
    browser.post(url, data | ({"go": str(position)} if mode == "exam" else {}))
    [shown] = data.values()
    assert (f'value="{shown}"' if mode == "exam" else f">{shown}<") in browser.get(url).text
    finish_attempt(attempt=Attempt.objects.get(), at=at)
    assert Attempt.objects.get().points == 1


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_empty_text_is_refused_as_a_key(text):
    with pytest.raises(ValidationError, match="an accepted answer is empty"):
        AcceptedText(text=text)


def test_score_adds_parts_of_points(send, attempt, browser, at):
    send(SEVERAL, {"choice": "1"})
    send(NUMBER, {"number": "4"})
    finish_attempt(attempt=attempt, at=at)
    text = browser.get(reverse("practice:result", args=[attempt.pk])).text
    assert "1.5 of 4 points" in text


@pytest.mark.parametrize(
    ("number", "data", "shown"),
    [
        (SEVERAL, {"choice": ["1", "2"]}, ["Your answer (correct)"] * 2),
        (NUMBER, {"number": "9"}, ["Your answer", "Correct answer"]),
        (WORDS, {"text": "Ada"}, ["Your answer (correct)", "Also correct"]),
    ],
)
def test_sample_of_each_kind_can_be_tried_without_an_account(client, bank, number, data, shown):
    assert verdicts(client.post(reverse("catalog:sample", args=["kinds", number]), data).text) == (
        shown
    )


def test_sample_that_is_not_answered_says_what_to_do(client, bank):
    text = client.post(reverse("catalog:sample", args=["kinds", NUMBER]), {"number": "x"}).text
    assert "Enter one number" in text
    assert SECRETS.findall(text) == []
