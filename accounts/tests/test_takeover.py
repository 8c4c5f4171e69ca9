"""A stolen session is not an account: passwords are asked for again, and owners can freeze."""

import re
from datetime import timedelta
from html import unescape

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.freezing import (
    AddressTaken,
    InvalidLink,
    freeze_account,
    freeze_token,
    give_address,
    is_frozen,
    read_token,
)
from accounts.models import AccountFreeze, User
from outbox.services import send_due_mails
from safety.models import SecurityEvent

PASSWORD = "correct-horse-battery"
NEW_PASSWORD = "staple-of-another-kind"
LINK = re.compile(r"http\S+/accounts/freeze/\S+")
RESET = re.compile(r"http\S+/accounts/password/reset/key/\S+")
FACTOR_PAGES = [
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/generate/",
]
EMAIL_CHANGES = [
    {"action_add": "", "email": "thief@example.org"},
    {"action_primary": "", "email": "second@example.org"},
    {"action_remove": "", "email": "second@example.org"},
]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clear_rate_limits():
    cache.clear()


@pytest.fixture
def ada():
    user = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def stolen(ada):
    """A session whose password was entered long ago."""
    client = Client()
    client.force_login(ada)
    return client


def sign_in(client, password=PASSWORD):
    return client.post("/accounts/login/", {"login": "ada@example.org", "password": password})


def change_password(client):
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return client.post("/accounts/password/change/", fields)


def choose_password(client, message):
    page = client.get(link_in(RESET, message), follow=True)
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return client.post(page.redirect_chain[-1][0], form)


def choose_password_by_mail(client, email):
    client.post("/accounts/password/reset/", {"email": email})
    [message] = [message for message in sent() if message.to == [email]]
    return choose_password(client, message)


def sent():
    send_due_mails(at=timezone.now())
    return mail.outbox


def link_in(pattern, message):
    found = pattern.search(str(message.body))
    assert found, message.body
    return found[0].partition("testserver")[2] or "/" + found[0].split("/", 3)[3]


@pytest.mark.parametrize("url", FACTOR_PAGES)
def test_stolen_session_is_asked_before_it_changes_a_factor(stolen, ada, url):
    if "deactivate" in url:
        Authenticator.objects.create(user=ada, type="totp", data={"secret": "x"})
    response = stolen.get(url)
    assert (response.status_code, "reauthenticate" in response["Location"]) == (302, True)


@pytest.mark.parametrize("fields", EMAIL_CHANGES)
def test_stolen_session_is_asked_before_it_changes_an_address(stolen, ada, fields):
    EmailAddress.objects.create(user=ada, email="second@example.org", verified=True)
    before = list(EmailAddress.objects.values_list("email", "primary"))
    response = stolen.post("/accounts/email/", fields)
    assert response["Location"].startswith("/accounts/reauthenticate/")
    assert list(EmailAddress.objects.values_list("email", "primary")) == before


def test_stolen_session_is_asked_for_the_old_password(stolen, ada):
    fields = {"oldpassword": "guess", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    stolen.post("/accounts/password/change/", fields)
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_changed_address_is_told_to_the_address_of_before(client, ada):
    EmailAddress.objects.create(user=ada, email="second@example.org", verified=True)
    sign_in(client)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"action_primary": "", "email": "second@example.org"})
    [notice] = sent()
    assert (notice.to, notice.subject) == (["ada@example.org"], "Your email address was changed")
    assert "from ada@example.org to second@example.org" in str(notice.body)


def test_removed_address_is_told(client, ada):
    EmailAddress.objects.create(user=ada, email="second@example.org", verified=True)
    sign_in(client)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"action_remove": "", "email": "second@example.org"})
    assert {notice.subject for notice in sent()} == {
        "An email address was removed from your account"
    }


def test_password_change_is_told_with_a_link_to_freeze(client, ada):
    sign_in(client)
    change_password(client)
    [notice] = sent()
    assert (notice.to, notice.subject) == (["ada@example.org"], "Your password was changed")
    assert LINK.search(str(notice.body))


def test_freeze_asks_before_it_freezes(client, ada):
    token = freeze_token(user=ada, email=ada.email, at=timezone.now())
    page = client.get(f"/accounts/freeze/{token}/")
    assert (page.status_code, AccountFreeze.objects.count()) == (200, 0)
    assert "Sign-in is blocked until you choose a new password." in page.text
    assert "Your test banks, orders, and answers are safe." in page.text


def test_freeze_ends_sessions_and_blocks_sign_in(client, ada, stolen):
    sign_in(stolen)
    change_password(stolen)
    Client().post(link_in(LINK, sent()[0]))
    assert stolen.get("/my-banks/").status_code == 302
    blocked = sign_in(client, NEW_PASSWORD)
    assert "_auth_user_id" not in client.session
    assert blocked.status_code == 200, "the new password no longer works"
    assert UserSession.objects.count() == 0


def test_freeze_gives_the_account_back_to_the_address_of_before(client, ada):
    token = freeze_token(user=ada, email="ada@example.org", at=timezone.now())
    User.objects.filter(pk=ada.pk).update(email="thief@example.org")
    EmailAddress.objects.filter(user=ada).update(email="thief@example.org")
    Authenticator.objects.create(user=ada, type="totp", data={"secret": "x"})
    client.post(f"/accounts/freeze/{token}/")
    assert list(EmailAddress.objects.values_list("email", "primary", "verified")) == [
        ("ada@example.org", True, True)
    ]
    assert (User.objects.get().email, Authenticator.objects.count()) == ("ada@example.org", 0)
    assert [message.to for message in sent()] == [["ada@example.org"]]


def texts_of(message):
    return [str(message.body), str(message.alternatives[0][0])]


STAYS_THE_SAME = "Your password will stay the same."
NO_LONGER_WORKS = "Your account was frozen, so your old password no longer works."


def test_reset_mail_of_a_frozen_account_says_that_the_password_no_longer_works(client, ada):
    token = freeze_token(user=ada, email=ada.email, at=timezone.now())
    client.post(f"/accounts/freeze/{token}/")
    for text in map(unescape, texts_of(sent()[0])):
        assert NO_LONGER_WORKS in text
        assert "Sign-in stays blocked until you choose a new password." in text
        assert STAYS_THE_SAME not in text


@pytest.mark.parametrize("was_frozen", [False, True])
def test_reset_mail_of_an_account_with_a_password_says_that_it_stays(client, ada, at, was_frozen):
    if was_frozen:
        freeze_account(token=freeze_token(user=ada, email=ada.email, at=at), at=at)
        ada.set_password(NEW_PASSWORD)
        ada.save()
    client.post("/accounts/password/reset/", {"email": ada.email})
    for text in map(unescape, texts_of(sent()[0])):
        assert STAYS_THE_SAME in text
        assert NO_LONGER_WORKS not in text


def test_a_reset_lifts_the_freeze(client, ada):
    token = freeze_token(user=ada, email=ada.email, at=timezone.now())
    client.post(f"/accounts/freeze/{token}/")
    choose_password(client, sent()[0])
    assert not is_frozen(user=ada, at=timezone.now())
    assert sign_in(client, NEW_PASSWORD)["Location"] == "/my-banks/"


def test_frozen_account_with_a_working_password_is_told_why(client, ada):
    now = timezone.now()
    AccountFreeze.objects.create(
        user=ada, link_issued_at=now, frozen_at=now, until=now + timedelta(days=7)
    )
    assert sign_in(client)["Location"] == "/accounts/frozen/"
    page = client.get("/accounts/frozen/").text
    assert "This account is frozen" in page
    assert "Sign-in is blocked until you choose a new password." in page


def test_freeze_ends_after_a_week(ada, at):
    freeze_account(token=freeze_token(user=ada, email=ada.email, at=at), at=at)
    assert is_frozen(user=ada, at=at + timedelta(days=6))
    assert not is_frozen(user=ada, at=at + timedelta(days=7))


def test_later_link_of_a_thief_is_void_and_the_earlier_one_wins(ada, at):
    mine = freeze_token(user=ada, email="ada@example.org", at=at)
    thiefs = freeze_token(user=ada, email="thief@example.org", at=at + timedelta(minutes=1))
    freeze_account(token=thiefs, at=at + timedelta(minutes=2))
    freeze_account(token=mine, at=at + timedelta(minutes=3))
    with pytest.raises(InvalidLink):
        freeze_account(token=thiefs, at=at + timedelta(minutes=4))
    assert User.objects.get().email == "ada@example.org"


def test_link_of_a_later_change_works_again(ada, at):
    freeze_account(token=freeze_token(user=ada, email=ada.email, at=at), at=at)
    later = at + timedelta(days=1)
    token = freeze_token(user=ada, email=ada.email, at=later)
    assert read_token(token, at=later).email == ada.email


def test_freezing_twice_is_freezing(ada, at):
    token = freeze_token(user=ada, email=ada.email, at=at)
    for _time in range(2):
        freeze_account(token=token, at=at)
    assert is_frozen(user=ada, at=at)


@pytest.mark.parametrize("token", ["x", "x:y:z"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_invalid_link_changes_nothing(client, ada, token, method):
    response = getattr(client, method)(f"/accounts/freeze/{token}/")
    assert (response.status_code, AccountFreeze.objects.count()) == (404, 0)


def test_link_is_valid_for_a_week(ada, at):
    token = freeze_token(user=ada, email=ada.email, at=at)
    with pytest.raises(InvalidLink):
        read_token(token, at=at + timedelta(days=8))


def test_sessions_are_listed_and_others_can_be_signed_out(client, ada):
    phone = Client(headers={"user-agent": "A phone"})
    sign_in(phone)
    sign_in(client)
    assert "A phone" in client.get("/accounts/sessions/").text
    client.post("/accounts/sessions/")
    assert phone.get("/my-banks/").status_code == 302
    assert client.get("/my-banks/").status_code == 200


def test_sessions_are_for_who_is_signed_in(client):
    assert client.get("/accounts/sessions/")["Location"].startswith("/accounts/login/")


def test_security_log_says_who_from_where_what(client, ada):
    sign_in(client, "wrong")
    sign_in(client)
    change_password(client)
    client.post("/accounts/logout/")
    rows = SecurityEvent.objects.order_by("pk").values_list("kind", "user_id", "address")
    kinds = ["sign-in-failed", "sign-in", "password-changed", "sign-out"]
    assert list(rows) == [(kind, ada.pk, "127.0.0.1") for kind in kinds]


def test_address_without_account_is_not_stored(client):
    client.post("/accounts/login/", {"login": "nobody@example.org", "password": "x"})
    event = SecurityEvent.objects.get()
    assert (event.kind, event.user_id, event.detail) == ("sign-in-failed", None, "")


@pytest.fixture
def stolen_address(ada):
    """The link in the mail about it."""
    token = freeze_token(user=ada, email="ada@example.org", at=timezone.now())
    User.objects.filter(pk=ada.pk).update(email="thief@example.org")
    EmailAddress.objects.filter(user=ada).update(email="thief@example.org")
    return f"/accounts/freeze/{token}/"


def test_thief_who_signs_up_with_the_address_does_not_keep_it(client, ada, stolen_address):
    other = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=other, email=other.email, primary=True)
    client.post(stolen_address)
    assert is_frozen(user=ada, at=timezone.now())
    assert list(EmailAddress.objects.values_list("user", "email")) == [(ada.pk, "ada@example.org")]
    assert User.objects.get(email="ada@example.org") == ada


def test_address_that_its_owner_confirmed_for_another_account_stays_there(
    client, ada, stolen_address
):
    other = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
    client.post(stolen_address)
    assert is_frozen(user=ada, at=timezone.now())
    ada.refresh_from_db()
    assert ada.email == f"none-{ada.public_id}@none.invalid"
    assert sign_in(Client())["Location"] == "/my-banks/"


@pytest.fixture
def taken_address(stolen_address):
    """The link in the mail to an address that is confirmed for another account by now."""
    other = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
    return stolen_address


@pytest.mark.parametrize("contact", ["help@example.org", ""])
@pytest.mark.parametrize("method", ["get", "post"])
def test_account_whose_address_is_taken_is_not_promised_it(
    client, taken_address, settings, method, contact
):
    settings.SUPPORT_EMAIL = contact
    response = getattr(client, method)(taken_address, follow=True)
    text = unescape(response.text.replace("<wbr>", ""))
    assert response.status_code == 200
    assert "ada@example.org can't be restored because another account now uses it." in text
    assert "Nobody can sign in to this account until its email address is changed." in text
    assert "Your test banks, orders, and answers are safe." in text
    assert ("To regain access, write to" in text) is bool(contact)
    for promise in ("only email address", "open the link in the email", "Send the email again"):
        assert promise not in text


def test_no_reset_mail_about_the_account_that_has_the_address(client, taken_address):
    client.post(taken_address)
    assert sent() == []


@pytest.fixture
def without_address(client, ada, taken_address):
    """The owner of an account that freezing left without an address."""
    client.post(taken_address)
    ada.refresh_from_db()
    return ada


def test_account_without_an_address_gets_one_and_its_owner_back(client, without_address, capsys):
    call_command("restore_email", without_address.email, "Ada@new.example")
    assert "The account now has the address ada@new.example." in capsys.readouterr().out
    change = SecurityEvent.objects.get(user=without_address, kind="email-changed")
    assert change.detail == "manage.py restore_email"
    choose_password_by_mail(client, "ada@new.example")
    assert not is_frozen(user=without_address, at=timezone.now())
    fields = {"login": "ada@new.example", "password": NEW_PASSWORD}
    assert client.post("/accounts/login/", fields)["Location"] == "/my-banks/"


def test_reload_of_the_page_about_a_taken_address_freezes_nothing(client, taken_address):
    response = client.post(taken_address)
    assert (response.status_code, response["Location"]) == (302, taken_address)
    for _reload in range(2):
        assert "This account is frozen" in client.get(taken_address).text
    assert AccountFreeze.objects.count() == 1


def test_frozen_account_is_restored_to_an_address_that_is_free_again(
    client, without_address, taken_address
):
    User.objects.exclude(pk=without_address.pk).get().delete()
    assert "We'll send a link to this address" in unescape(client.get(taken_address).text)
    client.post(taken_address)
    assert User.objects.get(pk=without_address.pk).email == "ada@example.org"


@pytest.mark.parametrize("method", ["get", "post"])
def test_link_of_before_cannot_undo_a_restored_address(
    client, without_address, taken_address, method
):
    call_command("restore_email", without_address.email, "ada@new.example")
    choose_password_by_mail(client, "ada@new.example")
    response = getattr(client, method)(taken_address)
    assert (response.status_code, AccountFreeze.objects.count()) == (404, 1)
    without_address.refresh_from_db()
    assert without_address.email == "ada@new.example"
    assert without_address.check_password(NEW_PASSWORD)


def test_link_of_a_change_after_the_restored_address_works(without_address):
    now = timezone.now()
    user = give_address(user=without_address, email="ada@new.example", at=now)
    token = freeze_token(user=user, email=user.email, at=now + timedelta(minutes=1))
    assert read_token(token, at=now + timedelta(minutes=2)).email == "ada@new.example"


def test_account_that_lost_its_address_to_a_frozen_one_gets_none(client, stolen_address):
    squatter = User.objects.create_user("ada@example.org", PASSWORD)
    client.post(stolen_address)
    squatter.refresh_from_db()
    assert squatter.email == f"none-{squatter.public_id}@none.invalid"
    with pytest.raises(CommandError, match="The account is not frozen"):
        call_command("restore_email", squatter.email, "thief@new.example")
    assert User.objects.get(pk=squatter.pk).email == squatter.email
    assert not EmailAddress.objects.filter(user=squatter).exists()


def test_address_that_the_database_rejects_is_taken(without_address):
    User.objects.create(email="Bob@example.org")
    with pytest.raises(AddressTaken):
        give_address(user=without_address, email="bob@example.org", at=timezone.now())
    assert User.objects.get(pk=without_address.pk).email == without_address.email
    assert AccountFreeze.objects.get().restored_at is None


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("ada@example.org", "Another account uses ada@example.org."),
        ("ada", "ada is not an email address."),
    ],
)
def test_address_that_cannot_be_given_changes_nothing(without_address, new, reason):
    with pytest.raises(CommandError, match=re.escape(reason)):
        call_command("restore_email", without_address.email, new)
    assert User.objects.get(pk=without_address.pk).email == without_address.email


def test_working_address_is_changed_by_its_owner_only(ada):
    with pytest.raises(CommandError, match="Only its owner can change it"):
        call_command("restore_email", ada.email, "thief@example.org")
    with pytest.raises(CommandError, match="There is no user"):
        call_command("restore_email", "bob@example.org", "thief@example.org")
    assert User.objects.get().email == "ada@example.org"
