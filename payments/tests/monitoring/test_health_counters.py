"""Each counter counts what it names, in its mode only."""

from datetime import timedelta

import pytest

from catalog.models import Access
from outbox.models import OutgoingMail
from payments.domain.fulfillment import fulfill
from payments.models import Order, Refund, StripeEvent
from payments.monitoring.health_counters import (
    accesses_without_payment,
    counter_names,
    health_counters,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(order, facts, at):
    return fulfill(facts(order), source="webhook", at=at)


@pytest.fixture
def nonzero_counters(at):
    """Return the counters that are not 0."""

    def nonzero_counters(mode="sandbox", later=timedelta(0)):
        found = health_counters(mode=mode, at=at + later)
        return {name: number for name, number in found.numbers.items() if number}

    return nonzero_counters


def event(at, **fields):
    return StripeEvent.objects.create(
        **{
            "event_id": "evt_1",
            "kind": "charge.refunded",
            "livemode": False,
            "mode": "sandbox",
            "body": "{}",
            "received_at": at,
            **fields,
        }
    )


def test_counters_of_a_healthy_shop_are_zero(paid, nonzero_counters, at):
    OutgoingMail.objects.update(sent_at=at)
    assert nonzero_counters(later=timedelta(days=3)) == {}


def test_counter_names_match_the_counts(at):
    assert counter_names() == list(health_counters(mode="sandbox", at=at).numbers)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"granted_at": None}, "paid_not_granted"),
        ({"granted_at": None, "held": "the amount"}, "orders_held"),
    ],
)
def test_count_of_orders_that_need_a_person(paid, nonzero_counters, change, name):
    Access.objects.all().delete()
    Order.objects.update(**change)
    assert nonzero_counters() == {name: 1}
    assert nonzero_counters(mode="test") == {}


def test_count_of_orders_without_an_answer_from_stripe(order, nonzero_counters):
    assert nonzero_counters() == {}
    assert nonzero_counters(later=timedelta(hours=26)) == {"orders_unanswered": 1}


@pytest.mark.parametrize("status", ["pending", "expired", "disputed"])
def test_count_of_accesses_whose_order_is_not_paid(paid, nonzero_counters, status, at):
    unpaid = dict.fromkeys(["paid_at", "granted_at", "paid_minor", "receipt_serial"])
    Order.objects.update(status=status, **({} if status == "disputed" else unpaid))
    assert nonzero_counters()["granted_not_paid"] == 1
    found = accesses_without_payment(mode="sandbox", at=at)
    assert [access.source_id for access in found] == [str(paid.pk)]
    assert "granted_not_paid" not in nonzero_counters(mode="live")


@pytest.mark.parametrize("source_id", ["12345678-1234-1234-1234-123456789abc", "no uuid"])
def test_count_of_accesses_without_an_order(paid, nonzero_counters, source_id):
    Access.objects.update(source_id=source_id)
    assert nonzero_counters()["granted_not_paid"] == 1


def test_count_of_unhandled_events(nonzero_counters, at):
    event(at, event_id="evt_1", status="failed")
    event(at, event_id="evt_2", status="unknown")
    event(at, event_id="evt_3", status="received")
    event(at, event_id="evt_4", status="done")
    assert nonzero_counters() == {"events_failed": 1, "events_unknown": 1}
    assert nonzero_counters(later=timedelta(minutes=6)) == {
        "events_failed": 1,
        "events_unknown": 1,
        "events_unprocessed": 1,
        "oldest_job_seconds": 360,
    }
    assert nonzero_counters(mode="live") == {}


def test_count_of_refunds_without_an_answer(paid, nonzero_counters, at):
    OutgoingMail.objects.update(sent_at=at)
    Refund.objects.create(
        order=paid,
        amount_minor=1,
        currency="USD",
        status="asked",
        idempotency_key="k",
        created_at=at,
    )
    assert nonzero_counters() == {}
    assert nonzero_counters(later=timedelta(minutes=7)) == {
        "refunds_unanswered": 1,
        "oldest_job_seconds": 420,
    }


@pytest.mark.parametrize("events", [1, 3])
def test_counters_cost_the_same_for_more_rows(paid, at, django_assert_num_queries, events):
    for number in range(events):
        event(at, event_id=f"evt_{number}", status="failed")
    with django_assert_num_queries(8):
        health_counters(mode="sandbox", at=at)
