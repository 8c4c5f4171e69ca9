"""Receipt numbers are consecutive, without gaps."""

from importlib import import_module

import pytest
from django.apps import apps

from payments.domain.fulfillment import fulfill
from payments.domain.order_placement import get_or_place_order
from payments.models import Order, ReceiptCounter
from payments.tests.conftest import RETURN_URLS

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(learner, make_bank, at):
    def place(slug, mode="sandbox"):
        return get_or_place_order(
            learner=learner,
            test_bank=make_bank(slug),
            mode=mode,
            account="",
            return_urls=RETURN_URLS,
            at=at,
        )

    return place


def numbers():
    return sorted(order.receipt_number for order in Order.objects.all())


def test_paid_orders_have_consecutive_numbers(place, facts, at):
    unpaid, *paid = [place(f"bank-{number}") for number in range(4)]
    for order in paid:
        fulfill(facts(order), source="webhook", at=at)
        fulfill(facts(order), source="return", at=at)
    assert numbers() == ["", "TEST-000001", "TEST-000002", "TEST-000003"]
    assert unpaid.receipt_number == ""


def test_live_receipts_are_counted_apart(place, facts, at):
    for mode in ("sandbox", "live"):
        order = place(f"bank-{mode}", mode)
        fulfill(facts(order, livemode=mode == "live"), source="webhook", at=at)
    assert numbers() == ["R-000001", "TEST-000001"]


def test_held_payment_has_a_receipt_too(place, facts, at):
    paid = fulfill(facts(place("git"), amount_minor=1), source="webhook", at=at)
    assert (bool(paid.held), paid.receipt_number) == (True, "TEST-000001")


def test_failed_fulfillment_leaves_no_gap(place, facts, at, monkeypatch):
    first, second = place("one"), place("two")

    def broken(*_args, **_kwargs):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("payments.domain.fulfillment.queue_receipt", broken)
        with pytest.raises(RuntimeError):
            fulfill(facts(first), source="webhook", at=at)
    assert fulfill(facts(second), source="webhook", at=at).receipt_number == "TEST-000001"


def test_migration_numbers_orders_paid_before(place, facts, at):
    for slug in ("one", "two"):
        fulfill(facts(place(slug)), source="webhook", at=at)
    Order.objects.update(receipt_serial=None)
    ReceiptCounter.objects.all().delete()
    import_module("payments.migrations.0008_number_receipts").number_receipts(apps, None)
    assert numbers() == ["TEST-000001", "TEST-000002"]
    fulfill(facts(place("three")), source="webhook", at=at)
    assert numbers()[-1] == "TEST-000003"
