import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from outbound.baton import Baton

LONG = 5.0


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_one_thread_at_a_time_in_the_order_of_asking(pool):
    baton, at_work, order = Baton(patience_seconds=LONG), [], []

    def work(number):
        with baton.held():
            at_work.append(number)
            assert len(at_work) == 1
            time.sleep(0.002)
            order.append(at_work.pop())

    with baton.held():
        asked = []
        for number in range(8):
            asked.append(pool.submit(work, number))
            _wait_for_waiters(baton, number + 1)
    for one in asked:
        one.result()
    assert order == list(range(8))


def test_who_steps_aside_lets_the_next_go_on_and_queues_again(pool):
    baton, order = Baton(patience_seconds=LONG), []

    def work():
        with baton.held():
            order.append("other")

    with baton.held():
        other = pool.submit(work)
        _wait_for_waiters(baton, 1)
        with baton.aside():
            other.result(LONG)
            order.append("aside")
        order.append("again")
    assert order == ["other", "aside", "again"]


def test_a_holder_that_takes_long_loses_its_turn_and_goes_on_without(pool):
    baton, entered, ended = Baton(patience_seconds=0.01), threading.Event(), threading.Event()

    def block():
        with baton.held():
            entered.set()
            assert ended.wait(LONG)

    blocked = pool.submit(block)
    assert entered.wait(LONG)
    with baton.held():
        ended.set()
        blocked.result(LONG)
        # What the first gives back is no longer its own to give.
        waiting = pool.submit(_hold_briefly, baton)
        _wait_for_waiters(baton, 1)
        assert not waiting.done()
        with baton.aside():
            waiting.result(LONG)


def test_the_turn_is_passed_on_where_the_block_fails(pool):
    baton = Baton(patience_seconds=LONG)
    with pytest.raises(ZeroDivisionError), baton.held(), baton.aside():
        raise ZeroDivisionError
    pool.submit(_hold_briefly, baton).result(LONG)


def test_stepping_aside_without_a_turn_does_nothing(pool):
    baton = Baton(patience_seconds=LONG)
    with baton.aside():
        pool.submit(_hold_briefly, baton).result(LONG)
    with baton.held():
        pass
    with baton.aside():
        pool.submit(_hold_briefly, baton).result(LONG)


def test_many_threads_that_step_aside_all_end(pool):
    baton = Baton(patience_seconds=LONG)

    def work():
        for _turn in range(50):
            with baton.held(), baton.aside():
                time.sleep(0)

    for one in [pool.submit(work) for _thread in range(8)]:
        one.result(30)


def _hold_briefly(baton):
    with baton.held():
        pass


def _wait_for_waiters(baton, count):
    ends_at = time.monotonic() + LONG
    while len(baton._waiting) < count:
        assert time.monotonic() < ends_at
        time.sleep(0.001)
