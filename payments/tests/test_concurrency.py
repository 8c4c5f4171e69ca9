"""Many at once, on PostgreSQL, where transactions really run beside each other."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from catalog.models import Access
from outbox.models import OutgoingMail
from payments.domain.fulfillment import fulfill
from payments.domain.order_life_cycle import mark_expired
from payments.domain.order_placement import get_or_place_order
from payments.errors import RefundTooLarge
from payments.flows.checkout import confirm_payment
from payments.flows.refunds import RefundRequest, open_refund
from payments.models import OpenCheckout, Order, Refund, StripeEvent
from payments.stripe_integration import create_checkout_session
from payments.tests.conftest import RETURN_URLS
from payments.tests.stripe_events import deliver, event_of, paid_event, refund_event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

MANY = 50


def at_once(work, inputs):
    """The results of `work` for all inputs, begun by a thread for each at the same time."""
    together = Barrier(len(inputs))

    def one(value):
        together.wait(timeout=30)
        try:
            return work(value)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(inputs)) as pool:
        return list(pool.map(one, inputs))


@pytest.fixture(autouse=True)
def worker(settings):
    settings.WORKER = True
    # Half of it while nobody has been answered yet.
    settings.STRIPE_MAX_CALLS = 2 * MANY


def test_fifty_clicks_give_one_session(sandbox, test_bank, learner):
    sessions = at_once(lambda _n: create_checkout_session(test_bank, learner).id, range(MANY))
    assert len(set(sessions)) == 1
    assert (Order.objects.count(), OpenCheckout.objects.count()) == (1, 1)


def test_fifty_deliveries_of_one_event_give_one_access(order):
    event = event_of(order)
    statuses = at_once(lambda _n: deliver(Client(), event).status_code, range(MANY))
    assert set(statuses) == {200}
    assert (StripeEvent.objects.count(), Access.objects.count()) == (1, 1)
    assert (order.events.filter(kind="paid").count(), OutgoingMail.objects.count()) == (1, 1)


def test_twin_events_at_once_give_one_access(order):
    twins = [event_of(order, event_id=f"evt_{number}") for number in range(MANY)]
    statuses = at_once(lambda event: deliver(Client(), event).status_code, twins)
    assert set(statuses) == {200}
    assert (StripeEvent.objects.filter(status="done").count(), Access.objects.count()) == (MANY, 1)


def test_concurrent_refunds_do_not_exceed_the_payment(sandbox, test_bank, learner):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    paid = confirm_payment(session.order)

    def ask(_number):
        wish = RefundRequest(amount_minor=1000, reason="requested_by_customer", access="keep")
        try:
            open_refund(key=uuid.uuid4(), order=paid, wanted=wish, asked_by=None, at=timezone.now())
        except RefundTooLarge:
            return "too much"
        return "paid back"

    assert sorted(at_once(ask, range(4))) == ["paid back", "too much", "too much", "too much"]
    assert sandbox.control.count("POST /v1/refunds") == 1
    paid.refresh_from_db()
    assert (paid.status, paid.refunded_minor) == ("partially_refunded", 1000)


def test_refund_events_at_once_are_one_refund(order):
    deliver(Client(), paid_event(order))
    events = [refund_event(order, event_id=f"evt_{number}") for number in range(MANY)]
    statuses = at_once(lambda event: deliver(Client(), event).status_code, events)
    assert set(statuses) == {200}
    assert Refund.objects.count() == 1
    assert order.events.filter(kind="refunded").count() == 1


def test_receipts_made_at_once_are_consecutive(make_bank, learner, facts, at):
    """Also where some of the transactions fail after they took a number."""
    orders = [
        get_or_place_order(
            learner=learner,
            test_bank=make_bank(f"bank-{number}"),
            mode="sandbox",
            account="",
            return_urls=RETURN_URLS,
            at=at,
        )
        for number in range(20)
    ]

    def pay(order):
        if order in orders[::2]:
            with suppress(InterruptedError), transaction.atomic():
                fulfill(facts(order), source="webhook", at=at)
                raise InterruptedError
        fulfill(facts(order), source="return", at=at)

    at_once(pay, orders)
    serials = Order.objects.order_by("receipt_serial").values_list("receipt_serial", flat=True)
    assert list(serials) == list(range(1, 21))


def test_two_orders_for_one_bank_paid_at_once_give_one_access_and_one_flag(
    order, facts, learner, test_bank, at
):
    mark_expired(order, source="webhook", at=at)
    second = get_or_place_order(
        learner=learner,
        test_bank=test_bank,
        mode="sandbox",
        account="",
        return_urls=RETURN_URLS,
        at=at,
    )
    at_once(lambda paid: fulfill(facts(paid), source="webhook", at=at), [order, second])
    assert Access.objects.count() == 1
    assert Order.objects.filter(status="paid").count() == 2
    assert Order.objects.filter(duplicate_of__isnull=False).count() == 1
