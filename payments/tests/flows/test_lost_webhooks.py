"""With webhooks dead reconciliation alone brings everything right; with the API dead, webhooks do.

A day in the shop: one buyer pays, one pays by a slow method, one turns away, one is paid back,
one payment is disputed and won, one disputed and lost, one refund fails.
"""

import threading
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from stripe import RateLimitError

from accounts.models import User
from catalog.models import Access
from outbox.models import OutgoingMail
from payments.flows.reconciliation import reconcile, reconcile_dry_run
from payments.models import EventCursor, Order, Refund, StripeEvent
from payments.monitoring.health_counters import health_counters
from payments.stripe import api
from payments.stripe_integration import create_checkout_session
from testing.waiting import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

EXPECTED = {
    "pays": ("paid", 0, 1),
    "slow": ("paid", 0, 1),
    "slow-lost": ("failed", 0, 0),
    "leaves": ("expired", 0, 0),
    "refunded": ("refunded", 1900, 0),
    "in-part": ("partially_refunded", 700, 1),
    "won": ("paid", 0, 1),
    "lost": ("refunded", 0, 0),
    "disputed": ("disputed", 0, 0),
    "came-back": ("paid", 0, 1),
}


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True


@pytest.fixture
def begun(sandbox, test_bank):
    """Every buyer is on Stripe's page: name → session."""
    return {
        name: create_checkout_session(test_bank, User.objects.create_user(f"{name}@example.org")).id
        for name in EXPECTED
    }


def live_through(control, begun):
    """What happens at Stripe."""
    for name, session in begun.items():
        if name == "leaves":
            control.expire(session)
            continue
        paid = control.pay(session, card="debit" if name.startswith("slow") else "pays")
        payment = paid["payment_intent"]
        happen(control, name, session, payment)


def happen(control, name, session, payment):
    match name:
        case "slow":
            control.settle(session)
        case "slow-lost":
            control.settle(session, comes=False)
        case "refunded":
            control.refund(payment)
        case "in-part":
            control.refund(payment, amount=700)
        case "came-back":
            control.fail_refund(control.refund(payment)["id"])
        case "disputed":
            control.dispute(payment)
        case "won" | "lost":
            control.close_dispute(control.dispute(payment)["id"], name)


def state():
    """How every buyer's order stands: status, what went back, live accesses."""
    live = Access.objects.live(timezone.now())
    return {
        order.email.partition("@")[0]: (
            order.status,
            order.refunded_minor,
            live.filter(source_id=str(order.pk)).count(),
        )
        for order in Order.objects.all()
    }


def run(**changes):
    now = timezone.now()
    since = now - timedelta(days=1)
    return reconcile(**{"mode": "sandbox", "since": since, "at": now, **changes})


def test_reconciliation_alone_reaches_the_final_state(sandbox, begun):
    live_through(sandbox.control, begun)
    run()
    assert state() == EXPECTED
    assert OutgoingMail.objects.filter(template="payments/email/access_ready").count() == 8
    found = health_counters(mode="sandbox", at=timezone.now())
    came_back = Refund.objects.get(order__email="came-back@example.org")
    words = (
        f"refund {came_back.stripe_id} failed (unknown): the buyer of order "
        f"{came_back.order_id} has not received the money"
    )
    assert run().for_a_person == [words]
    assert (found.paid_not_granted, found.granted_not_paid) == (0, 0)
    assert run().moves == {}


@pytest.mark.django_db(transaction=True)
def test_events_alone_reach_the_final_state(sandbox, begun, settings):
    """The API answers nothing from when the buyers are on Stripe's page."""
    with Receiving() as address:
        sandbox.control.send_webhooks_to(address)
        settings.STRIPE_API_BASE = "http://127.0.0.1:9"
        live_through(sandbox.control, begun)
        wait_until(lambda: all(one["delivered"] for one in sandbox.control.deliveries()), 60)
        sandbox.control.send_webhooks_to(None)
    assert state() == EXPECTED


class Shop(BaseHTTPRequestHandler):
    """Hands what the sandbox tells to the shop's own view."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = {"Stripe-Signature": self.headers["Stripe-Signature"]}
        try:
            response = Client().post(
                "/payments/webhook/", body, content_type="application/json", headers=signature
            )
        finally:
            connection.close()
        self.send_response(response.status_code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


class Receiving:
    """The address of a server that hands events to the shop."""

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
        self.server.daemon_threads = False
        threading.Thread(target=self.server.serve_forever).start()
        return f"http://127.0.0.1:{self.server.server_port}/payments/webhook/"

    def __exit__(self, *_error):
        self.server.shutdown()
        self.server.server_close()


def rows():
    """All that stands in the database, but for sessions and the like of Django."""
    tables = [name for name in connection.introspection.table_names() if "sqlite" not in name]
    with connection.cursor() as cursor:
        kept = {}
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
            kept[table] = sorted(map(repr, cursor.fetchall()))
    return kept


def test_dry_run_writes_nothing_and_lists_the_changes(sandbox, begun):
    live_through(sandbox.control, begun)
    sandbox.control.forget_requests()
    before = rows()
    now = timezone.now()
    would = reconcile_dry_run(mode="sandbox", since=now - timedelta(days=1), at=now)
    assert rows() == before
    assert {one["method"] for one in sandbox.control.requests()} == {"GET"}
    assert would.moves == run().moves
    assert state() == EXPECTED


def test_command_with_dry_run_writes_nothing(sandbox, begun):
    live_through(sandbox.control, begun)
    before = rows()
    out = StringIO()
    with suppress(SystemExit):
        call_command("reconcile_payments", "--dry-run", "--since=1", stdout=out)
    assert rows() == before
    assert "Dry run: sandbox" in out.getvalue()
    assert "Orders that would move to" in out.getvalue()


def test_next_run_continues_at_the_cursor_of_the_last(sandbox, begun):
    live_through(sandbox.control, begun)
    run()
    cursor = EventCursor.objects.get()
    assert (cursor.mode, StripeEvent.objects.filter(event_id=cursor.event_id).count()) == (
        "sandbox",
        1,
    )
    assert run().seen["events"] == 0
    payment = Order.objects.get(email="pays@example.org").payment_intent_id
    sandbox.control.refund(payment)
    again = run()
    assert again.seen["events"] == 2
    assert again.moves == {"refunded": 1}


def test_run_starts_over_if_stripe_no_longer_has_the_cursor(sandbox, begun):
    live_through(sandbox.control, begun)
    EventCursor.objects.create(
        mode="sandbox",
        event_id="evt_forgotten",
        event_at=timezone.now(),
        finished_at=timezone.now(),
    )
    run()
    assert state() == EXPECTED


def test_pages_are_read_in_both_directions(sandbox, begun, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", 3)
    run()
    live_through(sandbox.control, begun)
    run()
    assert state() == EXPECTED


def test_rate_limit_is_retried(sandbox, begun, monkeypatch):
    live_through(sandbox.control, begun)
    monkeypatch.setattr(api, "FIRST_BACKOFF_SECONDS", 0.01)
    sandbox.control.fault("status", status=429, method="GET", times=5)
    run()
    assert state() == EXPECTED


@pytest.mark.proof
def test_rate_limit_ends_run_after_retries(sandbox, begun, monkeypatch):
    monkeypatch.setattr(api, "FIRST_BACKOFF_SECONDS", 0.001)
    sandbox.control.fault("status", status=429, method="GET", times=1000)
    with pytest.raises(RateLimitError):
        run()


def test_pending_refund_older_than_the_events_is_retrieved(sandbox, begun):
    live_through(sandbox.control, begun)
    run()
    refund = Refund.objects.get(order__email="in-part@example.org")
    long_ago = timezone.now() - timedelta(days=60)
    Refund.objects.filter(pk=refund.pk).update(status="pending", created_at=long_ago)
    run(since=timezone.now() + timedelta(minutes=5))
    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_a_payment_for_an_order_of_another_mode_is_held(sandbox, begun):
    live_through(sandbox.control, begun)
    Order.objects.filter(email="refunded@example.org").update(mode="test")
    run()
    order = Order.objects.get(email="refunded@example.org")
    assert (order.status, order.granted_at) == ("paid", None)
    assert order.held == "the payment is in sandbox mode, but the order is in test mode"
