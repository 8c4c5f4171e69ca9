"""Staff pages require sign-in and a second factor."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User
from accounts.staff import ACTIVATED_FACTOR, SEEN
from accounts.tests.authenticator import code_of

# Allauth announces a new factor after the commit.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.no_concurrency,
    pytest.mark.pages,
]
PASSWORD = "a-long-pass-phrase"
ADMIN = "/admin/"


@pytest.fixture(autouse=True)
def clear_rate_limits():
    cache.clear()


@pytest.fixture
def colleague():
    user = User.objects.create_user("sol@example.org", PASSWORD, is_staff=True, is_superuser=True)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def signed_in(client, colleague):
    """A client that has entered the password and no code yet."""
    client.post(reverse("account_login"), {"login": colleague.email, "password": PASSWORD})
    return client


def set_up_factor(client):
    """Enter the password again, and the first code; return the authenticator's secret."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp")).text
    secret = re.search(r"\b[A-Z2-7]{32}\b", page)
    assert secret, page
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret[0])})
    return secret[0]


def forget_factor(client):
    """Make the session one that has shown no factor yet."""
    session = client.session
    del session[ACTIVATED_FACTOR]
    session.save()


def test_anonymous_is_redirected_to_sign_in(client):
    assert client.get(ADMIN).headers["Location"] == "/accounts/login/?next=/admin/"


def test_learner_gets_404(client, learner):
    client.force_login(learner)
    assert client.get(ADMIN).status_code == 404


def test_staff_without_second_factor_is_sent_to_set_up(signed_in):
    assert (
        signed_in.get(ADMIN).headers["Location"] == f"{reverse('mfa_activate_totp')}?next=/admin/"
    )


def test_setting_up_the_factor_opens_back_office(signed_in):
    set_up_factor(signed_in)
    assert signed_in.get(ADMIN).status_code == 200


def test_staff_with_second_factor_is_asked_for_code(signed_in):
    set_up_factor(signed_in)
    forget_factor(signed_in)
    assert signed_in.get(ADMIN).headers["Location"] == (
        f"{reverse('mfa_reauthenticate')}?next=/admin/"
    )


def test_correct_code_opens_back_office(signed_in):
    secret = set_up_factor(signed_in)
    forget_factor(signed_in)
    shown = signed_in.post(
        f"{reverse('mfa_reauthenticate')}?next=/admin/",
        {"code": code_of(secret, steps_from_now=1), "next": ADMIN},
    )
    assert (shown.status_code, shown.headers["Location"]) == (302, ADMIN)
    assert signed_in.get(ADMIN).status_code == 200


def test_wrong_code_is_refused(signed_in):
    secret = set_up_factor(signed_in)
    forget_factor(signed_in)
    wrong = f"{(int(code_of(secret)) + 500_000) % 1_000_000:06}"
    signed_in.post(reverse("mfa_reauthenticate"), {"code": wrong, "next": ADMIN})
    assert signed_in.get(ADMIN).status_code == 302


def test_sign_in_asks_for_code(signed_in, colleague):
    secret = set_up_factor(signed_in)
    signed_in.post(reverse("account_logout"))
    asked = signed_in.post(
        reverse("account_login"), {"login": colleague.email, "password": PASSWORD}
    )
    assert asked.headers["Location"].startswith(reverse("mfa_authenticate"))
    signed_in.post(reverse("mfa_authenticate"), {"code": code_of(secret, steps_from_now=1)})
    assert signed_in.get(ADMIN).status_code == 200


def test_code_that_activated_the_factor_is_used_up(signed_in, colleague):
    secret = set_up_factor(signed_in)
    cache.clear()
    signed_in.post(reverse("account_logout"))
    signed_in.post(reverse("account_login"), {"login": colleague.email, "password": PASSWORD})
    refused = signed_in.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert (refused.status_code, "Incorrect code." in refused.text) == (200, True)


def test_factor_that_is_gone_was_not_shown(signed_in):
    set_up_factor(signed_in)
    assert signed_in.get(ADMIN).status_code == 200
    Authenticator.objects.all().delete()
    assert signed_in.get(ADMIN).headers["Location"].startswith(reverse("mfa_activate_totp"))


@pytest.mark.parametrize(
    ("setting", "back"), [("STAFF_IDLE_MINUTES", 61 * 60), ("STAFF_SESSION_HOURS", 13 * 3600)]
)
def test_staff_session_ends(signed_in, setting, back):
    set_up_factor(signed_in)
    session = signed_in.session
    session[ACTIVATED_FACTOR]["at"] -= back
    session.save()
    assert signed_in.get(ADMIN).headers["Location"].startswith(reverse("mfa_reauthenticate"))


def test_staff_session_in_use_goes_on(signed_in):
    set_up_factor(signed_in)
    session = signed_in.session
    session[ACTIVATED_FACTOR]["at"] -= 2 * 3600
    session[SEEN] = session[ACTIVATED_FACTOR]["at"] + 2 * 3600 - 600
    session.save()
    assert signed_in.get(ADMIN).status_code == 200
    assert signed_in.session[SEEN] > session[SEEN]


def test_first_visit_is_one_password_and_one_code(client, colleague):
    client.post(reverse("account_login"), {"login": colleague.email, "password": PASSWORD})
    page = client.get(client.get(ADMIN).headers["Location"])
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.text)
    assert secret, page.text
    codes = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret[0])}, follow=True)
    assert codes.redirect_chain == [(reverse("mfa_view_recovery_codes"), 302)]
    assert client.get(ADMIN).status_code == 200


def test_former_staff_gets_404(signed_in, colleague):
    User.objects.filter(pk=colleague.pk).update(is_staff=False)
    assert signed_in.get(ADMIN).status_code == 404


def test_secret_is_stored_encrypted(signed_in):
    secret = set_up_factor(signed_in)
    stored = " ".join(str(row.data) for row in Authenticator.objects.all())
    assert Authenticator.objects.count() == 2
    assert secret not in stored


def test_second_factor_can_be_turned_off(signed_in, settings):
    settings.STAFF_SECOND_FACTOR = False
    assert signed_in.get(ADMIN).status_code == 200


def test_admin_login_redirects_to_site_sign_in(client):
    there = client.get("/admin/login/?next=https://elsewhere.example/")
    assert there.status_code == 302
    assert there.headers["Location"].startswith("/accounts/login/?next=/admin/login/")


def test_admin_login_ignores_next_url_of_other_site(signed_in, settings):
    settings.STAFF_SECOND_FACTOR = False
    there = signed_in.get("/admin/login/?next=https://elsewhere.example/")
    assert there.headers["Location"] == ADMIN


def test_reset_second_factor_removes_authenticators(signed_in, colleague, capsys):
    set_up_factor(signed_in)
    call_command("reset_second_factor", "SOL@example.org")
    assert not Authenticator.objects.exists()
    assert "must set up a new one the next time they open /admin/" in capsys.readouterr().out


def test_reset_second_factor_twice_changes_nothing(colleague, capsys):
    call_command("reset_second_factor", colleague.email)
    assert "Nothing was changed" in capsys.readouterr().out


def test_learner_whose_factor_was_removed_is_not_asked_for_another(learner, capsys):
    Authenticator.objects.create(user=learner, type="totp", data={})
    call_command("reset_second_factor", learner.email)
    printed = capsys.readouterr().out
    assert printed == f"Removed the second factor for {learner.email}.\n"


def test_resetting_for_nobody_says_so():
    with pytest.raises(
        CommandError, match=r"There is no user with the email address ada@example\.org"
    ):
        call_command("reset_second_factor", "ada@example.org")
