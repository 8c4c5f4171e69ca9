"""Nothing that the server sends before the key may be seen tells keys, weights or explanations."""

import json
import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.indexing.banks import count_questions
from catalog.models import BankQuestion
from practice.models import Attempt
from practice.services import (
    Limits,
    finish_attempt,
    retake,
    start_attempt,
    start_exam,
    start_mistakes,
    start_own_session,
    start_ten_questions,
    submit_answer,
)
from practice.services.journal import journal_user
from practice.services.selection import Criteria
from questions.formats.gift import read_gift
from questions.grading import RESPONSE
from questions.models import QuestionVersion
from questions.services import store_items

pytestmark = pytest.mark.pages

GIFT = """
One? {~XWRONG#XFEEDBACK ~%41.0197%XPARTLY#XFEEDBACK =XCHOICE#XFEEDBACK ####XEXPLAINED}

Two? {~%37.0193%XCHOICE#XFEEDBACK ~%62.9807%XOTHER#XFEEDBACK ~%-43.0199%XWRONG#XFEEDBACK ####XEXPLAINED}

Sky? {T#XFEEDBACK#XFEEDBACK ####XEXPLAINED}

How many? {# =73519#XFEEDBACK =%47.0201%73000..74000#XFEEDBACK ~#XFEEDBACK ####XEXPLAINED}

Who? {=XNAME#XFEEDBACK =%53.0203%XNICK#XFEEDBACK ####XEXPLAINED}
"""
KEYS = ("XFEEDBACK", "XEXPLAINED", "XNAME", "XNICK", "73519", "73000", "74000", "weight")
# Each weight but 0 and 100, as 37.0193, 37,0193 or 0.370193.
WEIGHTS = re.compile(r"41[.,]?0197|37[.,]?0193|62[.,]?9807|43[.,]?0199|47[.,]?0201|53[.,]?0203")
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
    """A session in which nothing is answered yet."""
    now = timezone.now()
    if mode == "exam":
        return start_exam(learner=learner, test_bank=bank, can_pause=True, at=now)
    if mode == "ten":
        return start_ten_questions(learner=learner, bank_ids=[bank.pk], at=now)
    if mode == "own":
        limits = Limits(count=5, minutes=9)
        return start_own_session(learner=learner, criteria=Criteria(), limits=limits, at=now)
    attempt = start_attempt(learner=learner, test_bank=bank, at=now)
    if mode == "all":
        return attempt
    answer_all(attempt)
    finish_attempt(attempt=attempt, at=now)
    if mode == "mistakes":
        return start_mistakes(learner=learner, bank_ids=[bank.pk], at=now)
    return retake(learner=learner, attempt_id=attempt.pk, part="all", at=now)


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
    places = range(1, 6)
    names = ("result", "finish", "continue", "pause", "resume", "retake", "discard")
    pages = [reverse(f"practice:{name}", args=[attempt.pk]) for name in names]
    pages += [reverse(f"practice:{name}", args=[attempt.pk]) for name in ("answers", "questions")]
    pages += [reverse("practice:question", args=[attempt.pk, place]) for place in places]
    pages += [reverse("practice:note", args=[attempt.pk, place]) for place in places]
    pages += [reverse(f"practice:{name}") for name in ("home", "progress", "new", "history")]
    pages += [reverse(f"practice:{name}", args=[bank.slug]) for name in ("history_of", "reset")]
    pages += [reverse(f"practice:{name}") for name in ("answers_file", "history_file", "offline")]
    pages += [reverse(f"practice:{name}", args=[bank.slug]) for name in ("exam", "samples")]
    pages += [reverse("catalog:sample", args=[bank.slug, place]) for place in places]
    return [*pages, f"/banks/{bank.slug}/", "/search/?q=sky", "/my-banks/"]


def leaks(text):
    body = "".join(
        line for line in text.splitlines() if "csrf" not in line and "Cookie" not in line
    )
    return [secret for secret in KEYS + MARKS if secret in body] + WEIGHTS.findall(body)


def found_by(client, attempt, bank):
    """Return the secrets in each response, by address; without the addresses that have none."""
    found = {url: leaks(sent(client, url)) for url in addresses(attempt, bank)}
    return {url: words for url, words in found.items() if words}


SELECTIONS = ("ten", "own", "mistakes", "retake")
MODES = ["all", "exam", *(pytest.param(mode, marks=pytest.mark.proof) for mode in SELECTIONS)]
# The owner of the session and one who may not see it; the others are in `make proof`.
OTHERS = ("stranger", "other_learner", "seller")
PEOPLE = ["holder", "learner", *(pytest.param(who, marks=pytest.mark.proof) for who in OTHERS)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_leaks_before_the_answer(request, holder, bank, mode, who):
    attempt = begin(mode, holder, bank)
    client = Client()
    if who != "stranger":
        client.force_login(request.getfixturevalue(who))
    assert found_by(client, attempt, bank) == {}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "end",
    [
        "revoked_at",
        *(pytest.param(e, marks=pytest.mark.proof) for e in ("expires_at", "withheld_from")),
    ],
)
def test_nothing_leaks_when_the_access_has_ended(holder, bank, mode, end):
    attempt = begin(mode, holder, bank)
    holder.accesses.update(**{end: timezone.now()})
    client = Client()
    client.force_login(holder)
    assert found_by(client, attempt, bank) == {}


def test_nothing_leaks_in_an_exam_whose_questions_are_all_answered(holder, bank):
    attempt = begin("exam", holder, bank)
    answer_all(attempt)
    client = Client()
    client.force_login(holder)
    assert found_by(client, attempt, bank) == {}


@pytest.mark.parametrize("who", ["stranger", "learner", "seller"])
def test_session_of_somebody_else_looks_like_one_that_does_not_exist(request, holder, bank, who):
    attempt, client = begin("all", holder, bank), Client()
    answer_all(attempt)
    if who != "stranger":
        client.force_login(request.getfixturevalue(who))
    nobodys = uuid.uuid4()
    for url in addresses(attempt, bank):
        if str(attempt.pk) in url:
            existing, missing = url, url.replace(str(attempt.pk), str(nobodys))
            assert answer_of(client, existing, attempt.pk) == answer_of(client, missing, nobodys)


def answer_of(client, url, attempt_id):
    """Return the status, location and text of a response, and its number of statements."""
    with CaptureQueriesContext(connection) as statements:
        response = client.get(url)
    text = "".join(line for line in response.text.splitlines() if "csrf" not in line)
    told = f"{response.status_code} {response.get('Location')} {text}"
    return told.replace(str(attempt_id), "ID"), len(statements)


# A right and a wrong answer to each question, as the fields of its form.
ANSWERS = [
    (1, ("choice", "3"), ("choice", "1")),
    (2, ("choice", "2"), ("choice", "3")),
    (3, ("choice", "true"), ("choice", "false")),
    (4, ("number", "73519"), ("number", "12345")),
    (5, ("text", "XNAME"), ("text", "XNICE")),
]


@pytest.mark.parametrize(("position", "right", "wrong"), ANSWERS)
def test_exam_answers_right_and_wrong_alike(client, holder, bank, position, right, wrong):
    attempt = begin("exam", holder, bank)
    client.force_login(holder)
    told = [
        [send(client, attempt, position, field, number) for send in (send_form, send_entry)]
        for number, field in enumerate((right, wrong), start=1)
    ]
    assert (told[0], attempt.answers.count()) == (told[1], 1)
    assert leaks(str(told)) == []


def send_form(client, attempt, position, field, _sequence):
    url = reverse("practice:question", args=[attempt.pk, position])
    response = client.post(url, {field[0]: field[1], "go": "next"})
    return response.status_code, response["Location"], response.text


def send_entry(client, attempt, position, field, sequence):
    entry = {"client_id": "a" * 16, "sequence": sequence, "position": position, "fields": [field]}
    body = json.dumps({"user": journal_user(attempt.learner_id), "entries": [entry]})
    url = reverse("practice:answers", args=[attempt.pk])
    response = client.post(url, body, content_type="application/json")
    return response.status_code, response.text.replace(f'"sequence": {sequence}', "")


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
def test_session_of_somebody_else_cannot_be_changed(request, client, holder, bank, who):
    attempt = begin("all", holder, bank)
    client.force_login(request.getfixturevalue(who))
    for name in ("finish", "pause", "resume", "discard", "retake"):
        assert client.post(reverse(f"practice:{name}", args=[attempt.pk])).status_code == 404
    attempt.refresh_from_db()
    assert (attempt.is_finished, Attempt.objects.count()) == (False, 1)
