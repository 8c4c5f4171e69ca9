"""The same seed is the same schedule, of buyers, kills and weather."""

from collections import Counter

from e2e.fault_bench.schedule import (
    AFTERWARDS,
    CLICKS,
    TARGETS,
    WAYS,
    climate,
    kills,
    plan,
)


def test_same_seed_is_the_same_schedule() -> None:
    plans = [plan(7, number) for number in range(200)]
    assert plans == [plan(7, number) for number in reversed(range(200))][::-1]
    assert plans != [plan(8, number) for number in range(200)]
    assert (kills(7, 200), climate(7)) == (kills(7, 200), climate(7))
    assert kills(7, 200) != kills(8, 200)


def test_everything_happens_in_a_whole_run() -> None:
    plans = [plan(1, number) for number in range(2000)]
    for names, drawn in (
        (WAYS, Counter(each.way for each in plans)),
        (AFTERWARDS, Counter(each.afterwards for each in plans)),
        (CLICKS, Counter(each.clicks for each in plans)),
    ):
        assert set(drawn) == set(names)


def test_no_two_buyers_want_the_same_for_the_same_person() -> None:
    plans = [plan(1, number) for number in range(2000)]
    assert len({(each.learner, each.bank) for each in plans}) == 2000


def test_each_target_is_killed_even_in_a_short_run() -> None:
    struck = kills(1, 40)
    assert {kill.target for kill in struck} == set(TARGETS)
    moments = [kill.after_buyers for kill in struck]
    assert moments == sorted(moments)
    assert all(0 < moment < 40 for moment in moments)
