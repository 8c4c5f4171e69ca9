"""The measurement of purchases, before it runs."""

from benchmarks.purchases import BUYERS, SESSIONS, WARM_UP
from safety.rate_limits import CHECKOUT


def test_no_buyer_reaches_the_rate_limit_within_one_minute():
    assert BUYERS * CHECKOUT.limit >= WARM_UP + SESSIONS
