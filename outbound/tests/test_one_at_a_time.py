import threading
import time
from concurrent.futures import wait

import pytest

from outbound.one_at_a_time import OneAtATime, aside

LONG = 10.0


@pytest.fixture
def pool():
    with OneAtATime(4, patience_seconds=LONG) as pool:
        yield pool


class Step:
    """A task that tells when it has begun, and ends when it is told to."""

    def __init__(self):
        self.begun, self.ended = threading.Event(), threading.Event()

    def __call__(self):
        self.begun.set()
        assert self.ended.wait(LONG)
        return threading.get_ident()


def test_one_at_a_time_in_the_order_of_asking_and_by_one_thread(pool):
    at_work, order = [], []

    def work(number):
        at_work.append(number)
        assert len(at_work) == 1
        time.sleep(0.002)
        order.append(at_work.pop())
        return threading.get_ident()

    threads = [one.result(LONG) for one in [pool.submit(work, number) for number in range(20)]]
    assert order == list(range(20))
    assert len(set(threads)) == 1


def test_what_comes_while_nobody_works_is_begun_at_once(pool):
    for number in range(5):
        assert pool.submit(lambda number: number, number).result(LONG) == number
        time.sleep(0.01)
    assert not pool.is_waiting


def test_who_steps_aside_lets_the_next_go_on(pool):
    other, order = Step(), []

    def work():
        with aside():
            assert other.begun.wait(LONG)
            order.append("aside")
            other.ended.set()
        order.append("again")

    first, second = pool.submit(work), pool.submit(other)
    wait([first, second], LONG)
    assert order == ["aside", "again"]
    assert first.exception() is None


def test_who_comes_back_goes_before_what_is_new(pool):
    order: list[str] = []
    far, near = Step(), Step()

    def work():
        with aside():
            far()
        order.append("back")

    returning = pool.submit(work)
    assert far.begun.wait(LONG)
    computing = pool.submit(near)
    assert near.begun.wait(LONG)
    new = pool.submit(order.append, "new")
    far.ended.set()
    while not pool._returning:
        time.sleep(0.001)
    assert not order
    near.ended.set()
    wait([returning, computing, new], LONG)
    assert order == ["back", "new"]


def test_who_takes_long_loses_the_turn_and_goes_on_without():
    slow = Step()
    with OneAtATime(2, patience_seconds=0.02) as pool:
        blocked = pool.submit(slow)
        assert slow.begun.wait(LONG)
        waiting = pool.submit(lambda: "done")
        pool.look()
        assert not waiting.done()
        time.sleep(0.02)
        pool.look()
        assert waiting.result(LONG) == "done"
        assert not blocked.done()
        slow.ended.set()
        assert blocked.result(LONG) != threading.get_ident()
        # Whoever was late is one thread among others again.
        assert [pool.submit(int, 7).result(LONG) for _each in range(5)] == [7] * 5


def test_who_comes_back_does_not_wait_for_one_that_takes_long():
    slow, far = Step(), Step()

    def work():
        with aside():
            far()
        return "back"

    with OneAtATime(2, patience_seconds=0.02) as pool:
        returning = pool.submit(work)
        assert far.begun.wait(LONG)
        blocked = pool.submit(slow)
        assert slow.begun.wait(LONG)
        far.ended.set()
        assert returning.result(LONG) == "back"
        assert not blocked.done()
        slow.ended.set()


def test_no_more_threads_than_were_asked_for():
    steps = [Step() for _number in range(6)]

    def work(step):
        with aside():
            return step()

    with OneAtATime(4, patience_seconds=LONG) as pool:
        asked = [pool.submit(work, step) for step in steps]
        for step in steps[:4]:
            assert step.begun.wait(LONG)
        time.sleep(0.02)
        assert [step.begun.is_set() for step in steps] == [True] * 4 + [False] * 2
        assert pool.is_waiting
        for step in steps:
            step.ended.set()
        assert len({one.result(LONG) for one in asked}) == 4


def test_a_failure_is_told_to_who_asked_and_the_thread_goes_on(pool):
    def fail():
        with aside():
            raise ZeroDivisionError

    failed = pool.submit(fail)
    assert pool.submit(lambda: "next").result(LONG) == "next"
    with pytest.raises(ZeroDivisionError):
        failed.result(LONG)


def test_stepping_aside_twice_is_stepping_aside_once(pool):
    def work():
        with aside(), aside():
            return pool.submit(lambda: "other").result(LONG)

    assert pool.submit(work).result(LONG) == "other"


def test_in_a_thread_of_no_pool_nothing_is_stepped_aside_from():
    with aside():
        pass


def test_what_was_asked_before_the_end_is_done_and_nothing_after():
    step = Step()
    pool = OneAtATime(2, patience_seconds=LONG)
    first, second = pool.submit(step), pool.submit(lambda: "second")
    assert step.begun.wait(LONG)
    pool.shutdown(wait=False)
    with pytest.raises(RuntimeError, match="after the shutdown"):
        pool.submit(int)
    step.ended.set()
    assert second.result(LONG) == "second"
    pool.shutdown(wait=True)
    assert first.done()


def test_what_has_not_begun_can_be_cancelled_at_the_end():
    step = Step()
    pool = OneAtATime(2, patience_seconds=LONG)
    first, second = pool.submit(step), pool.submit(int)
    assert step.begun.wait(LONG)
    pool.shutdown(wait=False, cancel_futures=True)
    step.ended.set()
    assert first.result(LONG)
    assert second.cancelled()


def test_many_that_step_aside_all_end():
    def work():
        for _turn in range(50):
            with aside():
                time.sleep(0)
        return 1

    with OneAtATime(8, patience_seconds=LONG) as pool:
        assert sum(one.result(60) for one in [pool.submit(work) for _task in range(64)]) == 64
