"""Rate limits, per user and action, for requests that cost a call to Stripe or a mail."""

from time import time

from django.core.cache import cache


def allow(*, action: str, key: object, limit: int, period_seconds: int) -> bool:
    """Count this request, and return True for the first `limit` of them in a fixed window.

    If the cache evicts a counter, counting starts again: the limit is a courtesy, not a lock.
    """
    counter = f"limit-{action}-{key}-{int(time()) // period_seconds}"
    cache.add(counter, 0, timeout=2 * period_seconds)
    try:
        return int(cache.incr(counter)) <= limit
    except ValueError:
        return True
