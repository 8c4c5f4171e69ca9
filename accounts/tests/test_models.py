"""The user model: emails are unique without regard to case."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User, display_name

pytestmark = pytest.mark.django_db


def test_email_is_stored_in_lower_case():
    user = User.objects.create_user("Ada@Example.ORG", "a-long-pass-phrase")
    user.refresh_from_db()
    assert user.email == "ada@example.org"
    assert user.check_password("a-long-pass-phrase")


@pytest.mark.parametrize("email", ["ada@example.org", "ADA@example.org"])
def test_email_is_unique_in_any_case(email):
    User.objects.create_user("ada@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(email)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email=email.upper())


def test_user_without_a_password_cannot_sign_in():
    assert not User.objects.create_user("ada@example.org").has_usable_password()


def test_superuser_has_every_permission():
    user = User.objects.create_superuser("root@example.org", "a-long-pass-phrase")
    assert (user.is_staff, user.is_superuser, user.has_perm("catalog.any")) == (True, True, True)


@pytest.mark.parametrize(("name", "shown"), [("Ada", "Ada"), ("", "ada@example.org")])
def test_display_name_falls_back_to_email(name, shown):
    assert display_name(User(email="ada@example.org", name=name)) == shown
