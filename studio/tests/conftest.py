"""Fixtures of the desk's tests: staff with and without rights, and what they type."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from backoffice.groups import SELLERS
from studio.models import BankRole
from testing.staff_sessions import sign_in_staff

CHOICES = {
    "choices-0-text": "Moved",
    "choices-1-text": "Not found",
    "right": "1",
}


def sign_in(user):
    """Return a client whose session has seen the user's second factor."""
    return sign_in_staff(Client(), user)


def staff(email):
    return User.objects.create_user(email, "a-long-pass-phrase", is_staff=True)


@pytest.fixture
def seller(seller):
    """The seller, in the group of sellers."""
    seller.groups.add(Group.objects.get(name=SELLERS))
    return seller


@pytest.fixture
def desk(seller):
    """The client of a seller."""
    return sign_in(seller)


@pytest.fixture
def author(test_bank):
    """Staff without permissions: an author of `test_bank`."""
    author = staff("author@example.org")
    BankRole.objects.create(test_bank=test_bank, user=author, role="author")
    return author


@pytest.fixture
def reviewer(test_bank):
    reviewer = staff("reviewer@example.org")
    BankRole.objects.create(test_bank=test_bank, user=reviewer, role="reviewer")
    return reviewer


@pytest.fixture
def place(test_bank):
    """The first question of the bank."""
    return test_bank.bank_questions.get(position=1)


@pytest.fixture
def typed():
    """What the editor sends for a single choice question."""
    return {
        "stem": "What does 404 say?",
        "explanation": "See the RFC.",
        "domain": "HTTP",
        **CHOICES,
    }
