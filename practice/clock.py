"""The clock of an attempt: the server's. Everything that asks for a deadline reads one column."""

import math
from datetime import datetime, timedelta

from practice.models import Attempt

# How long after the deadline an answer that was on its way is still taken.
GRACE = timedelta(seconds=10)


def allowed_seconds(limit_seconds: int, extra_time: int) -> int | None:
    """The limit with extra time in percent, rounded up to a second; None is no limit."""
    return -(-limit_seconds * extra_time // 100) if extra_time else None


def deadline_of(attempt: Attempt, *, extra_time: int) -> datetime | None:
    """When the attempt's time is up, with extra time in percent and the pauses that have ended."""
    if attempt.time_limit_seconds is None:
        return None
    seconds = allowed_seconds(attempt.time_limit_seconds, extra_time)
    if seconds is None:
        return None
    return attempt.started_at + timedelta(seconds=seconds + attempt.paused_seconds)


def seconds_left(attempt: Attempt, at: datetime) -> int | None:
    """Whole seconds until the deadline, at least 0; None without one. A paused clock stops."""
    if attempt.deadline_at is None:
        return None
    left = attempt.deadline_at - (attempt.paused_at or at)
    return max(math.ceil(left.total_seconds()), 0)
