"""Leases: one process at a time does a named job, and a dead one blocks it only for a while."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from outbox.models import Lease


def take_lease(*, name: str, holder: str, at: datetime, seconds: int) -> bool:
    """True where the job is ours until `at` plus `seconds`; False where somebody holds it.

    Taking one's own lease again makes it longer. Safe to be called at once on several
    servers: the database lets one conditional update, or one insert, take effect.
    """
    until = at + timedelta(seconds=seconds)
    ours_or_over = Lease.objects.filter(name=name, until__lte=at) | Lease.objects.filter(
        name=name, holder=holder
    )
    if ours_or_over.update(holder=holder, until=until):
        return True
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=until)
    except IntegrityError:
        return False
    return True


def give_back_lease(*, name: str, holder: str, at: datetime) -> None:
    """Let others do the job at once. Does nothing where the lease is not ours any more."""
    Lease.objects.filter(name=name, holder=holder).update(until=at)
