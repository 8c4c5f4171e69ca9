"""The purchase up to Stripe's page, and asking Stripe what became of it.

Everything is committed before Stripe is called, and no transaction is open during a call.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from catalog.models import TestBank
from catalog.price_rules import price_problem
from catalog.services import live_access
from payments.domain.fulfillment import apply_session
from payments.domain.order_life_cycle import (
    AWAITING_PAYMENT,
    mark_asked,
    mark_expired,
    mark_failed,
    mark_open,
)
from payments.domain.order_placement import ReturnUrls, get_or_place_order, is_up_to_date
from payments.errors import (
    AlreadyOwned,
    FreeBank,
    NotOnSale,
    NotPayable,
    OtherMode,
    PaymentUnderWay,
)
from payments.flows.webhook_inbox import close_overtaken_events
from payments.models import Order, OrderEvent
from payments.monitoring.outages import watch_outages
from payments.stripe.api import (
    IDEMPOTENCY_KEY_LIFETIME,
    create_session,
    expire_session,
    find_session,
    retrieve_session,
)
from payments.stripe.client import is_of_current_key
from payments.stripe.errors import APIError, InvalidRequestError, StripeError, is_replayed_error
from payments.stripe.facts import SessionFacts

logger = logging.getLogger(__name__)

RETURN_PAGE_DEADLINE_SECONDS = 5.0
MAX_FORMER_ORDERS = 5


@dataclass(frozen=True)
class CheckoutSession:
    """A session that the buyer can pay: Stripe's id, the URL of its page, our order."""

    id: str
    url: str
    order: Order


def start_checkout(
    *, test_bank: TestBank, learner: User, return_urls: ReturnUrls
) -> CheckoutSession:
    """Return the Checkout session in which this learner can buy this bank.

    Idempotent: see `create_checkout_session`, which says what it raises.
    """
    _refuse_needless_purchase(test_bank, learner, at=timezone.now())
    # Each pass closes an order that can no longer be paid, until one is open or newly placed.
    for _former in range(MAX_FORMER_ORDERS):
        order = get_or_place_order(
            learner=learner,
            test_bank=test_bank,
            mode=settings.STRIPE_MODE,
            account=settings.STRIPE_ACCOUNT,
            return_urls=return_urls,
            at=timezone.now(),
        )
        if session := _payable_session(order, test_bank):
            watch_outages(at=timezone.now())
            return CheckoutSession(id=session.id, url=session.url, order=order)
        # Asking Stripe may have found that order paid, which grants the access.
        _refuse_needless_purchase(test_bank, learner, at=timezone.now())
    raise PaymentUnderWay(order)


def confirm_payment(order: Order) -> Order:
    """Ask Stripe once, with a short deadline, what became of the order's session.

    Idempotent. Does nothing if the order has no session. Raises: OtherMode, StripeError.
    """
    if not is_of_current_key(order):
        raise OtherMode(order)
    if order.is_settled or not order.session_id:
        return order
    session = retrieve_session(order.session_id, deadline_seconds=RETURN_PAGE_DEADLINE_SECONDS)
    order = apply_session(session, source=OrderEvent.Source.RETURN_PAGE, at=timezone.now())
    if order.status not in AWAITING_PAYMENT:
        close_overtaken_events(at=timezone.now())
    return order


def cancel_order(order: Order, *, at: datetime) -> Order:
    """Cancel an order at its buyer's wish: expire its session at Stripe, then the order.

    Idempotent. Paid wins: an order that was paid at that moment comes back as paid. If Stripe
    cannot be reached, nothing changes, so that nobody pays for a canceled order.

    Raises: PaymentUnderWay, OtherMode, StripeError.
    """
    if order.status not in AWAITING_PAYMENT:
        return order
    session = _existing_session(order)
    if session and session.status == "open":
        session = expire_session(session.id)
    if session:
        order = apply_session(session, source=OrderEvent.Source.CHECKOUT, at=at)
        if session.is_processing:
            raise PaymentUnderWay(order)
    mark_expired(order, source=OrderEvent.Source.CHECKOUT, at=at)
    return order


def withdraw_order(order: Order, *, at: datetime) -> None:
    """Expire an order that nobody is to pay, and its session at Stripe.

    Idempotent; a paid order stays paid. If Stripe cannot be reached, the session expires by
    itself within a day.
    """
    if order.is_settled:
        return
    try:
        session = _existing_session(order)
        if session and session.status == "open":
            session = expire_session(session.id)
        if session:
            apply_session(session, source=OrderEvent.Source.CHECKOUT, at=at)
    except (OtherMode, StripeError) as error:
        logger.warning("order=%s: its session was not expired: %s", order.pk, type(error).__name__)
    mark_expired(order, source=OrderEvent.Source.CHECKOUT, at=at)


def _refuse_needless_purchase(test_bank: TestBank, learner: User, *, at: datetime) -> None:
    if live_access(learner=learner, test_bank=test_bank, at=at):
        raise AlreadyOwned(test_bank)
    if not test_bank.is_on_sale:
        raise NotOnSale(test_bank)
    if test_bank.is_free:
        raise FreeBank(test_bank)
    if problem := price_problem(test_bank.price_minor, test_bank.currency):
        logger.error("bank=%s is for sale at a price that Stripe rejects: %s", test_bank, problem)
        raise NotPayable(test_bank)


def _payable_session(order: Order, test_bank: TestBank) -> SessionFacts | None:
    """Return the order's session if it can be paid now; None if the order has ended.

    Raises: PaymentUnderWay, StripeError.
    """
    if not is_of_current_key(order):
        # Its session cannot be expired with this key; a late payment of it still wins.
        mark_expired(order, source=OrderEvent.Source.CHECKOUT, at=timezone.now())
        return None
    try:
        session = _retrieve_or_create_session(order)
    except InvalidRequestError:
        if order.session_id or is_up_to_date(order, test_bank):
            raise
        # Stripe refused the old request, so it made no session: the bank gets a new order.
        mark_failed(order, source=OrderEvent.Source.CHECKOUT, at=timezone.now())
        return None
    if session is None:
        mark_expired(order, source=OrderEvent.Source.CHECKOUT, at=timezone.now())
        return None
    if session.status == "open" and not is_up_to_date(order, test_bank):
        session = expire_session(session.id)
    if session.status == "open":
        mark_open(order, session, at=timezone.now())
        return session
    apply_session(session, source=OrderEvent.Source.CHECKOUT, at=timezone.now())
    if session.is_processing:
        raise PaymentUnderWay(order)
    return None


def _retrieve_or_create_session(order: Order) -> SessionFacts | None:
    """Retrieve the order's session, or create it; None if Stripe has none and makes none.

    A known session is retrieved. Otherwise the stored request is sent with its own key, which
    returns the same session if it was sent before. Once Stripe may have forgotten that key, or
    only replays an error with it, the session is looked for.
    """
    if order.session_id:
        return _known_session(order.session_id)
    if order.asked_at and timezone.now() - order.asked_at > IDEMPOTENCY_KEY_LIFETIME:
        return find_session(order, since=order.asked_at)
    mark_asked(order, at=timezone.now())
    try:
        return create_session(order)
    except APIError as error:
        if not is_replayed_error(error):
            raise
        return find_session(order, since=order.asked_at or timezone.now())


def _known_session(session_id: str) -> SessionFacts | None:
    """Retrieve a session; None if Stripe does not know it, so that nobody can pay it.

    The keys were exchanged for those of another account, and STRIPE_ACCOUNT does not tell them
    apart. A late payment of it still wins.
    """
    try:
        return retrieve_session(session_id)
    except InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        logger.warning("session=%s is unknown to the account of the key in use", session_id)
        return None


def _existing_session(order: Order) -> SessionFacts | None:
    """Ask Stripe for the order's session without making one. Raises: OtherMode, StripeError."""
    if not is_of_current_key(order):
        raise OtherMode(order)
    if order.session_id:
        return _known_session(order.session_id)
    return find_session(order, since=order.asked_at) if order.asked_at else None
