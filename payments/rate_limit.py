"""How often one person may ask for what costs a call or a mail."""

from time import time

from django.core.cache import cache


def may(*, what: str, who: object, most: int, seconds: int) -> bool:
    """True for the first `most` times in a span of so many seconds. Counts this one.

    A count that the cache has lost is begun anew: this is a courtesy, not a lock.
    """
    key = f"limit-{what}-{who}-{int(time()) // seconds}"
    cache.add(key, 0, timeout=2 * seconds)
    try:
        return int(cache.incr(key)) <= most
    except ValueError:
        return True
