"""Events of other programs on the account, and events of older API versions."""

import pytest

from catalog.models import Access
from payments.domain.fulfillment import fulfill
from payments.flows.webhook_inbox import handle_pending_events
from payments.models import Order, StripeEvent
from payments.monitoring.health_counters import health_counters
from payments.tests.stripe_events import (
    charge_event,
    deliver,
    dispute_event,
    event_of,
    paid_event,
    payment_of,
    refund_event,
)

pytestmark = [pytest.mark.django_db, pytest.mark.pages]

NAMED_BY_OTHERS = [
    {},
    {"other_shop_order": "17"},
    {"order_id": "17"},
    {"order_id": "wc_order_58d17c18"},
]


def status():
    return StripeEvent.objects.get().status


@pytest.mark.parametrize("metadata", NAMED_BY_OTHERS)
@pytest.mark.parametrize("kind", ["completed", "expired", "async_payment_failed"])
def test_foreign_session_does_not_need_a_person(client, order, at, metadata, kind):
    session = {"id": "cs_test_other", "payment_intent": "pi_other", "metadata": metadata}
    deliver(client, event_of(order, kind=f"checkout.session.{kind}", **session))
    assert (status(), health_counters(mode="sandbox", at=at).all_is_well) == ("foreign", True)
    assert not Access.objects.exists()


def test_session_with_an_order_id_like_ours_but_foreign_return_urls_is_foreign(client, order, at):
    name = "b1c5f0ac-0000-4000-8000-000000000000"
    back = f"https://other.example/thanks?order={name}"
    session = {"id": "cs_test_other", "metadata": {"order_id": name}, "success_url": back}
    deliver(client, event_of(order, **session))
    assert status() == "foreign"


@pytest.mark.parametrize("make", [refund_event, dispute_event])
def test_foreign_refund_or_dispute_does_not_need_a_person(client, order, at, make):
    deliver(client, make(order))
    assert (status(), health_counters(mode="sandbox", at=at).all_is_well) == ("foreign", True)


def test_foreign_charge_does_not_need_a_person(client, order, at):
    deliver(client, charge_event(order, refunded=500, metadata={"other_shop_order": "17"}))
    assert (status(), health_counters(mode="sandbox", at=at).all_is_well) == ("foreign", True)


def test_setup_session_without_an_amount_does_not_need_a_person(client, order):
    nothing = {"amount_total": None, "amount_subtotal": None, "currency": None}
    session = {"id": "cs_test_setup", "payment_status": "no_payment_required", "metadata": {}}
    deliver(client, event_of(order, **session, **nothing))
    assert status() == "foreign"


MONEY_BACK = {
    "refund": (refund_event, "refunded"),
    "charge": (lambda order: charge_event(order, refunded=1900, metadata={}), "refunded"),
    "dispute": (dispute_event, "disputed"),
}


def pay_by_webhook(client, order, _facts, _at):
    deliver(client, paid_event(order))


def pay_by_return_page(_client, order, facts, at):
    fulfill(facts(order, payment_intent_id=payment_of(order)), source="return", at=at)


@pytest.mark.parametrize("pay", [pay_by_webhook, pay_by_return_page])
@pytest.mark.parametrize("name", MONEY_BACK)
@pytest.mark.parametrize("is_early", [True, False], ids=["before-payment", "after-payment"])
def test_refund_or_dispute_counts_in_both_orders_of_arrival(
    client, order, facts, at, is_early, name, pay
):
    make, state = MONEY_BACK[name]
    steps = [lambda: deliver(client, make(order)), lambda: pay(client, order, facts, at)]
    for step in steps if is_early else reversed(steps):
        step()
    order.refresh_from_db()
    assert (order.status, StripeEvent.objects.exclude(status="done").count()) == (state, 0)


@pytest.mark.parametrize("name", MONEY_BACK)
def test_early_event_that_was_busy_is_handled_by_the_sweep(client, order, facts, at, name):
    """Whoever handled it at that moment found no payment, and saved it as foreign afterward."""
    make, state = MONEY_BACK[name]
    pay_by_return_page(client, order, facts, at)
    deliver(client, make(order))
    StripeEvent.objects.update(status="foreign")
    Order.objects.filter(pk=order.pk).update(status="paid", refunded_minor=0)
    assert (handle_pending_events(at=at), status()) == (1, "done")
    order.refresh_from_db()
    assert order.status == state


def without(event, *names):
    for name in names:
        del event["data"]["object"][name]
    return event


@pytest.mark.parametrize("missing", ["status", "amount_subtotal", "expires_at", "url"])
def test_paid_event_of_an_older_version_is_enough(client, order, missing):
    deliver(client, without(event_of(order), missing))
    order.refresh_from_db()
    assert (order.status, status(), Access.objects.count()) == ("paid", "done", 1)


@pytest.mark.parametrize("missing", ["status", "amount_total", "currency"])
def test_expired_event_of_an_older_version_is_enough(client, order, missing):
    expired = {"status": "expired", "payment_status": "unpaid"}
    event = event_of(order, kind="checkout.session.expired", **expired)
    deliver(client, without(event, missing))
    order.refresh_from_db()
    assert (order.status, status()) == ("expired", "done")


@pytest.mark.parametrize("missing", ["amount_total", "currency", "payment_status"])
def test_incomplete_event_is_handled_after_payment(client, order, facts, at, missing):
    deliver(client, without(event_of(order), missing))
    assert (status(), Access.objects.count()) == ("unknown", 0)
    fulfill(facts(order), source="return", at=at)
    assert (handle_pending_events(at=at), status()) == (1, "done")


def test_dispute_whose_charge_was_refunded_meanwhile_is_closed(client, order):
    deliver(client, paid_event(order))
    deliver(client, dispute_event(order, status="charge_refunded"))
    order.refresh_from_db()
    assert (order.status, payment_of(order)) == ("paid", order.payment_intent_id)
