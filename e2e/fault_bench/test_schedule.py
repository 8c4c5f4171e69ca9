"""The same seed gives the same schedule: buyers, kills, price changes, fault rates."""

from collections import Counter

import pytest

from e2e.fault_bench.schedule import (
    CLICKS,
    FOLLOW_UPS,
    KILL_TARGETS,
    PAYMENTS,
    buyer_plan,
    fault_rates,
    kills,
    price_changes,
)


def test_same_seed_gives_the_same_schedule() -> None:
    plans = [buyer_plan(7, number) for number in range(200)]
    assert plans == [buyer_plan(7, number) for number in reversed(range(200))][::-1]
    assert plans != [buyer_plan(8, number) for number in range(200)]
    assert (kills(7, 200), fault_rates(7)) == (kills(7, 200), fault_rates(7))
    assert price_changes(7, 200) == price_changes(7, 200)
    assert kills(7, 200) != kills(8, 200)


@pytest.mark.parametrize(
    ("field", "weights"), [("payment", PAYMENTS), ("follow_up", FOLLOW_UPS), ("clicks", CLICKS)]
)
def test_full_run_draws_every_name(field: str, weights: dict[str, int]) -> None:
    drawn = Counter(getattr(buyer_plan(1, number), field) for number in range(2000))
    assert set(drawn) == set(weights)


def test_no_two_buyers_buy_the_same_bank_for_the_same_learner() -> None:
    plans = [buyer_plan(1, number) for number in range(2000)]
    assert len({(plan.learner, plan.bank) for plan in plans}) == 2000


def test_short_run_kills_every_target() -> None:
    planned = kills(1, 40)
    assert {kill.target for kill in planned} == set(KILL_TARGETS)
    moments = [kill.after_buyers for kill in planned]
    assert moments == sorted(moments)
    assert all(0 < moment < 40 for moment in moments)
