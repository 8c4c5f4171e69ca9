from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from outbox.leases import give_back_lease, take_lease

pytestmark = pytest.mark.django_db


def take(holder, at):
    return take_lease(name="job", holder=holder, at=at, seconds=60)


def test_one_holder_at_a_time(at):
    assert take("a", at)
    assert not take("b", at + timedelta(seconds=59))


def test_holder_may_go_on(at):
    take("a", at)
    assert take("a", at + timedelta(seconds=30))
    assert not take("b", at + timedelta(seconds=80))


def test_lease_of_a_dead_process_runs_out(at):
    take("a", at)
    assert take("b", at + timedelta(seconds=60))


def test_lease_that_was_given_back_is_free_at_once(at):
    take("a", at)
    give_back_lease(name="job", holder="a", at=at)
    assert take("b", at)


def test_only_the_holder_gives_back(at):
    take("a", at)
    give_back_lease(name="job", holder="b", at=at)
    assert not take("b", at)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_and_one_gets_it(at):
    def ask(number):
        try:
            return take(str(number), at)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(ask, range(6))) == 1
