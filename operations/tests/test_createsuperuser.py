"""The first superuser signs in without a mail server."""

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-pass-phrase"


@pytest.fixture
def created(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email="ada@example.org", interactive=False, verbosity=0)
    return User.objects.get(email="ada@example.org")


def test_address_is_confirmed(created):
    address = EmailAddress.objects.get()
    assert (address.user, address.email, address.verified, address.primary) == (
        created,
        "ada@example.org",
        True,
        True,
    )


def test_superuser_signs_in_without_a_code_by_mail(client, created):
    response = client.post("/accounts/login/", {"login": created.email, "password": PASSWORD})
    assert (response.status_code, "confirm" in response.headers["Location"]) == (302, False)


def test_superuser_who_exists_is_refused(created):
    with pytest.raises(CommandError):
        call_command("createsuperuser", email="ada@example.org", interactive=False, verbosity=0)
    assert EmailAddress.objects.count() == 1
