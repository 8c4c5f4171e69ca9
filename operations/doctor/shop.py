"""The group "Shop": the database, and counts of orders, events and mails that need attention.

Each count should be 0. None fails the report: payment still works. A database that does not
respond is a warning too. Only a worker that stopped fails it, since no mail is sent.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max

from catalog.models import LegalPage, TestBank
from catalog.price_rules import price_problem
from operations.alarms.faults import MAX_WORKER_SILENCE, full_disks
from operations.doctor.report import Check, Status, format_duration
from operations.jobs import RECONCILE_EVERY_SECONDS
from operations.models import JobRun
from outbound.diagnosis.causes import SET_THE_CLOCK
from outbox.models import BouncedAddress, OutgoingMail
from payments.flows.reconciliation import last_finished_at
from payments.models import StripeEvent
from payments.monitoring.health_counters import failures, health_counters
from payments.monitoring.refused_webhooks import refused_webhooks
from payments.stripe.errors import Refusal
from safety.models import SecurityEvent

GROUP = "Shop"
MAX_MAIL_DELAY_MINUTES = 15
MAX_WORKER_SILENCE_MINUTES = 3
BANKS_NAMED = 5
FAILURES_SHOWN_FOR = timedelta(days=1)
BOUNCES_SHOWN_FOR = timedelta(days=30)
SIGN_INS_COMPARED = 50
PEOPLE_BEHIND_ONE_ADDRESS = 5
RECONCILE = "run `manage.py reconcile_payments`"
REFUSAL_FIXES: dict[str, str] = {
    Refusal.SIGNATURE: "compare STRIPE_WEBHOOK_SECRET with the signing secret of your endpoint",
    Refusal.TOO_OLD: SET_THE_CLOCK,
    Refusal.FROM_THE_FUTURE: SET_THE_CLOCK,
}
REVIEW = "review them manually"


def shop_checks(*, at: datetime) -> list[Check]:
    """Check the database and the disk. Never raises; makes no call to Stripe."""
    try:
        return [*_database_checks(at), _disk()]
    except DatabaseError as error:
        summary = f"does not respond: {type(error).__name__}"
        fix = "check DATABASE_URL, and whether the database is running"
        return [_warn("database", "Database", summary, fix), _disk()]


def _database_checks(at: datetime) -> Iterator[Check]:
    missing = _migrations_to_run()
    if missing:
        summary = f"unapplied migrations: {missing}"
        yield _warn("database", "Database", summary, "run `manage.py migrate`")
        return
    yield _check("database", "Database", Status.OK, f"{connection.vendor}, up to date")
    yield from _money(at)
    yield from _failures(at)
    yield from _prices()
    yield from _contact()
    yield from _mails(at)
    yield _visitors()
    yield from _work(at)


def _migrations_to_run() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _money(at: datetime) -> Iterator[Check]:
    found = health_counters(mode=settings.STRIPE_MODE, at=at)
    left = found.events_unprocessed + found.events_failed
    yield _count("paid_not_granted", "Paid, no access", found.paid_not_granted)
    yield _count("granted_not_paid", "Access, not paid", found.granted_not_paid, REVIEW)
    yield _count("held", "Orders on hold", found.orders_held, REVIEW)
    yield _count("paid_twice", "Paid twice", found.orders_paid_twice, "refund the second payment")
    yield _count("unresolved", "Unresolved orders", found.orders_unanswered, RECONCILE)
    yield _count("refunds_unanswered", "Pending refunds", found.refunds_unanswered, RECONCILE)
    yield _count("events_left", "Unprocessed events", left, "run `manage.py work`")
    yield _count("events_unknown", "Unknown events", found.events_unknown, REVIEW)


def _failures(at: datetime) -> Iterator[Check]:
    """Yield what failed within a day, and who is told."""
    found = failures(mode=settings.STRIPE_MODE, since=at - FAILURES_SHOWN_FOR)
    how = "run `manage.py incident CODE` for each code listed under Incidents in the back office"
    yield _count("failed_purchases", "Failed purchases, 24 h", found.failed_purchases, how)
    yield _count("incidents", "Incidents, 24 h", found.incidents, how)
    if found.payment_down:
        yield _warn("payment", "Payment", "down", "see Path and Other routes")
    else:
        yield _check("payment", "Payment", Status.OK, "no known outage")
    if settings.ADMINS:
        told = f"addresses notified of faults: {len(settings.ADMINS)}"
        yield _check("admins", "ADMINS", Status.OK, told)
    else:
        yield _check("admins", "ADMINS", Status.SKIP, "not set: nobody is notified of faults")
    foreign = f"{found.events_foreign} from other programs"
    yield _check("events_foreign", "Foreign events", Status.OK, foreign)


def _contact() -> Iterator[Check]:
    """Say which of the seller's details buyers cannot find."""
    names = ("SUPPORT_EMAIL", "SELLER_NAME", "SELLER_ADDRESS", "SELLER_TAX_ID")
    missing = [name for name in names if not getattr(settings, name)]
    written = set(LegalPage.objects.values_list("kind", flat=True))
    missing += [
        f"the {'legal notice' if kind == LegalPage.Kind.IMPRINT else kind} page"
        for kind in LegalPage.Kind.values
        if kind not in written
    ]
    if missing:
        yield _check("contact", "Contact", Status.SKIP, f"missing: {', '.join(missing)}")
    else:
        yield _check(
            "contact", "Contact", Status.OK, "support email, seller, and legal pages are set"
        )


def _prices() -> Iterator[Check]:
    """Name the banks on sale whose price Stripe refuses; nobody can buy them."""
    on_sale = TestBank.objects.filter(status=TestBank.Status.PUBLISHED, price_minor__gt=0)
    prices = on_sale.values_list("slug", "price_minor", "currency").order_by("slug")
    refused = [
        f"{slug} ({problem})"
        for slug, amount, currency in prices.iterator()
        if (problem := price_problem(amount, currency))
    ]
    if not refused:
        yield _check("prices", "Prices", Status.OK, "all accepted by Stripe")
        return
    named = ", ".join(refused[:BANKS_NAMED])
    more = f" and {len(refused) - BANKS_NAMED} more" if len(refused) > BANKS_NAMED else ""
    yield _warn("prices", "Prices", f"cannot be sold: {named}{more}", "correct these prices")


def _mails(at: datetime) -> Iterator[Check]:
    mails = OutgoingMail.objects.filter(sent_at=None)
    late = mails.filter(
        given_up_at=None, queued_at__lt=at - timedelta(minutes=MAX_MAIL_DELAY_MINUTES)
    )
    yield _count("mails_late", "Emails waiting", late.count(), "run `manage.py work`")
    given_up = mails.filter(given_up_at__isnull=False).count()
    bounced = BouncedAddress.objects.filter(at__gte=at - BOUNCES_SHOWN_FOR).count()
    yield _count("bounced", "Bounced, 30 days", bounced, "list them: `manage.py bounces`")
    yield _count("mails_given_up", "Failed emails", given_up, "check the email settings in .env")


def _visitors() -> Check:
    """Warn if everybody seems to come from one address: then a limit for one is one for all."""
    sign_ins = SecurityEvent.objects.filter(kind__startswith="sign-in", address__isnull=False)
    recent = sign_ins.order_by("-pk").values_list("address", "user_id")[:SIGN_INS_COMPARED]
    addresses = {address for address, _user in recent}
    people = {user for _address, user in recent}
    if len(addresses) != 1 or len(people) < PEOPLE_BEHIND_ONE_ADDRESS:
        return _check("visitors", "Visitors", Status.OK, f"IP addresses seen: {len(addresses)}")
    summary = f"{len(people)} people, all from {addresses.pop()}"
    fix = "add the reverse proxy in front of the site to TRUSTED_PROXIES"
    return _warn("visitors", "Visitors", summary, fix)


def _work(at: datetime) -> Iterator[Check]:
    """Yield when events, reconciliation and the worker were last active."""
    runs = dict(JobRun.objects.values_list("name", "at"))
    yield _last_event(at)
    yield _refused_webhooks(at)
    last_run = last_finished_at(mode=settings.STRIPE_MODE, account=settings.STRIPE_ACCOUNT)
    yield _last_reconciliation(last_run, at)
    if runs or settings.WORKER:
        yield _worker(max(runs.values(), default=None), at)


def _last_event(at: datetime) -> Check:
    of_mode = StripeEvent.objects.in_mode(settings.STRIPE_MODE)
    last = of_mode.aggregate(last=Max("received_at"))["last"]
    summary = f"{format_duration(at - last)} ago" if last else "none yet"
    return _check("last_event", "Last event", Status.OK if last else Status.SKIP, summary)


def _refused_webhooks(at: datetime) -> Check:
    """Warn of webhooks that were refused within a day, and say what to look at."""
    found = refused_webhooks()
    if found.last_at is None:
        return _check("webhooks_refused", "Refused webhooks", Status.OK, "none")
    summary = f"{found.total}, last {format_duration(at - found.last_at)} ago: {found.last_reason}"
    if at - found.last_at > FAILURES_SHOWN_FOR:
        return _check("webhooks_refused", "Refused webhooks", Status.OK, summary)
    fix = REFUSAL_FIXES.get(found.last_reason, "check the web server's log")
    return _warn("webhooks_refused", "Refused webhooks", summary, fix)


def _last_reconciliation(last: datetime | None, at: datetime) -> Check:
    title = "Reconciled"
    if last is None:
        if not settings.WORKER:
            return _check("reconciled", title, Status.SKIP, "never")
        return _warn("reconciled", title, "never, although WORKER=1", "run `manage.py work`")
    summary = f"{format_duration(at - last)} ago"
    if settings.WORKER and at - last > timedelta(seconds=3 * RECONCILE_EVERY_SECONDS):
        return _warn("reconciled", title, summary, "check the worker's log")
    return _check("reconciled", title, Status.OK, summary)


def _worker(last: datetime | None, at: datetime) -> Check:
    if last is None:
        return _warn(
            "worker", "Worker", "WORKER=1, but no worker has ever run", "run `manage.py work`"
        )
    summary = f"last run {format_duration(at - last)} ago"
    if settings.WORKER and at - last > MAX_WORKER_SILENCE:
        fix = "start `manage.py work` again"
        return _check(
            "worker", "Worker", Status.FAIL, f"{summary}: the worker has stopped", fix=fix
        )
    if settings.WORKER and at - last > timedelta(minutes=MAX_WORKER_SILENCE_MINUTES):
        return _warn("worker", "Worker", summary, "start `manage.py work` again")
    return _check("worker", "Worker", Status.OK if settings.WORKER else Status.SKIP, summary)


def _disk() -> Check:
    """Warn when the alarm does."""
    for fault in full_disks():
        return _warn("disk", "Disk", fault.message, fault.advice)
    free = shutil.disk_usage(settings.BASE_DIR).free / 1_000_000_000
    return _check("disk", "Disk", Status.OK, f"{free:.1f} GB free")


def _count(name: str, title: str, number: int, fix: str = RECONCILE) -> Check:
    if number:
        return _warn(name, title, str(number), fix)
    return _check(name, title, Status.OK, "0")


def _warn(name: str, title: str, summary: str, fix: str) -> Check:
    return _check(name, title, Status.WARN, summary, fix=fix)


def _check(name: str, title: str, status: Status, summary: str, *, fix: str = "") -> Check:
    return Check(f"shop.{name}", GROUP, title, status, summary, fix=fix)
