from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import User
from operations.doctor.report import Status
from operations.doctor.shop import shop_checks
from operations.jobs import record_run
from outbox.models import OutgoingMail
from payments.models import EventCursor, Incident, Order, Outage, StripeEvent
from payments.monitoring.refused_webhooks import record_refusal
from payments.tests.conftest import order  # noqa: F401 - a fixture
from safety.security_log import record_event
from testing.site import Site

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def warnings(at):
    return {
        check.id: (check.summary, check.fix)
        for check in shop_checks(at=at)
        if check.status is Status.WARN
    }


def test_healthy_shop_has_no_warnings(order, at):  # noqa: F811
    assert warnings(at) == {}


def test_every_count_above_0_is_a_warning(order, at):  # noqa: F811
    Order.objects.update(status="paid", paid_at=at)
    StripeEvent.objects.create(
        event_id="evt_1",
        kind="x",
        livemode=False,
        mode="sandbox",
        body="{}",
        status="failed",
        received_at=at,
    )
    StripeEvent.objects.create(
        event_id="evt_2",
        kind="x",
        livemode=False,
        mode="sandbox",
        body="{}",
        status="unknown",
        received_at=at,
    )
    OutgoingMail.objects.create(
        key="k", recipient="a@example.org", template="t", queued_at=at, due_at=at
    )
    later = at + timedelta(hours=1)
    assert {name: summary for name, (summary, _fix) in warnings(later).items()} == {
        "shop.paid_not_granted": "1",
        "shop.events_left": "1",
        "shop.events_unknown": "1",
        "shop.mails_late": "1",
    }


def test_banks_at_a_price_that_stripe_refuses_are_named(order, make_bank, at):  # noqa: F811
    make_bank("cheap", price_minor=49)
    make_bank("draft", price_minor=49, status="draft")
    make_bank("dinar", price_minor=1999, currency="KWD")
    assert warnings(at)["shop.prices"] == (
        "cannot be sold: cheap (Stripe's minimum is $0.50.), "
        "dinar (The third decimal digit of a price in KWD must be 0.)",
        "correct these prices",
    )


def test_unresolved_order_of_a_day_is_a_warning(order, at):  # noqa: F811
    late = warnings(at + timedelta(hours=26))
    assert late == {"shop.unresolved": ("1", "run `manage.py reconcile_payments`")}


def test_orders_of_other_mode_are_not_counted(order, at):  # noqa: F811
    Order.objects.update(mode="live", status="paid", paid_at=at)
    assert warnings(at) == {}


def summaries(at):
    return {check.id: check.summary for check in shop_checks(at=at)}


def test_worker_that_never_ran_is_a_warning(order, settings, at):  # noqa: F811
    assert summaries(at)["shop.reconciled"] == "never"
    settings.WORKER = True
    assert warnings(at) == {
        "shop.reconciled": ("never, although WORKER=1", "run `manage.py work`"),
        "shop.worker": ("WORKER=1, but no worker has ever run", "run `manage.py work`"),
    }


def test_worker_age_is_that_of_last_job(order, settings, at):  # noqa: F811
    settings.WORKER = True
    record_run("mails", at=at)
    EventCursor.objects.create(mode="sandbox", finished_at=at)
    assert warnings(at + timedelta(seconds=90)) == {}
    late = warnings(at + timedelta(hours=5))
    assert late == {
        "shop.reconciled": ("5 h ago", "check the worker's log"),
    }
    (stopped,) = [
        check for check in shop_checks(at=at + timedelta(hours=5)) if check.id == "shop.worker"
    ]
    assert (stopped.status, stopped.summary) == (
        Status.FAIL,
        "last run 5 h ago: the worker has stopped",
    )


def test_reconciliation_by_command_counts(order, at):  # noqa: F811
    cursor = {"account": "", "event_id": "evt_1", "event_at": at}
    EventCursor.objects.create(mode="sandbox", finished_at=at, **cursor)
    EventCursor.objects.create(mode="live", finished_at=at + timedelta(hours=9), **cursor)
    assert summaries(at + timedelta(hours=10))["shop.reconciled"] == "10 h ago"


def test_failures_of_a_day_are_warnings(order, settings, at):  # noqa: F811
    incident = {"cause": "NET-REFUSED", "report": "", "order": order}
    subject = "purchase of bank=git"
    Incident.objects.create(code="A", subject=subject, at=at, **incident)
    Incident.objects.create(code="B", subject=subject, at=at - timedelta(days=2), **incident)
    Outage.objects.create(mode="sandbox", cause="NET-REFUSED", began_at=at)
    how = "run `manage.py incident CODE` for each code listed under Incidents in the back office"
    assert warnings(at) == {
        "shop.failed_purchases": ("1", how),
        "shop.incidents": ("1", how),
        "shop.payment": ("down", "see Path and Other routes"),
    }
    settings.ADMINS = [("ops", "ops@example.org")]
    assert summaries(at)["shop.admins"] == "addresses notified of faults: 1"


def test_missing_contact_is_named(order, settings, at):  # noqa: F811
    settings.SUPPORT_EMAIL = "help@example.org"
    assert summaries(at)["shop.contact"] == (
        "missing: SELLER_NAME, SELLER_ADDRESS, SELLER_TAX_ID, the legal notice page, the terms page, "
        "the privacy page, the refunds page"
    )


def test_a_cursor_without_a_whole_run_is_no_reconciliation(order, at):  # noqa: F811
    EventCursor.objects.create(mode="sandbox", event_id="evt_1", event_at=at)
    EventCursor.objects.create(mode="sandbox", account="acct_former", finished_at=at)
    assert summaries(at)["shop.reconciled"] == "never"


def test_last_event_of_this_mode_only(order, at):  # noqa: F811
    for number, mode in enumerate(("sandbox", "live")):
        StripeEvent.objects.create(
            event_id=f"evt_{number}", kind="x", mode=mode, livemode=mode == "live", body="{}", status="done",
            received_at=at + timedelta(hours=number),
        )  # fmt: skip
    assert summaries(at + timedelta(hours=3))["shop.last_event"] == "3 h ago"


@pytest.mark.django_db(transaction=True)
def test_database_without_tables_is_a_warning(order, at):  # noqa: F811
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_order RENAME TO payments_order_away")
    try:
        assert list(warnings(at)) == ["shop.database"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE payments_order_away RENAME TO payments_order")


@pytest.mark.proof
def test_missing_migrations_are_counted(tmp_path: Path):
    site = Site(folder=tmp_path)
    site.write_env(
        STRIPE_PUBLIC_KEY="pk_sandbox_tests",
        STRIPE_SECRET_KEY="sk_sandbox_tests",
        STRIPE_API_BASE="http://127.0.0.1:9",
        DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}",
        SECRET_KEY="only-for-tests",
    )
    output = site.manage("doctor", "--offline", "--no-color")
    assert "unapplied migrations: " in output.stdout
    assert "run `manage.py migrate`" in output.stdout
    assert site.manage("doctor", "--offline").returncode == 0
    assert site.manage("doctor", "--offline", "--fail-on", "warning").returncode == 1


def test_everybody_from_one_address_is_a_warning(order, at):  # noqa: F811
    for number in range(6):
        person = User.objects.create_user(f"{number}@example.org")
        record_event(kind="sign-in", user_id=person.pk, address="172.17.0.1", at=at)
    assert warnings(at) == {
        "shop.visitors": (
            "6 people, all from 172.17.0.1",
            "add the reverse proxy in front of the site to TRUSTED_PROXIES",
        )
    }
    record_event(kind="sign-in", user_id=person.pk, address="203.0.113.7", at=at)
    assert warnings(at) == {}


def test_refused_webhooks_of_a_day_are_a_warning(order, at):  # noqa: F811
    record_refusal("too-old", at=at - timedelta(minutes=3))
    found = {check.id: check for check in shop_checks(at=at)}["shop.webhooks_refused"]
    assert (found.status.value, found.summary) == ("warn", "1, last 3 min ago: too-old")
    assert found.fix == "To set this machine's clock, run: timedatectl set-ntp true"
