"""Signing up and in, as a buyer meets it: with a code by mail, and back to where one was."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.urls import reverse

from accounts.models import User
from testing.site import code_in

PASSWORD = "correct-horse-battery"
CONFIRM = "/accounts/confirm-email/"
FORM = re.compile(r'<form class="form.*?</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="next" value="([^"]*)"')

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_rates_of_other_tests():
    """Rates are kept in the database's cache, by address: all tests come from one."""
    cache.clear()


@pytest.fixture
def detail(test_bank):
    return reverse("catalog:detail", args=[test_bank.slug])


@pytest.fixture
def send(client):
    """Fills in the form of a page as a browser does, hidden fields included."""

    def send(url, **fields):
        form = FORM.search(client.get(url).text)
        assert form, url
        following = HIDDEN.search(form[0])
        if following:
            fields["next"] = unescape(following[1])
        return client.post(url.partition("?")[0], fields)

    return send


@pytest.fixture
def sign_up(send):
    def sign_up(email="ada@example.org", *, following=""):
        query = f"?{urlencode({'next': following})}" if following else ""
        return send(f"/accounts/signup/{query}", email=email, password1=PASSWORD)

    return sign_up


@pytest.fixture
def sign_in(send):
    def sign_in(email="ada@example.org", password=PASSWORD, *, following=""):
        query = f"?{urlencode({'next': following})}" if following else ""
        return send(f"/accounts/login/{query}", login=email, password=password)

    return sign_in


@pytest.fixture
def ada():
    """Somebody whose address is confirmed."""
    user = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def signed_in(client):
    return "_auth_user_id" in client.session


def test_sign_up_sends_a_code_and_signs_nobody_in(client, sign_up):
    response = sign_up()
    assert response["Location"] == CONFIRM
    [sent] = mail.outbox
    assert (sent.to, len(code_in(str(sent.body)))) == (["ada@example.org"], 9)
    assert not signed_in(client)


def test_code_confirms_the_address_and_signs_in(client, sign_up, send):
    sign_up()
    response = send(CONFIRM, code=code_in(str(mail.outbox[0].body)))
    assert response["Location"] == "/my-banks/"
    assert signed_in(client)
    assert EmailAddress.objects.get().verified


def test_sign_up_from_a_bank_arrives_back_there_signed_in(client, sign_up, send, detail):
    sign_up(following=detail)
    response = send(CONFIRM, code=code_in(str(mail.outbox[0].body)))
    assert response["Location"] == detail
    assert "Signed in as ada@example.org" in client.get(detail).text


def test_code_may_be_written_in_small_letters_and_with_spaces(client, sign_up, send):
    sign_up()
    code = code_in(str(mail.outbox[0].body))
    send(CONFIRM, code=f" {code.lower()} ")
    assert signed_in(client)


def test_wrong_code_confirms_nothing(client, sign_up, send):
    sign_up()
    response = send(CONFIRM, code="AAAA-AAAA")
    assert response.status_code == 200
    assert "Incorrect code." in response.text
    assert (signed_in(client), EmailAddress.objects.filter(verified=True).count()) == (False, 0)


def test_code_cannot_be_guessed_for_long(client, sign_up, send):
    sign_up()
    code = code_in(str(mail.outbox[0].body))
    for _guess in range(3):
        client.post(CONFIRM, {"code": "AAAA-AAAA"})
    client.post(CONFIRM, {"code": code})
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_signing_in_before_confirming_sends_a_new_code(client, sign_up, sign_in, send):
    sign_up()
    client.post("/accounts/logout/")
    cache.clear()  # ten seconds later: codes are not sent faster than that
    assert sign_in()["Location"] == CONFIRM
    send(CONFIRM, code=code_in(str(mail.outbox[1].body)))
    assert signed_in(client)


def test_page_for_the_code_needs_a_sign_up(client):
    assert client.get(CONFIRM).status_code == 302


@pytest.mark.parametrize(
    "foreign",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
    ],
)
def test_foreign_address_is_not_followed(client, sign_up, send, foreign):
    sign_up(following=foreign)
    response = send(CONFIRM, code=code_in(str(mail.outbox[0].body)))
    assert response["Location"] == "/my-banks/"


@pytest.mark.parametrize("foreign", ["https://evil.example/", "//evil.example"])
def test_foreign_address_is_not_followed_after_signing_in(ada, sign_in, foreign):
    assert sign_in(following=foreign)["Location"] == "/my-banks/"


def test_sign_in_leads_to_my_banks(client, ada, sign_in):
    assert sign_in()["Location"] == "/my-banks/"
    assert signed_in(client)


def test_sign_in_leads_back_to_where_one_was(ada, sign_in, detail):
    assert sign_in(following=detail)["Location"] == detail


def test_sign_in_in_another_case_is_the_same_person(client, ada, sign_in):
    sign_in("ADA@Example.org")
    assert client.session["_auth_user_id"] == str(ada.pk)


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.org", "no"), ("x@y.example", PASSWORD)]
)
def test_wrong_sign_in_does_not_say_what_is_wrong(client, ada, sign_in, email, password):
    response = sign_in(email, password)
    assert response.status_code == 200
    assert "The email address and/or password you specified are not correct." in response.text
    assert not signed_in(client)


def test_second_sign_up_in_another_case_makes_no_second_person(client, ada, sign_up):
    response = sign_up("ADA@example.org")
    assert (User.objects.count(), signed_in(client)) == (1, False)
    assert response["Location"] == CONFIRM, "it must look like any other sign-up"
    [sent] = mail.outbox
    assert "already" in sent.body


@pytest.mark.parametrize("password", ["short", "password", "12345678", "ada@example.org"])
def test_weak_password_is_refused(send, password):
    response = send("/accounts/signup/", email="ada@example.org", password1=password)
    assert (response.status_code, User.objects.count(), mail.outbox) == (200, 0, [])


def test_unconfirmed_account_is_asked_for_a_code_and_not_signed_in(client, sign_in, test_bank):
    user = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=False, primary=True)
    assert sign_in()["Location"] == CONFIRM
    assert not signed_in(client)
    assert client.get("/my-banks/")["Location"] == "/accounts/login/?next=/my-banks/"
    started = client.post(reverse("practice:start", args=[test_bank.slug]))
    assert started["Location"].startswith("/accounts/login/?next=")


def test_inactive_account_cannot_sign_in(client, ada, sign_in):
    User.objects.update(is_active=False)
    sign_in()
    assert not signed_in(client)


def test_sign_out_ends_the_session(client, ada, sign_in):
    sign_in()
    assert client.post("/accounts/logout/")["Location"] == "/"
    assert not signed_in(client)


def test_session_lives_in_the_database(ada, sign_in):
    sign_in()
    assert Session.objects.count() == 1


def test_too_many_sign_ins_end_on_a_page_of_their_own(client, settings, ada, sign_in):
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    answers = [sign_in(password="wrong").status_code for _try in range(3)]
    assert answers == [200, 200, 429]
    page = sign_in()
    assert page.status_code == 429
    assert "<h1>" in page.text
    assert not signed_in(client)


def test_rates_are_counted_where_every_server_sees_them(client, settings, ada, sign_in):
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    sign_in(password="wrong")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM testbank_cache WHERE cache_key LIKE '%:login:2/60/ip%'"
        )
        assert cursor.fetchone() == (1,)


def test_password_is_guessed_for_one_person_only_so_often(client, ada, sign_in):
    for _try in range(5):
        sign_in(password="wrong")
    response = sign_in()
    assert "Too many failed login attempts. Try again later." in response.text
    assert not signed_in(client)
