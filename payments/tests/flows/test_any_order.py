"""Stripe's events shuffled, doubled and dropped: the end depends only on what Stripe says last.

A machine plays Stripe: it takes payments, pays back, opens and closes disputes, and tells each
step in an event. Events are delivered in any order, some twice, some never. In the end the last
event about each object has come, and the order must be what Stripe's objects say, as an
independent and much simpler account of them has it.
"""

import itertools
import json
import uuid

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from catalog.models import Access, TestBank
from outbox.models import OutgoingMail
from payments.domain.order_placement import get_or_place_order
from payments.flows.webhook_inbox import receive_event
from payments.models import Order, StripeEvent
from payments.tests.conftest import RETURN_URLS
from payments.tests.stripe_events import charge_event, dispute_event, paid_event, refund_event

pytestmark = pytest.mark.slow

PRICE = 1900
REFUND_GOES_ON = {
    "pending": ["requires_action", "succeeded", "failed", "canceled"],
    "requires_action": ["succeeded", "failed", "canceled"],
    "succeeded": ["failed"],
}
DISPUTE_GOES_ON = {
    "warning_needs_response": ["warning_under_review", "warning_closed", "needs_response"],
    "warning_under_review": ["warning_closed", "needs_response"],
    "needs_response": ["under_review", "won", "lost"],
    "under_review": ["won", "lost"],
    "lost": ["won"],
}
COUNTED = {"pending", "requires_action", "succeeded"}


class Stripe(RuleBasedStateMachine):
    """Stripe's side of one order, and the events about it. `bank` is set by the test."""

    bank: TestBank

    def __init__(self):
        super().__init__()
        number = uuid.uuid4().hex
        self.order = get_or_place_order(
            learner=User.objects.create_user(f"{number}@example.org"),
            test_bank=self.bank,
            mode="sandbox",
            account="",
            return_urls=RETURN_URLS,
            at=timezone.now(),
        )
        self.names = (f"evt_{number}_{count}" for count in itertools.count())
        self.clock = 1000
        self.session = ""
        self.refunds = {}
        self.disputes = {}
        self.told = []  # (object, event), oldest first

    def tell(self, subject, event):
        self.told.append((subject, {**event, "id": next(self.names), "created": self.clock}))

    def tell_session(self, kind, **changes):
        event = paid_event(self.order, kind=f"checkout.session.{kind}", **changes)
        self.tell("session", event)

    @rule(seconds=st.integers(0, 5))
    def time_goes_by(self, seconds):
        self.clock += seconds

    @initialize(end=st.sampled_from(["paid", "paid", "paid", "under way", "expired"]))
    def leave_the_page(self, end):
        self.session = end
        if end == "paid":
            self.tell_session("completed")
        elif end == "under way":
            self.tell_session("completed", payment_status="unpaid")
        else:
            self.tell_session("expired", status="expired", payment_status="unpaid")

    @precondition(lambda self: self.session == "under way")
    @rule(arrives=st.booleans())
    def slow_money(self, arrives):
        self.session = "paid" if arrives else "failed"
        if arrives:
            self.tell_session("async_payment_succeeded")
        else:
            self.tell_session("async_payment_failed", payment_status="unpaid")

    @precondition(lambda self: self.session == "paid" and self.left() > 0)
    @rule(data=st.data(), whole=st.booleans(), status=st.sampled_from(["pending", "succeeded"]))
    def refund(self, data, whole, status):
        amount = self.left() if whole else data.draw(st.integers(1, self.left()))
        name = f"re_{self.order.pk.hex}_{len(self.refunds)}"
        self.refunds[name] = {"amount": amount, "status": status, "made": self.clock}
        self.tell_refund(name, "refund.created")
        self.tell("charge", charge_event(self.order, refunded=PRICE - self.left()))

    @precondition(lambda self: self.going_on(self.refunds, REFUND_GOES_ON))
    @rule(data=st.data())
    def refund_goes_on(self, data):
        name = data.draw(st.sampled_from(self.going_on(self.refunds, REFUND_GOES_ON)))
        refund = self.refunds[name]
        self.clock += 1
        refund["status"] = data.draw(st.sampled_from(REFUND_GOES_ON[refund["status"]]))
        self.tell_refund(
            name, "refund.failed" if refund["status"] == "failed" else "refund.updated"
        )

    def tell_refund(self, name, kind):
        self.tell(name, refund_event(self.order, kind=kind, refund=name, **self.refunds[name]))

    @precondition(lambda self: self.session == "paid" and len(self.disputes) < 2)
    @rule(status=st.sampled_from(["needs_response", "warning_needs_response"]))
    def open_dispute(self, status):
        name = f"dp_{self.order.pk.hex}_{len(self.disputes)}"
        self.disputes[name] = {"status": status, "made": self.clock}
        self.tell_dispute(name, "charge.dispute.created")

    @precondition(lambda self: self.going_on(self.disputes, DISPUTE_GOES_ON))
    @rule(data=st.data())
    def dispute_goes_on(self, data):
        name = data.draw(st.sampled_from(self.going_on(self.disputes, DISPUTE_GOES_ON)))
        dispute = self.disputes[name]
        kind = "funds_reinstated" if dispute["status"] == "lost" else "closed"
        self.clock += 1
        dispute["status"] = data.draw(st.sampled_from(DISPUTE_GOES_ON[dispute["status"]]))
        self.tell_dispute(name, f"charge.dispute.{kind}")

    def tell_dispute(self, name, kind):
        self.tell(name, dispute_event(self.order, kind=kind, dispute=name, **self.disputes[name]))

    def going_on(self, objects, ways):
        return [name for name, one in objects.items() if one["status"] in ways]

    def left(self):
        return PRICE - sum(
            one["amount"] for one in self.refunds.values() if one["status"] in COUNTED
        )

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def deliver(self, data):
        """Any of the events so far, whether it came before or not."""
        _subject, event = data.draw(st.sampled_from(self.told))
        deliver(event)

    @invariant()
    def access_only_for_money(self):
        order = Order.objects.get(pk=self.order.pk)
        if order.status not in {"paid", "partially_refunded"}:
            assert self.live() == 0

    def live(self):
        accesses = Access.objects.live(timezone.now())
        return accesses.filter(source_id=str(self.order.pk)).count()

    def teardown(self):
        """The last event about each object comes, in some order; all others may be lost."""
        last = list(dict(self.told).values())
        for event in sorted(last, key=lambda event: uuid.uuid5(uuid.NAMESPACE_OID, event["id"])):
            deliver(event)
        order = Order.objects.get(pk=self.order.pk)
        assert (order.status, order.refunded_minor, self.live()) == self.expected()
        assert not StripeEvent.objects.exclude(status__in=["done"]).exists()
        assert OutgoingMail.objects.filter(key__startswith=f"access-{order.pk}").count() == (
            self.session == "paid"
        )

    def expected(self):
        """What Stripe's objects say now: status, sum that went back, live accesses."""
        if self.session != "paid":
            unpaid = {"under way": "pending"}
            return unpaid.get(self.session, self.session), 0, 0
        back = PRICE - self.left()
        disputes = {one["status"] for one in self.disputes.values()}
        if back == PRICE or "lost" in disputes:
            return "refunded", back, 0
        if disputes & {"needs_response", "under_review"}:
            return "disputed", back, 0
        return "partially_refunded" if back else "paid", back, 1


def deliver(event):
    receive_event(event=event, body=json.dumps(event).encode(), at=timezone.now())


@pytest.mark.proof
# Where it fails, hypothesis looks for the shortest history, which takes minutes.
@pytest.mark.timeout(600)
@pytest.mark.django_db
def test_final_state_in_any_event_order(test_bank, settings):
    settings.WORKER = True
    Stripe.bank = test_bank
    run_state_machine_as_test(Stripe, settings=SEARCH)


SEARCH = settings(
    max_examples=80,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
