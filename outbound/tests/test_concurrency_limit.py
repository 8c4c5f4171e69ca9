"""Who may call, and who is told at once that it is busy."""

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
def make_turns(clock):
    return lambda most=MOST, wait=0.0: ConcurrencyLimit(most=most, wait_seconds=wait, clock=clock)


def answered(turns):
    with turns.turn(within_seconds=1):
        pass


def failed(turns):
    with pytest.raises(ConnectionError), turns.turn(within_seconds=1):
        raise ConnectionError


@contextmanager
def calls(turns, count):
    """So many calls under way."""
    with ExitStack() as stack:
        for _number in range(count):
            stack.enter_context(turns.turn(within_seconds=1))
        yield


def has_room(turns):
    try:
        answered(turns)
    except BusyError:
        return False
    return True


@pytest.mark.parametrize(("before", "most"), [(None, 4), (answered, 8), (failed, 4)])
def test_half_of_the_calls_until_one_was_answered(make_turns, before, most):
    turns = make_turns()
    if before:
        before(turns)
    with calls(turns, most - 1):
        with turns.turn(within_seconds=1), pytest.raises(BusyError):
            turns.turn(within_seconds=1).__enter__()
        assert has_room(turns)


def test_an_overdue_call_leaves_room_for_pages(make_turns, clock):
    turns = make_turns()
    answered(turns)
    with calls(turns, 4):
        clock.now += OVERDUE_SECONDS
        assert not has_room(turns)
    assert has_room(turns)


def test_one_call_may_always_be_under_way(make_turns):
    turns = make_turns(most=1)
    assert has_room(turns)
    with calls(turns, 1):
        assert not has_room(turns)
    failed(turns)
    assert has_room(turns)


def test_a_turn_goes_to_one_who_waits(make_turns):
    turns = make_turns(most=1, wait=5.0)
    first = turns.turn(within_seconds=5)
    first.__enter__()
    second = threading.Thread(target=answered, args=[turns])
    second.start()
    wait_until(lambda: turns._waiting == 1)
    first.__exit__(None, None, None)
    second.join(timeout=5)
    assert not second.is_alive()


@pytest.mark.parametrize(("seconds", "room"), [(0.0, 4), (OVERDUE_SECONDS, 2)])
def test_where_enough_wait_the_next_is_told_at_once(make_turns, clock, seconds, room):
    turns = make_turns(wait=5.0)
    with calls(turns, 4):
        clock.now += seconds
        waiting = [threading.Thread(target=answered, args=[turns]) for _number in range(room)]
        for thread in waiting:
            thread.start()
        wait_until(lambda: turns._waiting == room)
        with pytest.raises(BusyError):
            turns.turn(within_seconds=5).__enter__()
    for thread in waiting:
        thread.join(timeout=5)


def test_nobody_waits_longer_than_their_own_time(make_turns):
    turns = make_turns(most=1, wait=60.0)
    with calls(turns, 1), pytest.raises(BusyError, match=r"within 0\.01 seconds"):
        turns.turn(within_seconds=0.01).__enter__()
