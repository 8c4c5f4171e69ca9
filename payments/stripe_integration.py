"""Every call of the shop to Stripe: making, reading and expiring Checkout sessions.

`create_checkout_session` is the whole purchase up to Stripe's page. What an answer means
for the order is decided in `fulfilment.py` and `orders.py`.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from stripe import APIConnectionError, APIError, InvalidRequestError, StripeError

from accounts.models import User
from catalog.models import TestBank
from catalog.services import live_access
from payments.domain import order_life_cycle as orders
from payments.errors import AlreadyOwned, FreeBank, NotOnSale, OtherMode, PaymentUnderWay
from payments.domain.fulfillment import PURCHASE, RETURN_PAGE, settle
from payments.models import Order
from payments.stripe.sessions import SessionFacts, session_facts
from payments.stripe.client import stripe_client

__all__ = [
    "APIConnectionError",
    "APIError",
    "CheckoutSession",
    "InvalidRequestError",
    "StripeError",
    "confirm_payment",
    "create_checkout_session",
    "existing_session",
    "is_kept_fault",
    "is_of_the_key",
    "withdraw",
]

logger = logging.getLogger("payments.stripe_integration")

# Stripe keeps idempotency keys for at least 24 hours. After that the same key makes a new
# session, so an older unanswered request is looked for instead of being sent again.
# Source: docs.stripe.com/api/idempotent_requests.
KEY_LIFETIME = timedelta(hours=23)
RETURN_PAGE_DEADLINE_SECONDS = 5.0
MOST_FORMER_ORDERS = 5


@dataclass(frozen=True)
class CheckoutSession:
    """A session that the buyer can pay: Stripe's id, the address of its page, our order."""

    id: str
    url: str
    order: Order


def create_checkout_session(
    test_bank: TestBank, user: User, request: HttpRequest | None = None
) -> CheckoutSession:
    """The Checkout session in which this user can buy this bank.

    Idempotent: called again, or at once from two tabs or two servers, it gives the same
    session while that is open and the bank's price is the same. The order and the exact
    request are committed before Stripe is asked. Addresses are those of `request`, or of
    SITE_URL without one.

    Raises: AlreadyOwned, FreeBank, NotOnSale, PaymentUnderWay; StripeError and its
    subclasses (APIConnectionError, APIError, InvalidRequestError, …) where Stripe cannot
    be reached or refuses; the order then stays and the next call goes on with it.
    """
    _refuse_needless(test_bank, user, at=timezone.now())
    for _former in range(MOST_FORMER_ORDERS):
        order = orders.open_order(
            learner=user,
            test_bank=test_bank,
            mode=settings.STRIPE_MODE,
            account=settings.STRIPE_ACCOUNT,
            addresses=_return_addresses(request),
            at=timezone.now(),
            is_asked=True,
        )
        if session := _payable_session(order, test_bank):
            return CheckoutSession(id=session.id, url=session.url, order=order)
        _refuse_needless(test_bank, user, at=timezone.now())
    raise PaymentUnderWay(order)


def confirm_payment(order: Order) -> Order:
    """Ask Stripe once, within a few seconds, what became of the order's session.

    Idempotent. Does nothing where no session is known. Raises: OtherMode, StripeError.
    """
    _refuse_other_mode(order)
    if order.is_settled or not order.session_id:
        return order
    client = stripe_client(RETURN_PAGE_DEADLINE_SECONDS)
    session = session_facts(client.v1.checkout.sessions.retrieve(order.session_id).to_dict())
    return settle(session, door=RETURN_PAGE, at=timezone.now())


def _refuse_other_mode(order: Order) -> None:
    """What a key of one mode or account has made is unknown to any other: nobody is asked."""
    if not is_of_the_key(order):
        raise OtherMode(order)


def is_of_the_key(order: Order) -> bool:
    """True where the key in use is of the order's mode and, where both are named, account."""
    accounts = {order.account, settings.STRIPE_ACCOUNT} - {""}
    return order.mode == settings.STRIPE_MODE and len(accounts) <= 1


def _refuse_needless(test_bank: TestBank, user: User, *, at: datetime) -> None:
    if live_access(learner=user, test_bank=test_bank, at=at):
        raise AlreadyOwned(test_bank)
    if not test_bank.is_on_sale:
        raise NotOnSale(test_bank)
    if test_bank.is_free:
        raise FreeBank(test_bank)


def _return_addresses(request: HttpRequest | None) -> orders.ReturnAddresses:
    nobody = "00000000-0000-0000-0000-000000000000"

    def absolute(name: str) -> str:
        path = reverse(name, args=[nobody])
        address = request.build_absolute_uri(path) if request else settings.SITE_URL + path
        return address.replace(nobody, "{order}")

    return orders.ReturnAddresses(
        success=absolute("payments:success"), cancelled=absolute("payments:cancelled")
    )


def _payable_session(order: Order, test_bank: TestBank) -> SessionFacts | None:
    """The order's session where it can be paid now; None where the order has come to an end.

    A session whose bank has changed is expired at Stripe before the order is let go; one of
    another account cannot be asked for, and a late payment of it still wins.
    Raises: PaymentUnderWay, StripeError.
    """
    if not is_of_the_key(order):
        orders.mark_expired(order, door=PURCHASE, at=timezone.now())
        return None
    try:
        session = _session_of(order)
    except InvalidRequestError:
        if order.session_id or orders.still_describes(order, test_bank):
            raise
        # Stripe refused the old request, so it made nothing: the bank as it is now gets
        # an order of its own.
        orders.mark_failed(order, door=PURCHASE, at=timezone.now())
        return None
    if session is None:
        orders.mark_expired(order, door=PURCHASE, at=timezone.now())
        return None
    if session.status == "open" and not orders.still_describes(order, test_bank):
        session = _expired(session)
    if session.status == "open":
        orders.record_session(order, session, at=timezone.now())
        return session
    settle(session, door=PURCHASE, at=timezone.now())
    if session.is_under_way:
        raise PaymentUnderWay(order)
    return None


def _session_of(order: Order) -> SessionFacts | None:
    """What Stripe says of the order's session; None where it is known to have none.

    Stripe is asked for a session that we know of, else the stored request is sent (again)
    with its own key; once that key may be forgotten, or has only a fault of Stripe's to tell,
    the session is looked for.
    """
    sessions = stripe_client().v1.checkout.sessions
    if order.session_id:
        return session_facts(sessions.retrieve(order.session_id).to_dict())
    if order.asked_at and timezone.now() - order.asked_at > KEY_LIFETIME:
        return _lost_session(order, since=order.asked_at)
    orders.note_asked(order, at=timezone.now())
    request, key = json.loads(order.request), order.idempotency_key
    try:
        return session_facts(sessions.create(request, {"idempotency_key": key}).to_dict())
    except APIError as error:
        if not is_kept_fault(error):
            raise
        return _lost_session(order, since=order.asked_at or timezone.now())


def is_kept_fault(error: APIError) -> bool:
    """True for a fault that came before and is told again: it is kept with the key for a day.

    The attempt that met it has ended, and nobody was ever given a session that it made.
    Source: docs.stripe.com/api/idempotent_requests.
    """
    was_told_before = (error.headers or {}).get("Idempotent-Replayed") == "true"
    return was_told_before and (error.http_status or 0) >= 500


def _lost_session(order: Order, *, since: datetime) -> SessionFacts | None:
    """The session that an unanswered request may have made, found by our own metadata."""
    sessions = _sessions_since(since)
    return next((facts for facts in sessions if facts.order_id == str(order.pk)), None)


def existing_session(order: Order) -> SessionFacts | None:
    """What Stripe says of the order's session, without making one; None where it has none.

    Raises: OtherMode, StripeError.
    """
    _refuse_other_mode(order)
    if order.session_id:
        sessions = stripe_client().v1.checkout.sessions
        return session_facts(sessions.retrieve(order.session_id).to_dict())
    return _lost_session(order, since=order.asked_at) if order.asked_at else None


def withdraw(order: Order, *, at: datetime) -> None:
    """Let an order that nobody is to pay expire, and its session at Stripe with it.

    Idempotent; what is paid stays paid. Where Stripe cannot be asked, its session ends by
    itself within a day.
    """
    if order.is_settled:
        return
    try:
        session = existing_session(order)
        if session and session.status == "open":
            session = _expired(session)
        if session:
            settle(session, door=PURCHASE, at=at)
    except (OtherMode, StripeError) as error:
        logger.warning("order=%s: its session was not expired: %s", order.pk, type(error).__name__)
    orders.mark_expired(order, door=PURCHASE, at=at)


def _sessions_since(since: datetime, **filters: str) -> Iterator[SessionFacts]:
    # Stripe's clock and ours differ by a little.
    created = {"gte": int((since - timedelta(minutes=1)).timestamp())}
    wanted: Any = {"created": created, "limit": 100, **filters}
    page = stripe_client().v1.checkout.sessions.list(wanted)
    for session in page.auto_paging_iter():
        yield session_facts(session.to_dict())


def _expired(session: SessionFacts) -> SessionFacts:
    """The session after it was expired; as it is where it was paid in that very moment."""
    sessions = stripe_client().v1.checkout.sessions
    try:
        return session_facts(sessions.expire(session.id).to_dict())
    except InvalidRequestError:
        return session_facts(sessions.retrieve(session.id).to_dict())
