"""The way of staff into the back office: sign in, set up a second factor, show it."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User
from accounts.tests.authenticator import code_of

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-pass-phrase"
ADMIN = "/admin/"


@pytest.fixture(autouse=True)
def no_rates_of_other_tests():
    cache.clear()


@pytest.fixture
def colleague():
    user = User.objects.create_user("sol@example.org", PASSWORD, is_staff=True, is_superuser=True)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def signed_in(client, colleague):
    """The client after the password, before any code."""
    client.post(reverse("account_login"), {"login": colleague.email, "password": PASSWORD})
    return client


def set_up_factor(client):
    """Give the password once more, and fill in the page that shows the secret; the secret."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp")).text
    secret = re.search(r"\b[A-Z2-7]{32}\b", page)
    assert secret, page
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret[0])})
    return secret[0]


def test_strangers_sign_in_and_come_back(client):
    assert client.get(ADMIN).headers["Location"] == "/accounts/login/?next=/admin/"


def test_learners_find_nothing(client, learner):
    client.force_login(learner)
    assert client.get(ADMIN).status_code == 404


def test_staff_without_a_factor_set_one_up(signed_in):
    assert (
        signed_in.get(ADMIN).headers["Location"] == f"{reverse('mfa_activate_totp')}?next=/admin/"
    )


def test_staff_with_a_factor_that_this_session_has_not_seen_show_it(signed_in, colleague):
    set_up_factor(signed_in)
    assert signed_in.get(ADMIN).headers["Location"] == (
        f"{reverse('mfa_reauthenticate')}?next=/admin/"
    )


def test_a_code_opens_the_back_office(signed_in):
    secret = set_up_factor(signed_in)
    cache.clear()  # a code is good once: the next one is the next half minute's
    shown = signed_in.post(
        f"{reverse('mfa_reauthenticate')}?next=/admin/", {"code": code_of(secret), "next": ADMIN}
    )
    assert (shown.status_code, shown.headers["Location"]) == (302, ADMIN)
    assert signed_in.get(ADMIN).status_code == 200


def test_a_wrong_code_opens_nothing(signed_in):
    secret = set_up_factor(signed_in)
    wrong = f"{(int(code_of(secret)) + 500_000) % 1_000_000:06}"
    signed_in.post(reverse("mfa_reauthenticate"), {"code": wrong, "next": ADMIN})
    assert signed_in.get(ADMIN).status_code == 302


def test_signing_in_asks_for_the_code(signed_in, colleague):
    secret = set_up_factor(signed_in)
    signed_in.post(reverse("account_logout"))
    cache.clear()
    asked = signed_in.post(
        reverse("account_login"), {"login": colleague.email, "password": PASSWORD}
    )
    assert asked.headers["Location"].startswith(reverse("mfa_authenticate"))
    signed_in.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert signed_in.get(ADMIN).status_code == 200


def test_somebody_who_is_no_longer_staff_finds_nothing(signed_in, colleague):
    User.objects.filter(pk=colleague.pk).update(is_staff=False)
    assert signed_in.get(ADMIN).status_code == 404


def test_the_secret_is_kept_encrypted(signed_in):
    secret = set_up_factor(signed_in)
    kept = " ".join(str(row.data) for row in Authenticator.objects.all())
    assert Authenticator.objects.count() == 2
    assert secret not in kept


def test_in_the_demo_no_factor_is_asked_for(signed_in, settings):
    settings.STAFF_SECOND_FACTOR = False
    assert signed_in.get(ADMIN).status_code == 200


def test_there_is_one_sign_in_for_all(client):
    there = client.get("/admin/login/?next=https://elsewhere.example/")
    assert there.status_code == 302
    assert there.headers["Location"].startswith("/accounts/login/?next=/admin/login/")


def test_the_sign_in_of_the_admin_sends_nobody_elsewhere(signed_in, settings):
    settings.STAFF_SECOND_FACTOR = False
    there = signed_in.get("/admin/login/?next=https://elsewhere.example/")
    assert there.headers["Location"] == ADMIN


def test_a_lost_telephone_is_mended_by_the_operator(signed_in, colleague, capsys):
    set_up_factor(signed_in)
    call_command("reset_second_factor", "SOL@example.org")
    assert not Authenticator.objects.exists()
    assert "will set up two-factor authentication at the next visit" in capsys.readouterr().out


def test_resetting_twice_changes_nothing(colleague, capsys):
    call_command("reset_second_factor", colleague.email)
    assert "Nothing was changed" in capsys.readouterr().out


def test_resetting_for_nobody_says_so():
    with pytest.raises(
        CommandError, match=r"There is no user with the email address ada@example\.org"
    ):
        call_command("reset_second_factor", "ada@example.org")
