"""Paying back from the back office, against the sandbox."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.models import Access
from catalog.services import live_access
from payments.errors import NothingToRefund, OtherMode, RefundTooLarge
from payments.flows.checkout import confirm_payment
from payments.flows.refunds import (
    RefundRequest,
    open_refund,
    refund_duplicate,
    refundable_minor,
    send_unanswered_refunds,
)
from payments.models import Dispute, Order, Refund
from payments.monitoring.health_counters import health_counters
from payments.stripe_integration import APIConnectionError, create_checkout_session
from payments.tests.stripe_events import deliver, event

pytestmark = pytest.mark.django_db
CREATE = "POST /v1/refunds"


@pytest.fixture
def paid(sandbox, test_bank, learner):
    """An order that was paid at the sandbox."""
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    return confirm_payment(session.order)


@pytest.fixture
def ask(paid, seller):
    """Ask for a refund of the order; the wish may be changed."""

    def ask(*, key=None, at=None, **changes):
        wish = {"amount_minor": 1900, "reason": "requested_by_customer", "access": "revoke"}
        return open_refund(
            key=key or uuid.uuid4(),
            order=paid,
            wanted=RefundRequest(**{**wish, **changes}),
            asked_by=seller,
            at=at or timezone.now(),
        )

    return ask


def state_of(order):
    order.refresh_from_db()
    return order.status, order.refunded_minor, Access.objects.live(timezone.now()).count()


def test_full_refund_closes_the_access(ask, paid, sandbox, seller):
    refund = ask()
    assert (refund.status, refund.asked_by, refund.currency) == ("succeeded", seller, "USD")
    assert refund.stripe_id.startswith("re_")
    assert state_of(paid) == ("refunded", 1900, 0)
    assert sandbox.control.count(CREATE) == 1


def test_refund_is_stored_before_stripe_is_called(ask, paid, sandbox):
    sandbox.control.fault("cut_before", path="/v1/refunds", times=10)
    with pytest.raises(APIConnectionError):
        ask(amount_minor=500)
    refund = Refund.objects.get()
    assert (refund.status, refund.stripe_id) == ("asked", None)
    assert json.loads(refund.request) == {
        "payment_intent": paid.payment_intent_id,
        "amount": 500,
        "reason": "requested_by_customer",
        "metadata": {"order_id": str(paid.pk), "refund_id": str(refund.pk)},
    }
    assert state_of(paid) == ("paid", 0, 1)


def test_lost_response_is_requested_again_with_the_same_key(ask, paid, sandbox):
    sandbox.control.fault("cut_after", path="/v1/refunds", times=10)
    with pytest.raises(APIConnectionError):
        ask(amount_minor=500)
    sandbox.control.clear_faults()
    assert send_unanswered_refunds(at=timezone.now() + timedelta(minutes=1)) == 1
    assert state_of(paid) == ("partially_refunded", 500, 0)
    assert send_unanswered_refunds(at=timezone.now() + timedelta(minutes=1)) == 0
    sent = [one for one in sandbox.control.requests() if one["operation"] == CREATE]
    assert len({one["body"] for one in sent}) == 1
    assert Refund.objects.count() == 1


def test_refund_is_searched_once_its_key_may_have_expired(ask, paid, sandbox):
    sandbox.control.fault("cut_after", path="/v1/refunds", times=10)
    with pytest.raises(APIConnectionError):
        ask(amount_minor=500)
    sandbox.control.clear_faults()
    sandbox.control.forget_requests()
    assert send_unanswered_refunds(at=timezone.now() + timedelta(hours=25)) == 1
    assert sandbox.control.count(CREATE) == 0
    assert state_of(paid)[:2] == ("partially_refunded", 500)


def test_stored_server_error_gets_a_new_key_if_no_refund_is_found(ask, paid, sandbox):
    sandbox.control.fault("status", path="/v1/refunds", method="POST", status=500)
    assert ask(amount_minor=500).status == "succeeded"
    requests = [one["operation"] for one in sandbox.control.requests()]
    assert requests.count("GET /v1/refunds") == 1
    assert requests[-1] == CREATE
    assert state_of(paid)[:2] == ("partially_refunded", 500)
    assert Refund.objects.count() == 1


def test_refund_with_same_key_twice(ask, paid, sandbox):
    key = uuid.uuid4()
    assert ask(key=key, amount_minor=500) == ask(key=key, amount_minor=500)
    assert (Refund.objects.count(), sandbox.control.count(CREATE)) == (1, 1)


def test_refund_above_the_rest_is_refused_without_a_call(ask, paid, sandbox):
    ask(amount_minor=1500)
    with pytest.raises(RefundTooLarge) as raised:
        ask(amount_minor=401)
    assert raised.value.left_minor == 400
    assert sandbox.control.count(CREATE) == 1


def test_unanswered_refund_reduces_refundable_amount(ask, paid, sandbox):
    sandbox.control.fault("cut_before", path="/v1/refunds", times=10)
    with pytest.raises(APIConnectionError):
        ask(amount_minor=1500)
    assert refundable_minor(paid) == 400
    with pytest.raises(RefundTooLarge):
        ask(amount_minor=401)


def test_database_refuses_refunds_above_the_payment(paid):
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=paid.pk).update(refunded_minor=1901)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "melted"},
        {"amount_minor": 0},
        {"access": "burn"},
        {"access": "shorten"},
        {"stripe_id": None},
        {"status": "asked", "idempotency_key": None},
    ],
)
def test_database_refuses_an_invalid_refund(paid, at, change):
    refund = Refund.objects.create(
        order=paid,
        stripe_id="re_1",
        amount_minor=1,
        currency="USD",
        status="succeeded",
        created_at=at,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(**change)


def test_database_refuses_a_dispute_of_unknown_status(paid, at):
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispute.objects.create(
            order=paid,
            stripe_id="dp_1",
            amount_minor=1,
            currency="USD",
            status="melted",
            created_at=at,
            told_at=at,
        )


def test_refund_of_unpaid_order(order, seller, sandbox, at):
    wish = RefundRequest(amount_minor=1, reason="", access="keep")
    with pytest.raises(NothingToRefund):
        open_refund(key=uuid.uuid4(), order=order, wanted=wish, asked_by=seller, at=at)
    assert not Refund.objects.exists()


def test_a_sandbox_order_never_reaches_stripe(ask, paid, sandbox, settings):
    settings.STRIPE_MODE = "test"
    sandbox.control.forget_requests()
    with pytest.raises(OtherMode):
        ask()
    with pytest.raises(OtherMode):
        confirm_payment(paid)
    assert send_unanswered_refunds(at=timezone.now() + timedelta(hours=2)) == 0
    assert sandbox.control.requests() == []


def test_refund_refused_by_stripe(ask, paid, sandbox):
    sandbox.control.refund(paid.payment_intent_id)
    refund = ask()
    assert (refund.status, refund.failure) == ("refused", "charge_already_refunded")
    assert paid.events.filter(kind="refund-refused").count() == 1


def test_full_refund_can_keep_the_access(ask, paid):
    ask(access="keep")
    assert state_of(paid) == ("refunded", 1900, 1)
    assert health_counters(mode="sandbox", at=timezone.now()).granted_not_paid == 0


def test_access_kept_after_a_refund_can_be_closed_later(ask, paid):
    until = timezone.now() + timedelta(days=7)
    ask(amount_minor=900, access="shorten", access_until=until)
    access = Access.objects.get()
    assert (access.is_live(until - timedelta(hours=1)), access.is_live(until)) == (True, False)


def test_refund_of_one_line_keeps_the_access_of_others(ask, paid, make_bank, learner, at):
    other = make_bank("other")
    line = paid.lines.create(test_bank=other, title="Other", amount_minor=900)
    Access.objects.create(
        learner=learner, test_bank=other, source_kind="order", source_id=str(paid.pk), starts_at=at
    )
    refund = ask(amount_minor=900, lines=[line])
    assert list(refund.lines.all()) == [line]
    now = timezone.now()
    assert live_access(learner=learner, test_bank=other, at=now) is None
    assert live_access(learner=learner, test_bank=paid.lines.first().test_bank, at=now)


def test_refund_that_fails_later_restores_the_access(ask, paid, sandbox, client):
    refund = ask()
    failed = sandbox.control.fail_refund(refund.stripe_id)
    told = event("refund.failed", failed, event_id="evt_f", created=int(failed["created"]) + 9)
    assert deliver(client, told).status_code == 200
    assert state_of(paid) == ("paid", 0, 1)
    assert refundable_minor(paid) == 1900


def test_refund_of_duplicate_payment(paid, sandbox, learner, seller):
    """The learner pays in a tab that stood open, for what is theirs by now."""
    bank = paid.lines.get().test_bank
    Access.objects.update(revoked_at=timezone.now())
    session = create_checkout_session(bank, learner)
    Access.objects.update(revoked_at=None)
    sandbox.control.pay(session.id)
    second = confirm_payment(session.order)
    assert second.duplicate_of == paid
    assert health_counters(mode="sandbox", at=timezone.now()).orders_paid_twice == 1
    for _click in range(2):
        refund = refund_duplicate(order=second, asked_by=seller, at=timezone.now())
    assert (refund.status, refund.reason) == ("succeeded", "duplicate")
    assert sandbox.control.count(CREATE) == 1
    second.refresh_from_db()
    assert second.status == "refunded"
    assert state_of(paid) == ("paid", 0, 1)
    assert health_counters(mode="sandbox", at=timezone.now()).all_is_well
