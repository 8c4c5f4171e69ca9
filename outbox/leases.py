"""Leases: one process at a time does a named job, and a dead one blocks it only for a while."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from outbox.models import Lease, is_over


def acquire_lease(*, name: str, holder: str, at: datetime, seconds: int) -> bool:
    """Acquire the lease of a job for so many seconds; False if another holder has it.

    Extends a lease that `holder` has already. Safe from several processes at once: only one
    conditional update, or one insert, takes effect. A lease from before the clock was set
    back is free.
    """
    until = at + timedelta(seconds=seconds)
    available = is_over("until", at) | Q(holder=holder)
    if Lease.objects.filter(available, name=name).update(holder=holder, until=until):
        return True
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=until)
    except IntegrityError:
        return False
    return True


def release_lease(*, name: str, holder: str, at: datetime) -> None:
    """End a lease before its time. Does nothing if `holder` no longer has it."""
    Lease.objects.filter(name=name, holder=holder).update(until=at)
