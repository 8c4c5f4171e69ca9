"""A code of an authenticator app works once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.second_factor import accept_code
from accounts.tests.authenticator import code_of

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

pytestmark = pytest.mark.django_db


@pytest.fixture
def accept(learner):
    def accept(*, steps_from_now=0):
        code = code_of(SECRET, steps_from_now=steps_from_now)
        return accept_code(user=learner, secret=SECRET, code=code, at=timezone.now())

    return accept


def test_code_works_once(accept):
    assert (accept(), accept()) == (True, False)


def test_the_next_code_works_and_the_one_before_no_longer(accept):
    accept()
    assert (accept(steps_from_now=1), accept(steps_from_now=0)) == (True, False)
    assert accept(steps_from_now=-1) is False


def test_code_of_another_time_is_refused(learner):
    now = timezone.now()
    code = code_of(SECRET, steps_from_now=5)
    assert not accept_code(user=learner, secret=SECRET, code=code, at=now)
    assert accept_code(user=learner, secret=SECRET, code=code, at=now + timedelta(seconds=150))


def test_code_of_one_person_is_not_used_up_by_another(learner, other_learner):
    now = timezone.now()
    code = code_of(SECRET)
    people = (learner, other_learner)
    assert [accept_code(user=who, secret=SECRET, code=code, at=now) for who in people] == [
        True,
        True,
    ]
