"""Rate limits count in the database, and nothing makes them forget."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from safety.models import CacheEntry, RateLimitCounter
from safety.rate_limits import (
    RateLimit,
    allow,
    clear_limit,
    delete_expired,
    give_back,
    is_used_up,
    rate_limited,
    seconds_left,
    try_again_in,
)

THREE = RateLimit("three", 3, 60)

pytestmark = pytest.mark.django_db


def answers(count, key, at):
    return [allow(THREE, key=key, at=at) for _time in range(count)]


def test_the_first_three_are_allowed(at):
    assert answers(5, "ada", at) == [True, True, True, False, False]
    assert is_used_up(THREE, key="ada", at=at)


def test_each_key_has_its_own_count(at):
    answers(3, "ada", at)
    assert answers(1, "ben", at) == [True]


def test_the_next_window_starts_again(at):
    answers(3, "ada", at)
    assert answers(1, "ada", at + timedelta(seconds=60)) == [True]


def test_what_is_given_back_does_not_count(at):
    answers(3, "ada", at)
    give_back(THREE, key="ada", at=at)
    assert answers(2, "ada", at) == [True, False]


def test_a_cleared_limit_starts_again(at):
    answers(3, "ada", at)
    clear_limit(THREE, key="ada", at=at)
    assert answers(1, "ada", at) == [True]


@pytest.mark.parametrize("before", [0, 1, 3])
def test_counting_takes_at_most_three_statements(at, before, django_assert_max_num_queries):
    answers(before, "ada", at)
    with django_assert_max_num_queries(3):
        allow(THREE, key="ada", at=at)


@pytest.mark.slow
def test_a_thousand_requests_of_others_evict_nothing(at):
    answers(3, "ada", at)
    for number in range(1000):
        allow(THREE, key=number, at=at)
    assert answers(1, "ada", at) == [False]


def test_a_thousand_cache_entries_evict_nothing():
    cache.set("limit", "kept", 3600)
    cache.set_many({f"other-{number}": "x" for number in range(1000)}, 3600)
    assert cache.get("limit") == "kept"


def test_only_what_expired_is_deleted():
    now = timezone.now()
    answers(1, "old", now - timedelta(hours=1))
    answers(1, "new", now)
    cache.set("old", "x", -10)
    cache.set("new", "x", 3600)
    delete_expired(at=now)
    assert RateLimitCounter.objects.count() == 1
    assert list(CacheEntry.objects.values_list("cache_key", flat=True)) == [":1:new"]


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_are_counted_once_each(at):
    def once(_number):
        try:
            return allow(THREE, key="ada", at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(once, range(12))) == 3


@pytest.mark.usefixtures("stopped_clock")
@pytest.mark.parametrize("address", ["192.0.2.1", "192.0.2.2"])
def test_visitors_are_counted_by_address(rf, address):
    view = rate_limited(THREE)(lambda _request: HttpResponse("seen"))

    def ask(remote_address):
        request = rf.get("/", REMOTE_ADDR=remote_address)
        request.user = AnonymousUser()
        return view(request)

    statuses = [ask("192.0.2.1").status_code for _time in range(4)]
    last = ask(address)
    assert statuses == [200, 200, 200, 429]
    assert last.status_code == (429 if address == "192.0.2.1" else 200)
    assert int(last.headers.get("Retry-After", 0)) in (
        range(1, 61) if address == "192.0.2.1" else [0]
    )


@pytest.mark.parametrize(("later", "seconds"), [(0, 60), (0.5, 60), (59, 1), (59.9, 1)])
def test_a_used_up_limit_says_how_long(at, later, seconds):
    assert seconds_left(THREE, at=at + timedelta(seconds=later)) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "Try again in 1 minute."),
        (61, "Try again in 2 minutes."),
        (3600, "Try again in 60 minutes."),
    ],
)
def test_waiting_time_is_rounded_up(seconds, words):
    assert try_again_in(seconds) == words
