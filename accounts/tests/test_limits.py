"""Every limit of the account pages says how long it lasts, and mistyping locks nobody out."""

import re
from datetime import timedelta

import pytest
from allauth.account import app_settings
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from accounts.second_factor import EncryptingAdapter
from outbox.services import send_due_mails
from testing.site import code_in

PASSWORD = "correct-horse-battery"
CONFIRM = "/accounts/confirm-email/"
SIGN_UP = {"email": "ada@example.org", "password1": PASSWORD}

pytestmark = [pytest.mark.django_db, pytest.mark.pages]


@pytest.fixture(autouse=True)
def clear_rate_limits():
    """Clear allauth's limits: they count by client address, which all tests share."""
    cache.clear()


@pytest.fixture
def ada(client):
    """A user who has signed in, with a confirmed address."""
    user = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return user


def newest_code():
    send_due_mails(at=timezone.now())
    return code_in(str(mail.outbox[-1].body))


def guess(client, count):
    return [client.post(CONFIRM, {"code": "AAAA-AAAA"}).text for _guess in range(count)]


def signed_in(client):
    return "_auth_user_id" in client.session


def test_limits_of_account_pages_last_a_minute_at_most():
    """Those that answer 429; `login_failed` and `confirm_email` are told beside the form."""
    rates = {name: rate for name, rate in app_settings.RATE_LIMITS.items() if rate}
    del rates["login_failed"]
    periods = {period for rate in rates.values() for period in re.findall(r"/(\w+)/", rate)}
    assert periods == {"m", "10s", "30s"}


def test_page_of_a_used_up_limit_says_how_long(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    form = {"login": "ada@example.org", "password": "wrong"}
    first, second = [client.post("/accounts/login/", form) for _time in range(2)]
    assert (first.status_code, second.status_code) == (200, 429)
    assert second["Retry-After"] == "60"
    assert "Try again in 1 minute." in second.text


def test_failed_sign_ins_say_how_long(client, ada):
    client.post("/accounts/logout/")
    client.cookies.clear()
    form = {"login": ada.email, "password": "wrong"}
    # Twice as many as one window allows, in case a new one begins meanwhile.
    told = "".join(client.post("/accounts/login/", form).text for _time in range(11))
    assert re.search(
        r"Too many failed sign-in attempts\. Try again in [1-5] minutes?, or choose", told
    )


def test_incorrect_codes_of_an_app_say_how_long(client, ada):
    secret = EncryptingAdapter().encrypt("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    Authenticator.objects.create(user=ada, type="totp", data={"secret": secret})
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    told = [client.post("/accounts/2fa/authenticate/", {"code": "000000"}) for _time in range(6)]
    assert "Too many incorrect codes. Try again in 5 minutes." in told[-1].text


def test_third_mistyped_code_asks_for_a_new_one(client):
    client.post("/accounts/signup/", SIGN_UP)
    first, second, third = guess(client, 3)
    asks = "Too many incorrect codes. Request a new code."
    assert [asks in text for text in (first, second, third)] == [False, False, True]
    assert "Resend code" in third
    client.post(CONFIRM, {"code": newest_code()})
    assert not signed_in(client)


def test_mistyped_code_that_cannot_be_resent_leads_to_a_new_start(client, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = False
    client.post("/accounts/signup/", SIGN_UP)
    third = guess(client, 3)[-1]
    assert "Too many incorrect codes. Request a new code." in third
    assert "Resend code" not in third
    assert "To request a new code, cancel and start again." in third


@pytest.mark.parametrize("rounds", [1, 4])
def test_new_code_works_after_mistyped_ones(client, rounds):
    client.post("/accounts/signup/", SIGN_UP)
    for _round in range(rounds):
        guess(client, 5)
        cache.clear()  # one code in ten seconds
        client.post(CONFIRM, {"action": "resend"})
    client.post(CONFIRM, {"code": newest_code()})
    assert signed_in(client)


def test_guesses_of_a_taken_address_are_answered_the_same(client, ada):
    client.post("/accounts/logout/")
    client.post("/accounts/signup/", SIGN_UP)
    told = r"(?:Incorrect code|Too many incorrect codes)\.[^<]*"
    taken = [re.findall(told, text) for text in guess(client, 4)]
    client.post("/accounts/logout/")
    cache.clear()
    client.post("/accounts/signup/", {**SIGN_UP, "email": "new@example.org"})
    assert [re.findall(told, text) for text in guess(client, 4)] == taken


def test_second_code_within_ten_seconds_says_how_long(client):
    client.post("/accounts/signup/", SIGN_UP)
    response = client.post(CONFIRM, {"action": "resend"}, follow=True)
    assert response.redirect_chain == [(CONFIRM, 302)]
    assert "Wait 10 seconds, then try again." in response.text


def test_expired_code_leads_to_sign_in_with_a_reason(client, monkeypatch):
    client.post("/accounts/signup/", SIGN_UP)
    later = (timezone.now() + timedelta(hours=1)).timestamp()
    monkeypatch.setattr("time.time", lambda: later)
    response = client.post(CONFIRM, {"code": "AAAA-AAAA"}, follow=True)
    assert response.redirect_chain == [("/accounts/login/", 302)]
    assert "Your code has expired or was requested in another browser." in response.text


def test_confirmed_second_address_leads_back_to_the_addresses(client, ada):
    client.post("/accounts/email/", {"action_add": "", "email": "second@example.org"})
    response = client.post(CONFIRM, {"code": newest_code()})
    assert response["Location"] == "/accounts/email/"
    assert EmailAddress.objects.get(email="second@example.org").verified


def test_help_of_the_current_password_is_not_that_of_a_new_one(client, ada):
    text = client.get("/accounts/password/change/").text
    helps = re.findall(r'id="id_(\w+)_helptext">(.*?)</div>', text, re.DOTALL)
    told = {name: "At least 12 characters" in words for name, words in helps}
    assert told == {"oldpassword": False, "password1": True}
