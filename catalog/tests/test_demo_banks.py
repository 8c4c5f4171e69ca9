"""The demo: only where it belongs, once, and worth reading."""

import json
import re
from collections import Counter

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from accounts.models import User
from catalog.demo import FOLDER, LEARNER, PASSWORD, SELLER, item
from catalog.models import BankQuestion, TestBank
from questions.models import Question

FILES = sorted(FOLDER.glob("*.json"))
BANKS = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]
banks = pytest.mark.parametrize("bank", BANKS, ids=[path.stem for path in FILES])


@pytest.fixture
def demo(settings):
    settings.DEMO = True


def written():
    counted = (TestBank, BankQuestion, Question, User, EmailAddress)
    return [model.objects.count() for model in counted]


@pytest.mark.django_db
def test_load_demo_refuses_on_a_real_site():
    with pytest.raises(CommandError, match="This is not a demo") as raised:
        call_command("load_demo")
    assert (raised.value.returncode, written()) == (2, [0, 0, 0, 0, 0])


def test_load_demo_makes_a_paid_and_a_free_bank_and_two_people(demo, db):
    call_command("load_demo")
    assert [
        (bank.slug, bank.is_free, bank.status, bank.bank_questions.count())
        for bank in TestBank.objects.order_by("slug")
    ] == [("git-in-practice", False, "published", 10), ("http-warm-up", True, "published", 5)]
    assert written() == [2, 15, 15, 2, 2]


def test_load_demo_twice_changes_nothing(demo, db):
    call_command("load_demo")
    TestBank.objects.filter(slug="git-in-practice").update(title="Renamed")
    before = written()
    call_command("load_demo")
    assert written() == before
    assert TestBank.objects.get(slug="git-in-practice").title == "Renamed"


@pytest.mark.parametrize("email", [LEARNER, SELLER])
def test_demo_people_can_sign_in(client, settings, demo, db, email):
    call_command("load_demo")
    settings.DEMO = False  # pages of a demo lead to its mails, an address made at its start
    response = client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert (response.status_code, response.headers.get("Location")) == (302, "/my-banks/")


def keys(bank):
    return [
        [is_right for _text, is_right, _feedback in question["choices"]].index(True)
        for question in bank["questions"]
    ]


@banks
def test_demo_questions_have_four_choices_and_one_key(bank):
    for question in bank["questions"]:
        assert [len(question["choices"]), len(item(question).key)] == [4, 1]


@banks
def test_demo_questions_explain_every_choice(bank):
    for question in bank["questions"]:
        assert question["explanation"], question["stem"]
        assert all(feedback for _text, _right, feedback in question["choices"]), question["stem"]


@banks
def test_demo_questions_are_all_different(bank):
    stems = [question["stem"] for question in bank["questions"]]
    assert len(set(stems)) == len(stems)


@banks
def test_demo_samples_are_three_questions_of_the_bank(bank):
    assert len(set(bank["samples"])) == 3
    assert set(bank["samples"]) <= set(range(1, len(bank["questions"]) + 1))


def test_demo_keys_are_balanced():
    used = Counter(key for bank in BANKS for key in keys(bank))
    assert sorted(used) == [0, 1, 2, 3]
    assert max(used.values()) - min(used.values()) <= 2


@banks
def test_demo_keys_show_no_run_that_could_be_guessed(bank):
    row = "".join(map(str, keys(bank)))
    assert not re.search(r"(\d)\1\1", row)


@banks
def test_demo_key_is_not_given_away_by_its_length(bank):
    """Guessing the longest choice gets half at most, and few keys stand out by a fifth."""
    longest = outstanding = 0
    for question, key in zip(bank["questions"], keys(bank), strict=True):
        lengths = [len(text) for text, _right, _feedback in question["choices"]]
        own = lengths.pop(key)
        longest += own >= max(lengths)
        outstanding += own > 1.2 * max(lengths)
    assert longest <= len(bank["questions"]) / 2
    assert outstanding <= 1
