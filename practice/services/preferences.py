"""What a learner set for all their sessions: extra time, pauses in exams, and their time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.db import transaction

from accounts.models import User
from practice.clock import deadline_of
from practice.models import Attempt, Preferences


@dataclass(frozen=True)
class Wishes:
    """What is saved as `Preferences`."""

    extra_time: int
    pauses_exams: bool
    time_zone: str


def preferences_of(learner: User) -> Preferences:
    """Return the learner's preferences, or unsaved ones with the defaults. One statement."""
    stored = Preferences.objects.filter(learner=learner).first()
    return stored or Preferences(learner=learner)


@transaction.atomic
def save_preferences(*, learner: User, wishes: Wishes, at: datetime) -> None:
    """Save preferences, and apply them to every running attempt at once. Idempotent.

    An attempt that can be paused stays so: its learner may have asked for that at its start.
    """
    Preferences.objects.update_or_create(
        learner=learner,
        defaults={
            "extra_time": wishes.extra_time,
            "pauses_exams": wishes.pauses_exams,
            "time_zone": wishes.time_zone,
        },
    )
    running = Attempt.objects.unfinished().filter(learner=learner, time_limit_seconds__isnull=False)
    for attempt in running.select_for_update():
        if attempt.is_overdue(at):
            continue
        attempt.deadline_at = deadline_of(attempt, extra_time=wishes.extra_time)
        attempt.can_pause = attempt.can_pause or wishes.pauses_exams
        attempt.save(update_fields=["deadline_at", "can_pause"])


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """The names of all time zones, in order."""
    return tuple(sorted(available_timezones()))


def zone_of(preferences: Preferences) -> tzinfo:
    """The learner's time zone; the site's until they choose one."""
    try:
        return ZoneInfo(preferences.time_zone or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
