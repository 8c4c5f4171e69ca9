"""Rate limits: who may do what how often. All limits of the site stand in this module.

Each limit counts in fixed windows, in the database, so that all processes share it and nothing
is evicted. Allauth counts the other account pages in the cache (`ACCOUNT_RATE_LIMITS`).
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import ngettext

from safety.models import CacheEntry, RateLimitCounter

Parameters = ParamSpec("Parameters")

HOUR = 3600


@dataclass(frozen=True)
class RateLimit:
    """At most `limit` requests in each window of `period_seconds`."""

    action: str
    limit: int
    period_seconds: int


# Requests that cost a call to Stripe
CHECKOUT = RateLimit("checkout", 12, 60)
PAYMENT_PAGE = RateLimit("payment-page", 20, 60)
PAYMENT_CHECK = RateLimit("payment-check", 6, 60)
# Requests that cost a mail
RECEIPT = RateLimit("receipt", 3, HOUR)
REMINDER = RateLimit("reminder", 5, HOUR)
# Requests that add a row
REVIEW = RateLimit("review", 20, HOUR)
QUESTION_REPORT = RateLimit("question-report", 20, HOUR)
PRACTICE_START = RateLimit("practice-start", 60, HOUR)
# Failed sign-ins, which cost a password hash
SIGN_IN_BY_ADDRESS = RateLimit("sign-in-address", 5, 300)
SIGN_IN_BY_BROWSER = RateLimit("sign-in-browser", 10, 300)
SIGN_IN_BY_ACCOUNT = RateLimit("sign-in-account", 50, HOUR)
SIGN_IN_SLOWED = RateLimit("sign-in-slowed", 1, 60)
# Guesses of one code in a mail; the next code has its own count
CONFIRMATION_CODE = RateLimit("confirmation-code", 3, HOUR)


def allow(limit: RateLimit, *, key: object, at: datetime) -> bool:
    """Count a request, and return False if the window's limit is used up.

    Safe from several processes at once: a conditional UPDATE counts. At most three statements.
    """
    counters = RateLimitCounter.objects.filter(key=_counter_key(limit, key, at))
    if counters.filter(count__lt=limit.limit).update(count=F("count") + 1):
        return True
    counter = RateLimitCounter(key=_counter_key(limit, key, at), expires_at=_window_end(limit, at))
    RateLimitCounter.objects.bulk_create([counter], ignore_conflicts=True)
    return bool(counters.filter(count__lt=limit.limit).update(count=F("count") + 1))


def is_used_up(limit: RateLimit, *, key: object, at: datetime) -> bool:
    """Return True if `allow` would refuse a request now. Counts nothing."""
    counters = RateLimitCounter.objects.filter(key=_counter_key(limit, key, at))
    return counters.filter(count__gte=limit.limit).exists()


def give_back(limit: RateLimit, *, key: object, at: datetime) -> None:
    """Take one request back that should not have counted, such as a correct password."""
    counters = RateLimitCounter.objects.filter(key=_counter_key(limit, key, at), count__gt=0)
    counters.update(count=F("count") - 1)


def clear_limit(limit: RateLimit, *, key: object, at: datetime) -> None:
    """Start the current window again."""
    RateLimitCounter.objects.filter(key=_counter_key(limit, key, at)).delete()


def rate_limited(
    limit: RateLimit,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Parameters], HttpResponse]],
    Callable[Concatenate[HttpRequest, Parameters], HttpResponse],
]:
    """Decorate a view: beyond the limit it answers 429 with `Retry-After`.

    Counts by person; visitors without an account by address.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, Parameters], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, Parameters], HttpResponse]:
        @wraps(view)
        def limited(
            request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs
        ) -> HttpResponse:
            now = timezone.now()
            if allow(limit, key=person_of(request), at=now):
                return view(request, *args, **kwargs)
            return too_many_requests(request, seconds=seconds_left(limit, at=now))

        return limited

    return decorate


def person_of(request: HttpRequest) -> str:
    """Return whom a limit counts: the account, or the address of a visitor without one."""
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"address:{request.META['REMOTE_ADDR']}"


def too_many_requests(request: HttpRequest, *, seconds: int) -> HttpResponse:
    """The page for a limit that is used up for so many seconds."""
    response = render(request, "429.html", {"wait": try_again_in(seconds)}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def account_limit_reached(request: HttpRequest) -> HttpResponse:
    """The page for a used-up limit of allauth, none of which lasts longer than a minute.

    It is the `handler429` of the URLconf.
    """
    return too_many_requests(request, seconds=60)


def seconds_left(limit: RateLimit, *, at: datetime) -> int:
    """Return how long a limit that is used up stays so: at least a second."""
    return math.ceil((_window_end(limit, at) - at).total_seconds())


def whole_minutes(seconds: int) -> int:
    """Return a waiting time as people read it, rounded up."""
    return math.ceil(seconds / 60)


def try_again_in(seconds: int) -> str:
    """Return the sentence that says when a limit ends."""
    minutes = whole_minutes(seconds)
    words = ngettext(
        "Try again in %(minutes)d minute.", "Try again in %(minutes)d minutes.", minutes
    )
    return words % {"minutes": minutes}


def delete_expired(*, at: datetime) -> int:
    """Delete counters and cache entries that have expired, and return how many."""
    counters, _by_model = RateLimitCounter.objects.expired(at).delete()
    entries, _by_model = CacheEntry.objects.filter(expires__lt=at).delete()
    return counters + entries


def _window(limit: RateLimit, at: datetime) -> int:
    return int(at.timestamp()) // limit.period_seconds


def _window_end(limit: RateLimit, at: datetime) -> datetime:
    start = datetime.fromtimestamp(_window(limit, at) * limit.period_seconds, tz=UTC)
    return start + timedelta(seconds=limit.period_seconds)


def _counter_key(limit: RateLimit, key: object, at: datetime) -> str:
    """Hash the key: it may be an address or an email, and as long as a client likes."""
    digest = hashlib.sha256(str(key).encode()).hexdigest()[:40]
    return f"{limit.action}:{digest}:{_window(limit, at)}"
