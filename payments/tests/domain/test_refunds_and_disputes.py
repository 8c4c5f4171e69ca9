"""Refunds and disputes as Stripe's events tell them, in and out of order."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core import mail
from django.utils import timezone

from catalog.models import Access
from catalog.services import live_access
from outbox.models import OutgoingMail
from payments.domain.order_placement import get_or_place_order
from payments.flows.webhook_inbox import handle_pending_events
from payments.models import Dispute, Order, Refund, StripeEvent
from payments.tests.conftest import RETURN_URLS
from payments.tests.stripe_events import (
    charge_event,
    deliver,
    dispute_event,
    paid_event,
    refund_event,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tell(client, order, settings):
    """Deliver events; then how the order stands: status, what went back, live accesses."""
    settings.WORKER = True

    def tell(*events):
        for event in events:
            assert deliver(client, event).status_code == 200
        order.refresh_from_db()
        return order.status, order.refunded_minor, Access.objects.live(timezone.now()).count()

    return tell


def test_a_whole_refund_closes_the_access(tell, order):
    end = tell(paid_event(order), refund_event(order), charge_event(order, refunded=1900))
    assert end == ("refunded", 1900, 0)
    assert list(order.events.order_by("pk").values_list("kind", flat=True)) == [
        "placed",
        "paid",
        "refunded",
    ]


def test_partial_refund_without_choice_keeps_access(tell, order):
    assert tell(paid_event(order), refund_event(order, amount=900)) == (
        "partially_refunded",
        900,
        1,
    )


def test_two_partial_refunds_of_the_whole_close_the_access(tell, order):
    first = refund_event(order, refund="re_1", amount=900)
    second = refund_event(order, refund="re_2", amount=1000, made=2000)
    assert tell(paid_event(order), first, second) == ("refunded", 1900, 0)
    assert Refund.objects.count() == 2


def test_charge_amount_refunded_without_refund_events(tell, order):
    assert tell(paid_event(order), charge_event(order, refunded=400)) == (
        "partially_refunded",
        400,
        1,
    )
    assert tell(charge_event(order, refunded=1900, created=1500)) == ("refunded", 1900, 0)


def test_refund_event_after_the_refunded_amount_is_not_counted_twice(tell, order):
    events = [paid_event(order), charge_event(order, refunded=400, created=1001)]
    assert tell(*events, refund_event(order, amount=400))[1] == 400


def test_a_failed_refund_opens_the_access_again(tell, order):
    tell(paid_event(order), refund_event(order), charge_event(order, refunded=1900))
    failed = refund_event(order, kind="refund.failed", status="failed", created=5000)
    assert tell(failed) == ("paid", 0, 1)
    assert order.events.last().kind == "money-back"


def test_refund_failed_email_is_sent_once(tell, order):
    failed = refund_event(order, kind="refund.failed", status="failed", created=5000)
    tell(paid_event(order), refund_event(order), failed, {**failed, "id": "evt_twin"})
    kinds = OutgoingMail.objects.order_by("pk").values_list("template", flat=True)
    assert [kind.rpartition("/")[2] for kind in kinds] == [
        "access_ready",
        "refund",
        "refund_failed",
    ]


def test_no_refund_email_if_refund_failed_first(tell, order):
    tell(paid_event(order), refund_event(order, kind="refund.failed", status="failed"))
    assert OutgoingMail.objects.get().template == "payments/email/access_ready"


def test_failed_refund_before_older_success(tell, order):
    failed = refund_event(order, kind="refund.failed", status="failed", created=5000)
    assert tell(paid_event(order), failed, refund_event(order)) == ("paid", 0, 1)


def test_a_refund_before_its_payment_waits_for_it(tell, order):
    assert tell(refund_event(order)) == ("pending", 0, 0)
    kept = StripeEvent.objects.get()
    assert (kept.status, kept.failure) == ("foreign", "")
    assert tell(paid_event(order)) == ("refunded", 1900, 0)
    kept.refresh_from_db()
    assert (kept.status, kept.failure) == ("done", "")


def test_payment_granted_despite_unreadable_refund(tell, order):
    broken = refund_event(order, event_id="evt_broken")
    broken["data"]["object"]["status"] = "melted"
    foreign = {**refund_event(order, event_id="evt_live"), "livemode": True}
    assert tell(broken, foreign, paid_event(order)) == ("paid", 0, 1)
    assert StripeEvent.objects.filter(status="unknown").count() == 2


def test_pending_events_find_refund_concurrent_with_payment(tell, order, at):
    """On two servers at once neither sees the other: the refund is kept as unknown."""
    tell(refund_event(order), paid_event(order))
    StripeEvent.objects.filter(kind="refund.created").update(status="unknown")
    Refund.objects.all().delete()
    Order.objects.update(status="paid", refunded_minor=0)
    Access.objects.update(withheld_from=None)
    assert handle_pending_events(at=timezone.now()) == 1
    assert tell() == ("refunded", 1900, 0)
    assert handle_pending_events(at=timezone.now()) == 0


def test_dispute_suspends_the_access_and_a_won_one_restores_it(tell, order):
    assert tell(paid_event(order), dispute_event(order)) == ("disputed", 0, 0)
    won = dispute_event(order, kind="charge.dispute.closed", status="won", created=9000)
    assert tell(won) == ("paid", 0, 1)


def test_lost_dispute_closes_the_access(tell, order):
    lost = dispute_event(order, kind="charge.dispute.closed", status="lost", created=9000)
    assert tell(paid_event(order), dispute_event(order), lost) == ("refunded", 0, 0)


def test_a_dispute_closed_before_it_was_opened_ends_the_same(tell, order):
    won = dispute_event(order, kind="charge.dispute.closed", status="won", created=9000)
    assert tell(paid_event(order), won, dispute_event(order)) == ("paid", 0, 1)
    assert Dispute.objects.get().status == "won"


def test_funds_reinstated_after_a_lost_dispute_restore_the_access(tell, order):
    lost = dispute_event(order, kind="charge.dispute.closed", status="lost", created=9000)
    again = dispute_event(order, kind="charge.dispute.funds_reinstated", status="won", created=9900)
    assert tell(paid_event(order), lost, again) == ("paid", 0, 1)
    assert tell(dict(lost, id="evt_twin")) == ("paid", 0, 1)


def test_dispute_inquiry_changes_nothing(tell, order):
    asks = dispute_event(order, status="warning_needs_response")
    assert tell(paid_event(order), asks) == ("paid", 0, 1)
    assert tell(dispute_event(order, status="needs_response", created=2000))[0] == "disputed"


def test_won_dispute_keeps_a_partial_refund(tell, order):
    part = refund_event(order, amount=900)
    won = dispute_event(order, kind="charge.dispute.closed", status="won", created=9000)
    assert tell(paid_event(order), part, dispute_event(order))[0] == "disputed"
    assert tell(won) == ("partially_refunded", 900, 1)


def test_two_events_of_one_refund_send_one_mail(tell, order):
    twin = refund_event(order, event_id="evt_twin")
    tell(paid_event(order), refund_event(order), twin, charge_event(order, refunded=1900))
    assert Refund.objects.count() == 1
    mails = OutgoingMail.objects.filter(template="payments/email/refund")
    assert mails.get().context["price"] == "$19.00"
    assert order.events.filter(kind="refunded").count() == 1


def test_refund_larger_than_payment(tell, order):
    assert tell(paid_event(order), refund_event(order, amount=99900)) == ("refunded", 1900, 0)


def test_an_access_that_a_person_closed_stays_closed(tell, order, at):
    tell(paid_event(order), dispute_event(order))
    Access.objects.update(revoked_at=at, revoke_reason="shared it")
    won = dispute_event(order, kind="charge.dispute.closed", status="won", created=9000)
    assert tell(won) == ("paid", 0, 0)


def test_live_event_for_a_sandbox_order_needs_a_person(tell, order):
    tell(paid_event(order))
    live = {**refund_event(order), "livemode": True}
    assert tell(live) == ("paid", 0, 1)
    kept = StripeEvent.objects.get(kind="refund.created")
    assert (kept.status, kept.failure, kept.mode) == (
        "unknown",
        "its order is in a different mode",
        "live",
    )


def test_foreign_refund_is_stored_as_foreign(client, order, other_learner):
    foreign = refund_event(order)
    foreign["data"]["object"]["payment_intent"] = "pi_of_somebody_else"
    assert deliver(client, foreign).status_code == 200
    assert StripeEvent.objects.get().status == "foreign"


@pytest.mark.parametrize(
    "change", [{"status": "melted"}, {"amount": -1}, {"amount": 10**12}, {"object": "charge"}]
)
def test_unreadable_object_needs_a_person(tell, order, change):
    event = refund_event(order)
    event["data"]["object"].update(change)
    assert tell(paid_event(order), event) == ("paid", 0, 1)
    kept = StripeEvent.objects.get(kind="refund.created")
    words = "cannot read this object: "
    assert (kept.status, kept.failure[: len(words)]) == ("unknown", words)


def test_declined_card_is_an_event_of_the_order(tell, order):
    intent = {
        "object": "payment_intent",
        "id": "pi_1",
        "metadata": {"order_id": str(order.pk)},
        "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
        "latest_charge": "ch_1",
    }
    event = {
        "object": "event",
        "id": "evt_1",
        "type": "payment_intent.payment_failed",
        "livemode": False,
        "data": {"object": intent},
    }
    tell(event, {**event, "id": "evt_twin"})
    assert order.status == "pending"
    declined = order.events.get(kind="declined")
    assert declined.detail == {"attempt": "ch_1", "code": "insufficient_funds"}


def test_purchase_after_refund(tell, order, learner, test_bank):
    tell(paid_event(order), refund_event(order))
    now = timezone.now()
    assert live_access(learner=learner, test_bank=test_bank, at=now) is None
    again = get_or_place_order(
        learner=learner,
        test_bank=test_bank,
        mode="sandbox",
        account="",
        return_urls=RETURN_URLS,
        at=now,
    )
    assert again != order
    tell(paid_event(again, event_id="evt_again"))
    again.refresh_from_db()
    assert (again.status, again.granted_at is not None) == ("paid", True)
    live = live_access(learner=learner, test_bank=test_bank, at=now)
    assert live is not None
    assert live.source_id == str(again.pk)
    assert mail.outbox == []
    assert Order.objects.count() == 2


@pytest.mark.sqlite
def test_the_order_of_a_payment_is_found_by_an_index(order):
    found = Order.objects.filter(payment_intent_id="pi_1").exclude(paid_at=None)
    assert "payments_order_of_payment" in found.explain()


@pytest.mark.parametrize(("make", "reason"), [(refund_event, "refund"), (dispute_event, "dispute")])
def test_withheld_access_names_its_reason(tell, order, make, reason):
    tell(paid_event(order), make(order))
    assert Access.objects.get().withheld_reason == reason


def test_access_after_a_lost_dispute_ended(tell, order):
    tell(paid_event(order), dispute_event(order))
    tell(dispute_event(order, kind="charge.dispute.closed", status="lost", created=2000))
    access = Access.objects.get()
    assert (access.withheld_reason, access.state(timezone.now()).value) == ("lost", "ended")


def test_lost_dispute_gives_the_reason_beside_an_older_open_one(tell, order):
    lost = dispute_event(order, dispute="dp_2", status="lost", made=2000)
    assert tell(paid_event(order), dispute_event(order), lost) == ("refunded", 0, 0)
    assert Access.objects.get().withheld_reason == "lost"


@pytest.mark.parametrize(("status", "reason"), [("lost", "lost"), ("needs_response", "dispute")])
def test_migration_names_the_reason_of_lost_disputes_and_back(tell, order, status, reason):
    tell(paid_event(order), dispute_event(order, status=status))
    Access.objects.update(withheld_reason="dispute")
    migration = import_module("payments.migrations.0012_reason_of_lost_disputes")
    migration.name_lost_disputes(apps, None)
    assert Access.objects.get().withheld_reason == reason
    migration.forget_lost_disputes(apps, None)
    assert Access.objects.get().withheld_reason == "dispute"


def test_restored_access_has_no_reason(tell, order):
    tell(paid_event(order), dispute_event(order))
    tell(dispute_event(order, kind="charge.dispute.closed", status="won", created=2000))
    assert Access.objects.values_list("withheld_from", "withheld_reason").get() == (None, "")
