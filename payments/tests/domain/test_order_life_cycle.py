import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from payments.domain.order_life_cycle import (
    mark_asked,
    mark_expired,
    mark_failed,
    mark_open,
    mark_paid,
)
from payments.domain.order_placement import get_or_place_order, is_up_to_date
from payments.models import OpenCheckout, Order
from payments.tests.conftest import RETURN_URLS


def test_open_order_stores_the_exact_request(order, learner, test_bank):
    assert order.status == "pending"
    assert (order.email, order.amount_minor, order.currency) == (learner.email, 1900, "USD")
    request = json.loads(order.request)
    assert request["success_url"] == f"http://shop.example/payments/success/{order.pk}/"
    assert request["line_items"][0]["price_data"] == {
        "currency": "usd",
        "unit_amount": 1900,
        "product_data": {"name": test_bank.title},
    }
    assert request["metadata"] == {"order_id": str(order.pk)}
    assert request["payment_intent_data"] == {"metadata": {"order_id": str(order.pk)}}


def test_request_lists_no_payment_methods(order):
    assert "payment_method_types" not in json.loads(order.request)


def test_open_order_a_second_time_gives_the_same(order, learner, test_bank, at):
    again = get_or_place_order(
        learner=learner,
        test_bank=test_bank,
        mode="sandbox",
        account="",
        return_urls=RETURN_URLS,
        at=at + timedelta(hours=1),
    )
    assert again == order
    assert Order.objects.count() == 1


def test_open_order_in_another_mode_is_another_order(order, learner, test_bank, at):
    live = get_or_place_order(
        learner=learner,
        test_bank=test_bank,
        mode="live",
        account="",
        return_urls=RETURN_URLS,
        at=at,
    )
    assert live != order


def test_database_refuses_a_second_open_checkout(order, learner, test_bank):
    second = Order.objects.create(
        user=learner,
        email=learner.email,
        mode="sandbox",
        amount_minor=1,
        currency="USD",
        idempotency_key="another",
        request="{}",
        created_at=order.created_at,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        OpenCheckout.objects.create(
            learner=learner, test_bank=test_bank, mode="sandbox", order=second
        )


@pytest.mark.parametrize(
    "change",
    [{"price_minor": 2900}, {"currency": "EUR"}, {"title": "New"}, {"access_days": 30}],
)
def test_order_differs_from_a_bank_that_changed(order, test_bank, change):
    assert is_up_to_date(order, test_bank)
    for name, value in change.items():
        setattr(test_bank, name, value)
    assert not is_up_to_date(order, test_bank)


def test_note_asked_keeps_the_first_time(order, at):
    mark_asked(order, at=at)
    mark_asked(order, at=at + timedelta(hours=5))
    order.refresh_from_db()
    assert order.asked_at == at


def test_record_session_opens_the_order(order, facts, at):
    mark_open(order, facts(order, status="open", payment_status="unpaid"), at=at)
    order.refresh_from_db()
    assert (order.status, order.session_id) == ("open", f"cs_test_{order.pk.hex}")


def test_record_session_leaves_an_order_that_a_webhook_paid(order, facts, at):
    mark_paid(order, facts(order), source="webhook", at=at, granted_at=at)
    mark_open(order, replace(facts(order), url="https://other.example"), at=at)
    order.refresh_from_db()
    assert (order.status, order.session_url) == ("paid", "")


@pytest.mark.parametrize(("close", "status"), [(mark_expired, "expired"), (mark_failed, "failed")])
def test_closed_order_allows_the_next_checkout(order, at, close, status):
    assert close(order, source="webhook", at=at)
    order.refresh_from_db()
    assert order.status == status
    assert not OpenCheckout.objects.exists()


@pytest.mark.parametrize("close", [mark_expired, mark_failed])
def test_a_late_failure_never_overturns_a_paid_order(order, facts, at, close):
    mark_paid(order, facts(order), source="return", at=at, granted_at=at)
    assert not close(order, source="webhook", at=at)
    order.refresh_from_db()
    assert order.status == "paid"


@pytest.mark.parametrize("close", [mark_expired, mark_failed])
def test_late_payment_reopens_a_closed_order(order, facts, at, close):
    close(order, source="webhook", at=at)
    assert mark_paid(order, facts(order), source="webhook", at=at, granted_at=at)
    order.refresh_from_db()
    assert order.status == "paid"


def test_every_transition_stores_one_event(order, facts, at):
    mark_open(order, facts(order), at=at)
    mark_paid(order, facts(order), source="webhook", at=at, granted_at=at)
    mark_paid(order, facts(order), source="return", at=at, granted_at=at)
    moves = order.events.order_by("pk").values_list("kind", "from_status", "to_status", "source")
    assert list(moves) == [
        ("placed", "pending", "pending", ""),
        ("session-opened", "pending", "open", ""),
        ("paid", "open", "paid", "webhook"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": 0},
        {"status": "lost"},
        {"mode": "play"},
        {"currency": "us"},
        {"status": "paid"},
        {"status": "open"},
    ],
)
def test_database_refuses_an_invalid_order(order, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**change)


def test_database_refuses_granted_without_paid(order, at):
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(granted_at=at)
