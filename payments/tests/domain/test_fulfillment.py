from datetime import timedelta

import pytest

from catalog.models import Access
from catalog.services import grant_access
from payments.domain.fulfillment import (
    apply_session,
    fulfill,
    grant_held_order,
    record_failed_payment,
)
from payments.domain.order_life_cycle import mark_expired, mark_open
from payments.domain.order_placement import get_or_place_order
from payments.errors import NotHeld, NotPaid, UnknownSession
from payments.models import Order
from payments.tests.conftest import RETURN_URLS


def test_paid_session_gives_access_once(order, facts, learner, test_bank, at):
    fulfill(facts(order), source="webhook", at=at)
    order.refresh_from_db()
    assert (order.status, order.paid_at, order.granted_at) == ("paid", at, at)
    access = Access.objects.get()
    assert (access.learner, access.test_bank, access.source_kind, access.source_id) == (
        learner,
        test_bank,
        "order",
        str(order.pk),
    )


def test_fulfill_twice_changes_nothing(order, facts, at):
    fulfill(facts(order), source="webhook", at=at)
    fulfill(facts(order), source="return", at=at + timedelta(days=9))
    order.refresh_from_db()
    assert (order.paid_at, order.events.filter(kind="paid").count()) == (at, 1)
    assert Access.objects.count() == 1


def test_length_of_access_is_that_of_the_purchase(make_bank, learner, facts, at):
    bank = make_bank("timed", access_days=30)
    order = get_or_place_order(
        learner=learner, test_bank=bank, mode="sandbox", account="", return_urls=RETURN_URLS, at=at
    )
    bank.access_days = 7
    bank.save(update_fields=["access_days"])
    fulfill(facts(order), source="webhook", at=at)
    assert Access.objects.get().expires_at == at + timedelta(days=30)


def test_no_payment_required_grants_too(order, facts, at):
    free = facts(order, payment_status="no_payment_required", amount_minor=0)
    fulfill(free, source="webhook", at=at)
    assert Access.objects.count() == 1


@pytest.mark.parametrize("payment_status", ["unpaid", "", "processing"])
def test_unpaid_session_grants_no_access(order, facts, at, payment_status):
    with pytest.raises(NotPaid):
        fulfill(facts(order, payment_status=payment_status), source="webhook", at=at)
    assert not Access.objects.exists()


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({"amount_minor": 1}, "Stripe reports 1 USD, but the order is for 1900 USD"),
        ({"currency": "JPY"}, "Stripe reports 1900 JPY, but the order is for 1900 USD"),
        ({"livemode": True}, "the payment is in live mode, but the order is in sandbox mode"),
    ],
)
def test_session_that_differs_is_held_and_never_granted(order, facts, at, change, held):
    fulfill(facts(order, **change), source="webhook", at=at)
    order.refresh_from_db()
    assert (order.status, order.held, order.granted_at) == ("paid", held, None)
    assert not Access.objects.exists()


def test_order_of_an_erased_account_is_held(order, facts, learner, at):
    learner.delete()
    fulfill(facts(order), source="webhook", at=at)
    order.refresh_from_db()
    assert (order.held, order.granted_at) == ("the learner's account was deleted", None)


def test_second_payment_for_one_bank_is_flagged_and_the_first_stays(
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
    fulfill(facts(second), source="webhook", at=at)
    fulfill(facts(order), source="webhook", at=at)
    order.refresh_from_db()
    assert (order.status, order.duplicate_of, order.granted_at) == ("paid", second, None)
    assert [access.source_id for access in Access.objects.all()] == [str(second.pk)]


def test_payment_for_a_bank_granted_by_staff_is_held(order, facts, learner, test_bank, at):
    grant_access(
        learner=learner,
        test_bank=test_bank,
        source_kind="grant",
        source_id="1",
        starts_at=at,
        access_days=None,
        reason="a prize",
    )
    fulfill(facts(order), source="webhook", at=at)
    order.refresh_from_db()
    assert order.held == "the learner already had access (grant)"


def test_bank_bought_again_after_its_access_ended_is_granted(make_bank, learner, facts, at):
    bank = make_bank("timed", access_days=30)
    later = at + timedelta(days=31)
    for moment in (at, later):
        order = get_or_place_order(
            learner=learner,
            test_bank=bank,
            mode="sandbox",
            account="",
            return_urls=RETURN_URLS,
            at=moment,
        )
        fulfill(facts(order), source="webhook", at=moment)
    assert Access.objects.live(later).count() == 1
    assert not Order.objects.exclude(held="", duplicate_of=None).exists()


def test_fulfill_with_unknown_session(order, facts, at):
    with pytest.raises(UnknownSession):
        fulfill(facts(order, order_id=""), source="webhook", at=at)
    with pytest.raises(UnknownSession):
        fulfill(facts(order, order_id="not-an-id"), source="webhook", at=at)


def test_metadata_does_not_match_an_order_with_another_session(order, facts, at):
    Order.objects.filter(pk=order.pk).update(session_id="cs_test_real", status="open")
    with pytest.raises(UnknownSession):
        fulfill(facts(order, id="cs_test_forged"), source="webhook", at=at)


def test_apply_session_that_expired(order, facts, at):
    apply_session(facts(order, status="expired", payment_status="unpaid"), source="webhook", at=at)
    order.refresh_from_db()
    assert order.status == "expired"


def test_apply_session_with_payment_processing(order, facts, at):
    apply_session(facts(order, payment_status="unpaid"), source="webhook", at=at)
    order.refresh_from_db()
    assert order.status == "pending"


def test_failed_payment_closes_the_order(order, facts, at):
    record_failed_payment(facts(order, payment_status="unpaid"), source="webhook", at=at)
    order.refresh_from_db()
    assert order.status == "failed"


@pytest.mark.parametrize("first", ["paid", "failed", "expired"])
def test_order_of_events_does_not_matter(order, facts, at, first):
    steps = {
        "paid": lambda: apply_session(facts(order), source="webhook", at=at),
        "failed": lambda: record_failed_payment(
            facts(order, payment_status="unpaid"), source="webhook", at=at
        ),
        "expired": lambda: apply_session(
            facts(order, status="expired", payment_status="unpaid"), source="webhook", at=at
        ),
    }
    for name in [first, *(name for name in steps if name != first)]:
        steps[name]()
    order.refresh_from_db()
    assert (order.status, Access.objects.count()) == ("paid", 1)


def test_held_order_is_granted_by_a_person_once(order, facts, at):
    fulfill(facts(order, amount_minor=1), source="webhook", at=at)
    for _click in range(2):
        grant_held_order(order=order, at=at)
    order.refresh_from_db()
    assert (order.granted_at, Access.objects.count()) == (at, 1)
    assert order.events.get(kind="granted").source == "staff"


def test_order_that_is_not_held_is_not_granted_by_a_person(order, at):
    with pytest.raises(NotHeld):
        grant_held_order(order=order, at=at)
    assert not Access.objects.exists()


def test_order_of_an_erased_account_is_not_granted_by_a_person(order, facts, learner, at):
    learner.delete()
    fulfill(facts(order), source="webhook", at=at)
    with pytest.raises(NotHeld):
        grant_held_order(order=order, at=at)


def test_session_known_from_another_order_is_found_by_its_id_first(order, facts, make_bank, at):
    other = get_or_place_order(
        learner=order.user,
        test_bank=make_bank("other"),
        mode="sandbox",
        account="",
        return_urls=RETURN_URLS,
        at=at,
    )
    mark_open(other, facts(other, status="open", payment_status="unpaid"), at=at)
    fulfill(facts(other, order_id=str(order.pk)), source="webhook", at=at)
    assert Access.objects.get().source_id == str(other.pk)
