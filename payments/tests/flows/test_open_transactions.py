"""While Stripe is asked, no transaction is open: nobody else waits for its answer."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from payments.flows.checkout import confirm_payment
from payments.flows.reconciliation import MAX_AGE_WITHOUT_SESSION, reconcile
from payments.models import Order
from payments.stripe_integration import create_checkout_session
from testing.waiting import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.no_concurrency,
    pytest.mark.slow,
]

HANGS_SECONDS = 1.0


def buy(test_bank, learner):
    create_checkout_session(test_bank, learner)


def buy_at_a_new_price(test_bank, learner):
    test_bank.price_minor += 100
    test_bank.save(update_fields=["price_minor"])
    create_checkout_session(test_bank, learner)


def come_back(_test_bank, _learner):
    confirm_payment(Order.objects.get())


def reconcile_all(_test_bank, _learner):
    at = timezone.now()
    reconcile(mode=settings.STRIPE_MODE, since=at - MAX_AGE_WITHOUT_SESSION, at=at)


def transactions_of_others():
    """How many connections of the database are in a transaction just now, but for this one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            )
            return cursor.fetchone()[0]
    return not _can_write_at_once(connection.settings_dict["NAME"])


def _can_write_at_once(path):
    """On SQLite every transaction of the shop takes the write lock when it begins."""
    other = sqlite3.connect(path, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    else:
        return True
    finally:
        other.close()


@pytest.mark.parametrize(
    ("act", "before", "asked"),
    [
        (buy, (), "POST /v1/checkout/sessions"),
        (buy, (buy,), "GET /v1/checkout/sessions/{id}"),
        (buy_at_a_new_price, (buy,), "POST /v1/checkout/sessions/{id}/expire"),
        (buy_at_a_new_price, (buy,), "POST /v1/checkout/sessions"),
        (come_back, (buy,), "GET /v1/checkout/sessions/{id}"),
        (reconcile_all, (buy,), "GET /v1/events"),
        (reconcile_all, (buy,), "GET /v1/refunds"),
        (reconcile_all, (buy,), "GET /v1/checkout/sessions"),
    ],
)
def test_no_transaction_is_open_during_stripe_calls(
    sandbox, test_bank, learner, act, before, asked
):
    for step in before:
        step(test_bank, learner)
    method, path = asked.split()
    sandbox.control.forget_requests()
    sandbox.control.fault(
        "hang", method=method, path=path.replace("{id}", "cs_*"), seconds=HANGS_SECONDS
    )

    def acted():
        try:
            act(test_bank, learner)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(acted)
        wait_until(lambda: sandbox.control.count(asked))
        meanwhile = transactions_of_others()
        unanswered = [one for one in sandbox.control.requests() if one["status"] is None]
        acting.result()
    assert [one["operation"] for one in unanswered] == [asked]
    assert meanwhile == 0
