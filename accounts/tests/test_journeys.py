"""Sign-up and sign-in through the site's pages, with the code that is sent by email."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from outbox.models import OutgoingMail
from outbox.services import send_due_mails
from testing.site import code_in

PASSWORD = "correct-horse-battery"
CONFIRM = "/accounts/confirm-email/"
FORM = re.compile(r'<form class="form.*?</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="next" value="([^"]*)"')

pytestmark = [pytest.mark.django_db, pytest.mark.pages]


@pytest.fixture(autouse=True)
def clear_rate_limits():
    """Clear the rate limits: the cache counts by client address, which all tests share."""
    cache.clear()


@pytest.fixture
def detail(test_bank):
    return reverse("catalog:detail", args=[test_bank.slug])


@pytest.fixture
def send(client):
    """Submit the form on a page as a browser does, with its hidden fields."""

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
    """A user with a confirmed email address."""
    user = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def mails():
    """Send what waits in the outbox, and return everything that was sent."""
    send_due_mails(at=timezone.now())
    return mail.outbox


def signed_in(client):
    return "_auth_user_id" in client.session


def test_sign_up_sends_code_without_signing_in(client, sign_up):
    response = sign_up()
    assert response["Location"] == CONFIRM
    [sent] = mails()
    assert (sent.to, len(code_in(str(sent.body)))) == (["ada@example.org"], 9)
    assert not signed_in(client)


def test_code_confirms_email_and_signs_in(client, sign_up, send):
    sign_up()
    response = send(CONFIRM, code=code_in(str(mails()[0].body)))
    assert response["Location"] == "/my-banks/"
    assert signed_in(client)
    assert EmailAddress.objects.get().verified


def test_sign_up_from_bank_returns_to_bank(client, sign_up, send, detail):
    sign_up(following=detail)
    response = send(CONFIRM, code=code_in(str(mails()[0].body)))
    assert response["Location"] == detail
    assert "Signed in as ada@<wbr>example<wbr>.org" in client.get(detail).text


def test_code_accepts_lower_case_and_spaces(client, sign_up, send):
    sign_up()
    code = code_in(str(mails()[0].body))
    send(CONFIRM, code=f" {code.lower()} ")
    assert signed_in(client)


def test_wrong_code_confirms_nothing(client, sign_up, send):
    sign_up()
    response = send(CONFIRM, code="AAAA-AAAA")
    assert response.status_code == 200
    assert "Incorrect code." in response.text
    assert (signed_in(client), EmailAddress.objects.filter(verified=True).count()) == (False, 0)


def test_code_guesses_are_limited(client, sign_up, send):
    sign_up()
    code = code_in(str(mails()[0].body))
    for _guess in range(3):
        client.post(CONFIRM, {"code": "AAAA-AAAA"})
    client.post(CONFIRM, {"code": code})
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_signing_in_before_confirming_sends_a_new_code(client, sign_up, sign_in, send):
    sign_up()
    client.post("/accounts/logout/")
    cache.clear()  # the rate limit allows one code in ten seconds
    assert sign_in()["Location"] == CONFIRM
    send(CONFIRM, code=code_in(str(mails()[1].body)))
    assert signed_in(client)


def test_code_page_without_sign_up_redirects(client):
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
def test_sign_up_ignores_next_url_of_other_site(client, sign_up, send, foreign):
    sign_up(following=foreign)
    response = send(CONFIRM, code=code_in(str(mails()[0].body)))
    assert response["Location"] == "/my-banks/"


@pytest.mark.parametrize("foreign", ["https://evil.example/", "//evil.example"])
def test_sign_in_ignores_next_url_of_other_site(ada, sign_in, foreign):
    assert sign_in(following=foreign)["Location"] == "/my-banks/"


def test_sign_in_redirects_to_my_banks(client, ada, sign_in):
    assert sign_in()["Location"] == "/my-banks/"
    assert signed_in(client)


def test_sign_in_redirects_to_next_url(ada, sign_in, detail):
    assert sign_in(following=detail)["Location"] == detail


def test_sign_in_email_ignores_case(client, ada, sign_in):
    sign_in("ADA@Example.org")
    assert client.session["_auth_user_id"] == str(ada.pk)


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.org", "no"), ("x@y.example", PASSWORD)]
)
def test_failed_sign_in_does_not_reveal_account(client, ada, sign_in, email, password):
    response = sign_in(email, password)
    assert response.status_code == 200
    assert "The email address or password is incorrect." in response.text
    assert not signed_in(client)


def test_second_sign_up_in_another_case_creates_no_user(client, ada, sign_up):
    response = sign_up("ADA@example.org")
    assert (User.objects.count(), signed_in(client)) == (1, False)
    assert response["Location"] == CONFIRM, "it must look like any other sign-up"
    [sent] = mails()
    assert "already" in sent.body


@pytest.mark.parametrize("password", ["short", "password", "12345678", "ada@example.org"])
def test_weak_password_is_refused(send, password):
    response = send("/accounts/signup/", email="ada@example.org", password1=password)
    assert (response.status_code, User.objects.count(), mails()) == (200, 0, [])


def test_unconfirmed_account_is_asked_for_code(client, sign_in, test_bank):
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


def test_session_is_stored_in_database(ada, sign_in):
    sign_in()
    assert Session.objects.count() == 1


def test_rate_limit_of_sign_ins_shows_429_page(client, settings, ada, sign_in):
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    answers = [sign_in(password="wrong").status_code for _try in range(3)]
    assert answers == [200, 200, 429]
    page = sign_in()
    assert page.status_code == 429
    assert "<h1>" in page.text
    assert not signed_in(client)


def test_rate_limits_are_shared_between_servers(client, settings, ada, sign_in):
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    sign_in(password="wrong")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM testbank_cache WHERE cache_key LIKE '%:login:2/60/ip%'"
        )
        assert cursor.fetchone() == (1,)


@pytest.mark.usefixtures("stopped_clock")
def test_failed_sign_ins_are_limited_per_account(client, ada, sign_in):
    for _try in range(5):
        sign_in(password="wrong")
    response = sign_in()
    assert "Too many failed sign-in attempts. Try again in" in response.text
    assert not signed_in(client)


@pytest.mark.usefixtures("stopped_clock")
def test_an_account_under_attack_is_slow_for_unknown_browsers(client, ada, sign_in):
    for number in range(60):
        client.post(
            "/accounts/login/",
            {"login": ada.email, "password": "wrong"},
            REMOTE_ADDR=f"198.51.100.{number}",
        )
    cache.clear()  # allauth's limit of attempts by address is not the subject
    sign_in()
    assert not signed_in(client)


@pytest.mark.usefixtures("stopped_clock")
def test_a_browser_that_signed_in_before_is_let_through(client, ada, sign_in):
    sign_in()
    client.post("/accounts/logout/")
    for number in range(60):
        Client().post(
            "/accounts/login/",
            {"login": ada.email, "password": "wrong"},
            REMOTE_ADDR=f"198.51.100.{number}",
        )
    sign_in()
    assert signed_in(client)


@pytest.mark.parametrize("email", ["ada@example.org", "new@example.org"])
def test_sign_up_hashes_once_with_and_without_account(ada, sign_up, email, monkeypatch):
    hashed: list[int] = []
    encode = MD5PasswordHasher.encode

    def counted(hasher, password, salt):
        hashed.append(1)
        return encode(hasher, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    sign_up(email)
    assert hashed == [1]


def test_reset_link_never_has_the_host_of_the_request(client, ada, settings):
    settings.ALLOWED_HOSTS = ["evil.example", "testserver"]
    client.post("/accounts/password/reset/", {"email": ada.email}, HTTP_HOST="evil.example")
    [sent] = mails()
    assert f"{settings.SITE_URL}/accounts/password/reset/key/" in str(sent.body)
    assert "evil.example" not in str(sent.message())


def test_codes_and_links_are_deleted_once_they_are_sent(sign_up):
    sign_up()
    assert "code" in OutgoingMail.objects.get().context
    mails()
    assert OutgoingMail.objects.get().context == {}


def test_address_without_account_gets_one_mail_a_day(client):
    for _time in range(3):
        cache.clear()
        client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    [sent] = mails()
    assert "there is no account for it" in str(sent.body)


@pytest.mark.parametrize("url", ["/accounts/signup/", "/accounts/password/reset/"])
def test_no_mail_server_is_no_error_and_the_page_says_so(client, ada, sign_up, settings, url):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    form = {"email": "new@example.org" if "signup" in url else ada.email, "password1": PASSWORD}
    response = client.post(url, form)
    assert response.status_code == 302
    send_due_mails(at=timezone.now())
    assert "Email is currently delayed." in client.get(response["Location"]).text
