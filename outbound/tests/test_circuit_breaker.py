import pytest

from outbound.circuit_breaker import CircuitBreaker
from outbound.diagnosis import Acted, Diagnosis
from outbound.transport.trace import Stage

DOWN = Diagnosis(
    id="NET-REFUSED",
    stage=Stage.CONNECT,
    operator="nobody listens",
    fix="",
    acted=Acted.NO,
    retry_safe=True,
    retry_useful=True,
)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return CircuitBreaker(failures=3, open_seconds=15, clock=clock)


def fail(breaker, times):
    for _time in range(times):
        breaker.note_failure(DOWN)


def test_two_failures_are_not_enough(breaker):
    fail(breaker, 2)
    assert (breaker.is_open, breaker.refusal()) == (False, None)


def test_third_failure_in_a_row_makes_calls_rest(breaker):
    fail(breaker, 3)
    assert (breaker.is_open, breaker.refusal()) == (True, DOWN)


def test_success_between_them_begins_the_count_anew(breaker):
    fail(breaker, 2)
    breaker.note_success()
    fail(breaker, 2)
    assert breaker.refusal() is None


def test_half_open_breaker_allows_one_call(breaker, clock):
    fail(breaker, 3)
    clock.now += 15
    assert [breaker.refusal() for _caller in range(3)] == [None, DOWN, DOWN]
    assert breaker.is_open


def test_half_open_breaker_closes_after_success(breaker, clock):
    fail(breaker, 3)
    clock.now += 15
    breaker.refusal()
    breaker.note_success()
    assert (breaker.is_open, breaker.refusal()) == (False, None)


def test_half_open_breaker_reopens_after_failure(breaker, clock):
    fail(breaker, 3)
    clock.now += 15
    breaker.refusal()
    breaker.note_failure(DOWN)
    clock.now += 14
    assert breaker.refusal() == DOWN
