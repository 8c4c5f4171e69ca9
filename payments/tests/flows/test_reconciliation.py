from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog.models import Access
from catalog.services import live_access
from payments.domain.fulfillment import fulfill
from payments.flows.reconciliation import reconcile
from payments.models import EventCursor, Order
from payments.stripe.client import stripe_client
from payments.stripe_integration import APIConnectionError, create_checkout_session
from payments.tests.stripe_events import charge_event, deliver

pytestmark = pytest.mark.django_db


def run(**changes):
    now = timezone.now()
    return reconcile(**{"mode": "sandbox", "since": now - timedelta(days=1), "at": now, **changes})


def test_paid_session_without_a_webhook_is_granted(sandbox, test_bank, learner):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    result = run()
    assert result.moves == {"paid": 1}
    assert Access.objects.get().source_id == str(session.order.pk)


def test_paid_order_without_access_gets_it(sandbox, order, facts, at):
    fulfill(facts(order), source="webhook", at=at)
    Access.objects.all().delete()
    Order.objects.update(granted_at=None)
    assert run().granted == 1
    order.refresh_from_db()
    assert (order.granted_at is not None, Access.objects.count()) == (True, 1)
    assert run().granted == 0


def test_paid_order_of_bank_with_access_needs_person(sandbox, order, facts, learner, at):
    fulfill(facts(order), source="webhook", at=at)
    Access.objects.update(source_kind="grant", reason="a gift")
    Order.objects.update(granted_at=None)
    assert f"order {order.pk} is paid, but access was not granted" in run().for_a_person
    assert Access.objects.count() == 1


def test_second_run_finds_nothing_to_do(sandbox, test_bank, learner):
    sandbox.control.pay(create_checkout_session(test_bank, learner).id)
    run()
    assert run().moves == {}
    assert Access.objects.count() == 1


def test_order_that_was_closed_too_early_is_paid_by_its_session(sandbox, test_bank, learner):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    Order.objects.update(status="expired")
    run()
    assert Order.objects.get().status == "paid"


def test_expired_session_closes_its_order(sandbox, test_bank, learner):
    sandbox.control.expire(create_checkout_session(test_bank, learner).id)
    assert run().moves == {"expired": 1}
    assert Order.objects.get().status == "expired"


def test_open_session_stays_open(sandbox, test_bank, learner):
    create_checkout_session(test_bank, learner)
    assert run().moves == {}
    assert Order.objects.get().status == "open"


def test_session_whose_answer_was_lost_is_found(sandbox, test_bank, learner):
    sandbox.control.fault("cut_after", times=10)
    with pytest.raises(APIConnectionError):
        create_checkout_session(test_bank, learner)
    sandbox.control.clear_faults()
    made = [e for e in sandbox.control.requests() if e["operation"].startswith("POST")]
    assert made
    run()
    assert Order.objects.get().status == "pending"
    run(at=timezone.now() + timedelta(hours=26))
    assert Order.objects.get().status == "pending"


def test_request_without_a_session_is_closed_after_a_day(sandbox, order):
    Order.objects.update(asked_at=timezone.now(), created_at=timezone.now())
    assert run().moves == {}
    assert run(at=timezone.now() + timedelta(hours=26)).moves == {"expired": 1}


def test_order_of_another_mode_is_left_alone(sandbox, order):
    Order.objects.update(mode="live", created_at=timezone.now() - timedelta(days=9))
    run()
    assert Order.objects.get().status == "pending"


def test_paid_session_without_an_order_needs_a_person(sandbox, test_bank, learner):
    session = create_checkout_session(test_bank, learner)
    sandbox.control.pay(session.id)
    session.order.delete()
    out = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("reconcile_payments", stdout=out)
    assert f"session {session.id} is paid but does not belong to any order" in out.getvalue()


def test_command_without_stripe_exits_with_2(sandbox, test_bank, learner):
    create_checkout_session(test_bank, learner)
    sandbox.control.fault("cut_before", times=10)
    with pytest.raises(CommandError, match="Could not connect to Stripe") as raised:
        call_command("reconcile_payments")
    assert raised.value.returncode == 2


@pytest.mark.parametrize("since", ["yesterday", "2026-13-45", "9" * 12])
def test_command_names_what_it_takes_as_a_day(since):
    with pytest.raises(CommandError, match="a date such as 2026-11-25, or a number of days"):
        call_command("reconcile_payments", f"--since={since}")


@pytest.mark.parametrize("charge_comes", ["before", "after"])
def test_refund_that_fails_during_the_run_is_not_counted(
    sandbox, client, test_bank, learner, charge_comes
):
    session = create_checkout_session(test_bank, learner)
    intent = sandbox.control.pay(session.id)["payment_intent"]
    began = timezone.now() - timedelta(seconds=30)
    run()
    refund = sandbox.control.refund(intent)
    sandbox.control.fail_refund(refund["id"])
    # The events were read before that, the refunds after it.
    newest = stripe_client().v1.events.list({"limit": 1}).data[0]
    EventCursor.objects.update(event_id=newest.id)
    charge = charge_event(session.order, refunded=refund["amount"], created=refund["created"])
    charge["data"]["object"]["payment_intent"] = intent
    steps = [lambda: deliver(client, charge), lambda: run(at=began)]
    for step in steps if charge_comes == "before" else reversed(steps):
        step()
    order = Order.objects.get()
    assert (order.status, order.refunded_minor) == ("paid", 0)
    assert live_access(learner=learner, test_bank=test_bank, at=timezone.now())
