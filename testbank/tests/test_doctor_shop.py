from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from delivery.models import OutgoingMail
from payments.models import Order, StripeEvent
from payments.tests.conftest import order  # noqa: F401 - a fixture
from testbank.doctor.report import Status
from testbank.doctor.shop import shop_checks
from testing.site import Site

pytestmark = pytest.mark.django_db


def warnings(at):
    return {
        check.id: (check.summary, check.fix)
        for check in shop_checks(at=at)
        if check.status is Status.WARN
    }


@pytest.fixture
def with_mail(settings):
    settings.EMAIL_HOST = "mail.example"


def test_a_shop_in_order_has_nothing_to_say(order, with_mail, at):  # noqa: F811
    assert warnings(at) == {}


def test_each_figure_that_should_be_0_is_shown(order, with_mail, at):  # noqa: F811
    Order.objects.update(status="paid", paid_at=at)
    StripeEvent.objects.create(
        event_id="evt_1", kind="x", livemode=False, body="{}", status="failed", received_at=at
    )
    StripeEvent.objects.create(
        event_id="evt_2", kind="x", livemode=False, body="{}", status="unknown", received_at=at
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


def test_order_that_waits_for_more_than_a_day_is_shown(order, with_mail, at):  # noqa: F811
    late = warnings(at + timedelta(hours=26))
    assert late == {"shop.unresolved": ("1", "run `manage.py reconcile_payments`")}


def test_orders_of_another_mode_do_not_count(order, with_mail, at):  # noqa: F811
    Order.objects.update(mode="live", status="paid", paid_at=at)
    assert warnings(at) == {}


def test_missing_mail_server_is_a_warning(order, settings, at):  # noqa: F811
    settings.EMAIL_HOST = ""
    assert warnings(at)["shop.mail"][1] == "EMAIL_HOST=..."


@pytest.mark.django_db(transaction=True)
def test_database_without_its_tables_is_told_and_nothing_raised(order, with_mail, at):  # noqa: F811
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_order RENAME TO payments_order_away")
    try:
        assert list(warnings(at)) == ["shop.database"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE payments_order_away RENAME TO payments_order")


def test_migrations_that_are_missing_are_counted(tmp_path: Path):
    site = Site(folder=tmp_path)
    site.write_env(
        STRIPE_PUBLIC_KEY="pk_sandbox_tests",
        STRIPE_SECRET_KEY="sk_sandbox_tests",
        STRIPE_API_BASE="http://127.0.0.1:9",
        DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}",
        SECRET_KEY="only-for-tests",
    )
    told = site.manage("doctor", "--offline", "--no-color")
    assert "migrations are not applied" in told.stdout
    assert "run `manage.py migrate`" in told.stdout
    assert site.manage("doctor", "--offline").returncode == 0
    assert site.manage("doctor", "--offline", "--fail-on", "warning").returncode == 1
