"""Guessing is slow, and nobody is locked out by a stranger."""

from datetime import timedelta

import pytest

from accounts.sign_in_limits import SignInAttempt, count_attempt, forgive_all, forgive_attempt

pytestmark = pytest.mark.django_db
HERE, THERE = "192.0.2.1", "198.51.100.9"


@pytest.fixture
def attempt(learner, at):
    def attempt(*, address=HERE, browser_of="", later=timedelta(0)):
        one = SignInAttempt(email=learner.email, address=address, browser_of=browser_of)
        return count_attempt(one, at=at + later) == 0

    return attempt


def guess(attempt, count):
    """Guess from ever new addresses."""
    return [attempt(address=f"203.0.{number // 250}.{number % 250}") for number in range(count)]


def test_five_attempts_from_one_address(attempt):
    assert [attempt() for _time in range(6)] == [True] * 5 + [False]


def test_a_stranger_locks_nobody_out(attempt):
    for _time in range(10):
        attempt(address=THERE)
    assert attempt(address=HERE)


def test_an_account_under_attack_is_slowed_down(attempt):
    assert guess(attempt, 53) == [True] * 51 + [False] * 2
    assert attempt(later=timedelta(minutes=1))


def test_a_known_browser_is_let_through(attempt, learner):
    guess(attempt, 60)
    assert attempt(browser_of=str(learner.public_id))


def test_the_browser_of_somebody_else_is_not(attempt, other_learner):
    guess(attempt, 60)
    assert not attempt(browser_of=str(other_learner.public_id))


def test_a_known_browser_has_a_limit_too(attempt, learner):
    tries = [attempt(browser_of=str(learner.public_id)) for _time in range(11)]
    assert tries == [True] * 10 + [False]


def test_a_correct_password_does_not_count(attempt, learner, at):
    for _time in range(10):
        assert attempt()
        forgive_attempt(SignInAttempt(email=learner.email, address=HERE), at=at)


def test_a_reset_starts_again(attempt, learner, at):
    for _time in range(6):
        attempt()
    forgive_all(SignInAttempt(email=learner.email, address=HERE), at=at)
    assert attempt()


@pytest.mark.parametrize(
    ("attempts", "addresses", "seconds"), [(6, 1, 300), (52, 52, 60)], ids=["address", "account"]
)
def test_a_refused_attempt_says_how_long_to_wait(learner, at, attempts, addresses, seconds):
    waits = [
        count_attempt(SignInAttempt(learner.email, f"192.0.2.{number % addresses}"), at=at)
        for number in range(attempts)
    ]
    assert waits == [0] * (attempts - 1) + [seconds]
