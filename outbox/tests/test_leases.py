from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from outbox.leases import acquire_lease, release_lease

pytestmark = pytest.mark.django_db


def acquire(holder, at):
    return acquire_lease(name="job", holder=holder, at=at, seconds=60)


def test_lease_has_one_holder(at):
    assert acquire("a", at)
    assert not acquire("b", at + timedelta(seconds=59))


def test_holder_can_extend_its_lease(at):
    acquire("a", at)
    assert acquire("a", at + timedelta(seconds=30))
    assert not acquire("b", at + timedelta(seconds=80))


def test_lease_of_a_dead_process_expires(at):
    acquire("a", at)
    assert acquire("b", at + timedelta(seconds=60))


def test_lease_from_before_the_clock_was_set_back_is_free(at):
    acquire("a", at + timedelta(days=1))
    assert acquire("b", at)


def test_process_that_took_the_time_earlier_steals_no_lease(at):
    acquire("a", at + timedelta(minutes=50))
    assert not acquire("b", at)


def test_released_lease_is_free_at_once(at):
    acquire("a", at)
    release_lease(name="job", holder="a", at=at)
    assert acquire("b", at)


def test_only_holder_releases_lease(at):
    acquire("a", at)
    release_lease(name="job", holder="b", at=at)
    assert not acquire("b", at)


@pytest.mark.django_db(transaction=True)
def test_concurrent_acquire_has_one_winner(at):
    def ask(number):
        try:
            return acquire(str(number), at)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(ask, range(6))) == 1
