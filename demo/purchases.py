"""Create purchases in the past, from the facts that Stripe's webhooks would have sent."""

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import User
from catalog.models import TestBank
from payments.domain.fulfillment import apply_session, fulfill, record_failed_payment
from payments.domain.order_life_cycle import mark_asked, mark_open
from payments.domain.order_placement import ReturnUrls, get_or_place_order
from payments.domain.refunds_and_disputes import record_refund
from payments.models import Order, OrderEvent, Refund
from payments.stripe.facts import RefundFacts, SessionFacts

WEBHOOK = OrderEvent.Source.WEBHOOK
PAID_AFTER = timedelta(seconds=74)
SESSION_LASTS = timedelta(hours=24)


def buy(learner: User, test_bank: TestBank, *, at: datetime) -> Order:
    """Place and pay an order, which grants access and queues the receipt."""
    order = _open(learner, test_bank, at=at)
    return fulfill(_session(order, "complete", "paid", at), source=WEBHOOK, at=at + PAID_AFTER)


def abandon(learner: User, test_bank: TestBank, *, at: datetime) -> Order:
    """Place an order whose session expires unpaid."""
    order = _open(learner, test_bank, at=at)
    session = _session(order, "expired", "unpaid", at)
    return apply_session(session, source=WEBHOOK, at=at + SESSION_LASTS)


def fail(learner: User, test_bank: TestBank, *, at: datetime) -> Order:
    """Place an order whose delayed payment fails."""
    order = _open(learner, test_bank, at=at)
    session = _session(order, "complete", "unpaid", at)
    return record_failed_payment(session, source=WEBHOOK, at=at + timedelta(days=3))


def refund(order: Order, amount_minor: int, *, at: datetime) -> Order:
    """Refund a part or all of an order."""
    facts = RefundFacts(
        id=f"re_demo_{order.pk.hex}",
        payment_intent_id=order.payment_intent_id,
        amount_minor=amount_minor,
        currency=order.currency,
        status=Refund.Status.SUCCEEDED,
        reason=Refund.Reason.REQUESTED,
        failure="",
        created_at=at,
        refund_id="",
    )
    return record_refund(facts, livemode=False, told_at=at, source=WEBHOOK, at=at)


def _open(learner: User, test_bank: TestBank, *, at: datetime) -> Order:
    """Place an order with an open session."""
    order = get_or_place_order(
        learner=learner,
        test_bank=test_bank,
        mode=Order.Mode.SANDBOX,
        account="",
        return_urls=ReturnUrls.of_site(settings.SITE_URL),
        at=at,
    )
    mark_asked(order, at=at)
    mark_open(order, _session(order, "open", "unpaid", at), at=at)
    return order


def _session(order: Order, status: str, payment_status: str, at: datetime) -> SessionFacts:
    paid = payment_status == "paid"
    return SessionFacts(
        id=f"cs_test_demo_{order.pk.hex}",
        status=status,
        payment_status=payment_status,
        amount_minor=order.amount_minor,
        amount_before_discount_minor=order.amount_minor,
        currency=order.currency,
        livemode=False,
        order_id=str(order.pk),
        payment_intent_id=f"pi_demo_{order.pk.hex}" if paid else "",
        url="",
        expires_at=at + SESSION_LASTS,
    )
