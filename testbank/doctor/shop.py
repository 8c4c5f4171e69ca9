"""The group "Shop": the database, money that waits, events and mails that were left over.

Each figure should be 0. None of it fails the examination: payment can go through all the
same, and a person decides. Works, and says so, where the database does not.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from delivery.models import OutgoingMail
from payments.models import Order, StripeEvent
from payments.orders import UNPAID
from testbank.doctor.report import Check, Status

GROUP = "Shop"
MINUTES_A_MAIL_MAY_WAIT = 15
HOURS_AN_ORDER_MAY_WAIT = 25
LEAST_FREE_MEGABYTES = 200
RECONCILE = "run `manage.py reconcile_payments`"


def shop_checks(*, at: datetime) -> list[Check]:
    """What a look into the database and at the disk tells. Never raises, calls nobody."""
    try:
        return [*_database_checks(at), _mail_server(), _disk()]
    except DatabaseError as error:
        summary = f"does not answer: {type(error).__name__}"
        return [_warn("database", "Database", summary, "run `manage.py migrate`"), _disk()]


def _database_checks(at: datetime) -> Iterator[Check]:
    missing = _migrations_to_run()
    if missing:
        summary = f"{missing} migrations are not applied"
        yield _warn("database", "Database", summary, "run `manage.py migrate`")
        return
    yield _check("database", "Database", Status.OK, f"{connection.vendor}, up to date")
    yield from _money(at)
    yield from _mails(at)


def _migrations_to_run() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _money(at: datetime) -> Iterator[Check]:
    orders = Order.objects.in_mode(settings.STRIPE_MODE)
    long_ago = at - timedelta(hours=HOURS_AN_ORDER_MAY_WAIT)
    waiting = orders.filter(status__in=UNPAID, created_at__lt=long_ago)
    held = orders.exclude(held="").filter(granted_at=None)
    events = StripeEvent.objects
    yield _count("paid_not_granted", "Paid, no access", orders.paid_but_not_granted().count())
    yield _count("held", "Held orders", held.count(), "a person must look at them")
    yield _count("unresolved", "Orders unresolved", waiting.count(), RECONCILE)
    yield _count(
        "events_left", "Events left over", events.left_over(at).count(), "run `manage.py work`"
    )
    unknown = events.filter(status=StripeEvent.Status.UNKNOWN).count()
    yield _count("events_unknown", "Events unknown", unknown, "a person must look at them")


def _mails(at: datetime) -> Iterator[Check]:
    mails = OutgoingMail.objects.filter(sent_at=None)
    late = mails.filter(
        given_up_at=None, queued_at__lt=at - timedelta(minutes=MINUTES_A_MAIL_MAY_WAIT)
    )
    yield _count("mails_late", "Mails waiting", late.count(), "run `manage.py work`")
    given_up = mails.filter(given_up_at__isnull=False).count()
    yield _count("mails_given_up", "Mails given up", given_up, "check EMAIL_HOST and its account")


def _mail_server() -> Check:
    """Sign-up depends on mail, and no HTTP proxy carries it."""
    if settings.DEMO:
        return _check("mail", "Mail", Status.OK, "shown on a page of the demo")
    if not settings.EMAIL_HOST:
        return _warn("mail", "Mail", "not set: codes are printed by the server", "EMAIL_HOST=...")
    summary = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} (not tried; no HTTP proxy carries mail)"
    return _check("mail", "Mail", Status.OK, summary)


def _disk() -> Check:
    free = shutil.disk_usage(settings.BASE_DIR).free // 1_000_000
    if free < LEAST_FREE_MEGABYTES:
        return _warn("disk", "Disk", f"{free} MB free", "make room before the database is full")
    return _check("disk", "Disk", Status.OK, f"{free} MB free")


def _count(name: str, title: str, number: int, fix: str = RECONCILE) -> Check:
    if number:
        return _warn(name, title, str(number), fix)
    return _check(name, title, Status.OK, "0")


def _warn(name: str, title: str, summary: str, fix: str) -> Check:
    return _check(name, title, Status.WARN, summary, fix=fix)


def _check(name: str, title: str, status: Status, summary: str, *, fix: str = "") -> Check:
    return Check(f"shop.{name}", GROUP, title, status, summary, fix=fix)
