"""The concurrency limit: which calls start, wait or are refused."""

import threading
from contextlib import ExitStack, contextmanager

import pytest

from outbound.transport.concurrency_limit import OVERDUE_SECONDS, BusyError, ConcurrencyLimit
from testing.waiting import wait_until

MOST = 8


class Clock:
    """Time that stands still until it is moved."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_limit(clock):
    return lambda most=MOST, wait=0.0: ConcurrencyLimit(most=most, wait_seconds=wait, clock=clock)


def answered(limit):
    with limit.slot(within_seconds=1):
        pass


def failed(limit):
    with pytest.raises(ConnectionError), limit.slot(within_seconds=1):
        raise ConnectionError


@contextmanager
def calls(limit, count):
    """Hold this many slots of the limit."""
    with ExitStack() as stack:
        for _number in range(count):
            stack.enter_context(limit.slot(within_seconds=1))
        yield


def has_room(limit):
    try:
        answered(limit)
    except BusyError:
        return False
    return True


@pytest.mark.parametrize(("before", "most"), [(None, 4), (answered, 8), (failed, 4)])
def test_limit_is_half_until_first_success(make_limit, before, most):
    limit = make_limit()
    if before:
        before(limit)
    with calls(limit, most - 1):
        with limit.slot(within_seconds=1), pytest.raises(BusyError):
            limit.slot(within_seconds=1).__enter__()
        assert has_room(limit)


def test_an_overdue_call_leaves_room_for_pages(make_limit, clock):
    limit = make_limit()
    answered(limit)
    with calls(limit, 4):
        clock.now += OVERDUE_SECONDS
        assert not has_room(limit)
    assert has_room(limit)


def test_limit_of_one_is_not_halved(make_limit):
    limit = make_limit(most=1)
    assert has_room(limit)
    with calls(limit, 1):
        assert not has_room(limit)
    failed(limit)
    assert has_room(limit)


def test_released_slot_goes_to_waiting_call(make_limit):
    limit = make_limit(most=1, wait=5.0)
    first = limit.slot(within_seconds=5)
    first.__enter__()
    second = threading.Thread(target=answered, args=[limit])
    second.start()
    wait_until(lambda: limit._waiting == 1)
    first.__exit__(None, None, None)
    second.join(timeout=5)
    assert not second.is_alive()


@pytest.mark.parametrize(("seconds", "room"), [(0.0, 4), (OVERDUE_SECONDS, 2)])
def test_full_queue_refuses_next_call(make_limit, clock, seconds, room):
    limit = make_limit(wait=5.0)
    with calls(limit, 4):
        clock.now += seconds
        waiting = [threading.Thread(target=answered, args=[limit]) for _number in range(room)]
        for thread in waiting:
            thread.start()
        wait_until(lambda: limit._waiting == room)
        with pytest.raises(BusyError):
            limit.slot(within_seconds=5).__enter__()
    for thread in waiting:
        thread.join(timeout=5)


def test_wait_ends_with_deadline_of_call(make_limit):
    limit = make_limit(most=1, wait=60.0)
    with calls(limit, 1), pytest.raises(BusyError, match=r"within 0\.01 seconds"):
        limit.slot(within_seconds=0.01).__enter__()
