"""How an order is placed: committed with its exact request before Stripe is called."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import User
from catalog.models import TestBank
from payments.domain.order_life_cycle import record_event
from payments.models import OpenCheckout, Order, OrderLine

# A concurrent request may place the order first, and may close it before it is read.
MAX_ATTEMPTS = 5
NIL = uuid.UUID(int=0)


@dataclass(frozen=True)
class ReturnUrls:
    """Where Stripe sends the buyer afterwards; `{order}` stands for the order's id."""

    success: str
    cancelled: str

    @classmethod
    def of_site(cls, origin: str) -> "ReturnUrls":
        """Return the URLs of this site's pages at an origin such as `https://shop.example`."""
        success, cancelled = (
            origin + reverse(name, args=[NIL]).replace(str(NIL), "{order}")
            for name in ("payments:success", "payments:cancelled")
        )
        return cls(success=success, cancelled=cancelled)


def get_or_place_order(
    *,
    learner: User,
    test_bank: TestBank,
    mode: str,
    account: str,
    return_urls: ReturnUrls,
    at: datetime,
) -> Order:
    """Return the order that is open for this learner, bank and mode; place one if none is.

    Idempotent, also when called at once on several servers: `OpenCheckout` is unique, so the
    second caller finds the order of the first. Raises: IntegrityError if the order cannot exist.
    """
    open_orders = Order.objects.filter(
        open_checkout__learner=learner,
        open_checkout__test_bank=test_bank,
        open_checkout__mode=mode,
    )
    for attempt in range(MAX_ATTEMPTS):
        if order := open_orders.first():
            return order
        try:
            return _place_order(
                learner=learner,
                test_bank=test_bank,
                mode=mode,
                account=account,
                return_urls=return_urls,
                at=at,
            )
        except IntegrityError:
            if attempt == MAX_ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


@transaction.atomic
def _place_order(
    *,
    learner: User,
    test_bank: TestBank,
    mode: str,
    account: str,
    return_urls: ReturnUrls,
    at: datetime,
) -> Order:
    order = Order(
        user=learner,
        email=learner.email,
        account=account,
        mode=mode,
        amount_minor=test_bank.price_minor,
        currency=test_bank.currency,
        idempotency_key=f"order-{uuid.uuid4()}",
        created_at=at,
    )
    request = session_request(order=order, test_bank=test_bank, return_urls=return_urls)
    order.request = json.dumps(request)
    order.save(force_insert=True)
    OpenCheckout.objects.create(learner=learner, test_bank=test_bank, mode=mode, order=order)
    OrderLine.objects.create(
        order=order,
        test_bank=test_bank,
        title=test_bank.title,
        amount_minor=test_bank.price_minor,
        access_days=test_bank.access_days,
    )
    record_event(order, kind="placed", at=at)
    return order


def session_request(
    *, order: Order, test_bank: TestBank, return_urls: ReturnUrls
) -> dict[str, Any]:
    """Return the parameters of the order's Checkout session.

    Nothing in them depends on the time, because Stripe refuses an idempotency key that comes
    back with another body. No payment methods are listed: Stripe chooses them. Stripe does not
    copy a session's metadata to its payment intent, so both carry the order's id.
    """
    return {
        "mode": "payment",
        "line_items": [
            {
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": order.amount_minor,
                    "product_data": {"name": test_bank.title},
                },
                "quantity": 1,
            }
        ],
        "customer_email": order.email,
        "client_reference_id": str(order.id),
        "metadata": {"order_id": str(order.id)},
        "payment_intent_data": {"metadata": {"order_id": str(order.id)}},
        "success_url": return_urls.success.replace("{order}", str(order.id)),
        "cancel_url": return_urls.cancelled.replace("{order}", str(order.id)),
    }


def is_up_to_date(order: Order, test_bank: TestBank) -> bool:
    """Return True if the order asks for the bank's current price, title and length of access."""
    line = order.lines.get(test_bank=test_bank)
    return (order.currency, order.amount_minor, line.title, line.access_days) == (
        test_bank.currency,
        test_bank.price_minor,
        test_bank.title,
        test_bank.access_days,
    )
