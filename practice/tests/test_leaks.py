"""Nothing that the server sends before the key may be seen tells keys, weights or explanations."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.indexing.banks import count_questions
from catalog.models import BankQuestion
from practice.models import Attempt
from practice.services import start_attempt, start_exam, start_ten_questions, submit_answer
from questions.formats.gift import read_gift
from questions.grading import RESPONSE
from questions.models import QuestionVersion
from questions.services import store_items

GIFT = """
One? {~XWRONG#XFEEDBACK =XCHOICE#XFEEDBACK ####XEXPLAINED}

Two? {~%37%XCHOICE#XFEEDBACK ~%63%XOTHER#XFEEDBACK ~XWRONG#XFEEDBACK ####XEXPLAINED}

Sky? {T#XFEEDBACK#XFEEDBACK ####XEXPLAINED}

How many? {# =73519#XFEEDBACK =%37%73000..74000#XFEEDBACK ~#XFEEDBACK ####XEXPLAINED}

Who? {=XNAME#XFEEDBACK =%37%XNICK#XFEEDBACK ####XEXPLAINED}
"""
KEYS = ("XFEEDBACK", "XEXPLAINED", "XNAME", "XNICK", "73519", "73000", "37", "63", "weight")
MARKS = ("choice--", "bubble--right", "bubble--wrong", "is_right", "Correct answer")
RESPONSES = {
    "single_choice": {"kind": "choice", "chosen": ["1"]},
    "multiple_choice": {"kind": "choice", "chosen": ["3"]},
    "true_false": {"kind": "choice", "chosen": ["false"]},
    "numeric": {"kind": "number", "typed": "1"},
    "short_answer": {"kind": "text", "typed": "nobody"},
}


@pytest.fixture
def bank(make_bank):
    bank = make_bank("secrets", questions=0, blueprint=[{"count": 5}], exam_minutes=9)
    versions = store_items(items=read_gift(GIFT.encode()).items)
    BankQuestion.objects.bulk_create(
        BankQuestion(test_bank=bank, question=version.question, position=place, is_sample=True)
        for place, version in enumerate(versions, start=1)
    )
    count_questions(test_bank=bank)
    return bank


@pytest.fixture
def holder(owner, bank):
    owner.accesses.update(test_bank=bank)
    return owner


def begin(mode, learner, bank):
    now = timezone.now()
    if mode == "exam":
        return start_exam(learner=learner, test_bank=bank, can_pause=True, at=now)
    if mode == "ten":
        return start_ten_questions(learner=learner, bank_ids=[bank.pk], at=now)
    return start_attempt(learner=learner, test_bank=bank, at=now)


def answer_all(attempt):
    for position, version in enumerate(attempt.version_ids, start=1):
        kind = QuestionVersion.objects.get(pk=version).kind
        submit_answer(
            attempt_id=attempt.pk,
            learner_id=attempt.learner_id,
            position=position,
            response=RESPONSE.validate_python(RESPONSES[kind]),
            at=timezone.now(),
        )


def sent(client, url):
    response = client.get(url)
    headers = " ".join(f"{name}: {value}" for name, value in response.headers.items())
    return (response.content.decode() + headers).replace(response.get("Date", "\0"), "")


def addresses(attempt, bank):
    names = ("result", "finish", "continue", "pause", "resume", "retake", "discard")
    pages = [reverse(f"practice:{name}", args=[attempt.pk]) for name in names]
    pages += [reverse("practice:question", args=[attempt.pk, position]) for position in range(1, 6)]
    pages += [reverse(f"practice:{name}") for name in ("home", "progress", "new", "history")]
    pages += [reverse("practice:history_of", args=[bank.slug])]
    pages += [reverse("practice:answers_file"), reverse("practice:history_file")]
    return [*pages, reverse("practice:exam", args=[bank.slug]), "/my-banks/"]


def leaks(text):
    body = "".join(
        line for line in text.splitlines() if "csrf" not in line and "Cookie" not in line
    )
    return [secret for secret in KEYS[:6] + MARKS if secret in body]


@pytest.mark.parametrize("mode", ["all", "ten", "exam"])
@pytest.mark.parametrize("who", ["stranger", "learner", "seller", "holder"])
def test_nothing_leaks_before_the_answer(request, holder, bank, mode, who):
    attempt = begin(mode, holder, bank)
    client = Client()
    if who != "stranger":
        client.force_login(request.getfixturevalue(who))
    found = {url: leaks(sent(client, url)) for url in addresses(attempt, bank)}
    assert {url: words for url, words in found.items() if words} == {}


def test_nothing_leaks_in_an_exam_whose_questions_are_all_answered(holder, bank):
    attempt = begin("exam", holder, bank)
    answer_all(attempt)
    client = Client()
    client.force_login(holder)
    found = {url: leaks(sent(client, url)) for url in addresses(attempt, bank)}
    assert {url: words for url, words in found.items() if words} == {}


def test_counts_tell_nothing_of_an_exam_that_runs(holder, bank):
    attempt = begin("exam", holder, bank)
    client = Client()
    client.force_login(holder)
    before = count_of(client)
    answer_all(attempt)
    assert count_of(client) == before
    response = client.post(reverse("practice:mistakes_of", args=[bank.slug]))
    assert response["Location"] == "/my-banks/"


def count_of(client):
    text = client.get(reverse("practice:new"), {"state": "wrong"}).text
    return text.partition('class="count">')[2].partition("<")[0]


def test_every_key_is_shown_after_the_end(holder, bank):
    attempt = begin("exam", holder, bank)
    client = Client()
    client.force_login(holder)
    client.post(reverse("practice:finish", args=[attempt.pk]))
    shown = "".join(
        client.get(reverse("practice:question", args=[attempt.pk, place])).text
        for place in range(1, 6)
    )
    assert [word for word in ("XEXPLAINED", "XNAME", "73519") if word not in shown] == []


def test_unanswered_question_of_an_exam_stays_closed_without_access(holder, bank):
    attempt = begin("exam", holder, bank)
    client = Client()
    client.force_login(holder)
    client.post(reverse("practice:finish", args=[attempt.pk]))
    holder.accesses.update(revoked_at=timezone.now())
    response = client.get(reverse("practice:question", args=[attempt.pk, 1]))
    assert response["Location"] == reverse("practice:result", args=[attempt.pk])


@pytest.mark.parametrize("who", ["learner", "seller"])
@pytest.mark.parametrize("name", ["finish", "pause", "resume", "discard", "retake"])
def test_session_of_somebody_else_cannot_be_changed(request, client, holder, bank, who, name):
    attempt = begin("all", holder, bank)
    client.force_login(request.getfixturevalue(who))
    assert client.post(reverse(f"practice:{name}", args=[attempt.pk])).status_code == 404
    attempt.refresh_from_db()
    assert (attempt.is_finished, Attempt.objects.count()) == (False, 1)
