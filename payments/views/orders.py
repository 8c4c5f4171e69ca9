"""A buyer's orders: the return page, the receipt, and the history."""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from catalog.http import SeeOther
from catalog.models import Access
from catalog.money import format_price
from payments.domain.order_life_cycle import AWAITING_PAYMENT
from payments.domain.receipts import queue_receipts_again, recipient_of, seller_details
from payments.errors import NothingBought, OtherMode, PaymentUnderWay
from payments.flows.checkout import cancel_order, confirm_payment
from payments.models import Order, OrderEvent
from payments.monitoring.incidents import report_incident
from payments.stripe.errors import StripeError
from safety.rate_limits import (
    PAYMENT_CHECK,
    PAYMENT_PAGE,
    RECEIPT,
    allow,
    rate_limited,
    seconds_left,
    try_again_in,
)

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 5
# How far Stripe's clock may be from ours.
CLOCK_DIFFERENCE = timedelta(minutes=1)
# Stripe's decline codes that a buyer can do something about.
# Source: docs.stripe.com/declines/codes.
FAILURE_REASONS = {
    "insufficient_funds": gettext_lazy("The account did not have enough funds."),
    "expired_card": gettext_lazy("The card has expired."),
    "incorrect_cvc": gettext_lazy("The security code was incorrect."),
    "card_velocity_exceeded": gettext_lazy("The card's limit was reached."),
    "debit_not_authorized": gettext_lazy("The debit was not authorized."),
    "account_closed": gettext_lazy("The bank account is closed."),
    "card_declined": gettext_lazy("The bank declined the payment."),
    "generic_decline": gettext_lazy("The bank declined the payment."),
}


def own_order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    """Return this person's order in the mode in use. Raises: Http404."""
    own = Order.objects.visible_to(request.user).in_mode(settings.STRIPE_MODE)
    return get_object_or_404(own, pk=order_id)


@login_required
@require_GET
def success(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Show the page that Stripe sends the buyer back to.

    It grants nothing by itself: it asks Stripe. It refreshes itself until the payment is
    confirmed. Beyond the rate limit it shows what is known here.
    """
    order, was_asked = own_order(request, order_id), False
    try:
        if allow(PAYMENT_PAGE, key=order.user_id, at=timezone.now()):
            order, was_asked = _confirm(order), True
    except (OtherMode, StripeError):
        logger.info("order=%s: the payment is still being confirmed", order.pk)
    is_confirming = order.status in AWAITING_PAYMENT and not was_asked
    context = {**_order_context(order), "is_confirming": is_confirming}
    return render(request, "payments/success.html", context)


def _confirm(order: Order) -> Order:
    """Ask Stripe; report an incident if it cannot be reached. Raises: OtherMode, StripeError."""
    try:
        return confirm_payment(order)
    except StripeError as error:
        subject = f"confirming order={order.pk}"
        report_incident(error, subject=subject, order=order, at=timezone.now())
        raise


def _order_context(order: Order) -> dict[str, Any]:
    accesses = Access.objects.live(timezone.now()).filter(
        source_kind=Access.Source.ORDER, source_id=str(order.pk)
    )
    open_banks = set(accesses.values_list("test_bank_id", flat=True))
    lines = list(order.lines.select_related("test_bank").order_by("pk"))
    return {
        "order": order,
        "lines": lines,
        "open_lines": [line for line in lines if line.test_bank_id in open_banks],
        "refunds": [one for one in order.refunds.order_by("created_at") if one.counts],
        "paid_back": format_price(order.refunded_minor, order.paid_currency or order.currency),
        "is_unpaid": order.status in AWAITING_PAYMENT,
        "failure": failure_reason(order) if order.status == Order.Status.FAILED else "",
        "ran_out_of_time": order.status == Order.Status.EXPIRED and ran_out_of_time(order),
        **seller_details(),
        "refresh_seconds": REFRESH_SECONDS,
    }


def failure_reason(order: Order) -> str:
    """Return why the payment failed, in the buyer's words; "" if nobody said."""
    declined = order.events.filter(kind="declined").order_by("-at", "-pk")
    code = declined.values_list("detail__code", flat=True).first()
    return str(FAILURE_REASONS.get(code or "", ""))


def ran_out_of_time(order: Order) -> bool:
    """Return True if nobody canceled the order: its session ended when its time was over."""
    ended = order.events.filter(kind="expired").order_by("at").first()
    if ended is None or ended.source == OrderEvent.Source.CHECKOUT:
        return False
    # Stripe's event of a session that was canceled can come before our own row.
    ends_at = order.session_expires_at
    return ends_at is None or ended.at > ends_at - CLOCK_DIFFERENCE


@login_required
@require_POST
def check(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Ask Stripe about the payment now, at most six times a minute."""
    order = own_order(request, order_id)
    if not allow(PAYMENT_CHECK, key=order.pk, at=timezone.now()):
        messages.info(
            request,
            _("We just checked your payment. Please wait a minute before you check it again."),
        )
        return _back(order)
    try:
        order = _confirm(order)
    except OtherMode:
        words = _(
            "We could not check your payment because it belongs to a payment account that this "
            "site no longer uses. Your order has not changed."
        )
        messages.warning(request, words)
        return _back(order)
    except StripeError:
        words = _(
            "We could not check your payment right now. Your order is safe, and we will keep "
            "checking automatically."
        )
        messages.warning(request, words)
        return _back(order)
    if order.is_settled:
        messages.success(request, _("We checked, and your payment has been received."))
    else:
        messages.info(request, _("We checked, but no payment has been received yet."))
    return _back(order)


@login_required
@require_POST
@rate_limited(PAYMENT_CHECK)
def cancel(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Cancel an order that is not paid yet; a payment that was made meanwhile wins."""
    order = own_order(request, order_id)
    try:
        order = cancel_order(order, at=timezone.now())
    except PaymentUnderWay:
        words = _("Your payment is processing, so this order can no longer be canceled.")
        messages.warning(request, words)
    except OtherMode:
        words = _(
            "We could not cancel this order because it belongs to a payment account that this "
            "site no longer uses. Your order has not changed. If you do not pay, it will be "
            "canceled automatically."
        )
        messages.warning(request, words)
    except StripeError:
        words = _(
            "We could not cancel this order because the payment service is not responding. "
            "Please try again in a minute. Your order has not changed."
        )
        messages.warning(request, words)
    else:
        if order.is_settled:
            messages.info(request, _("This order was paid before it could be canceled."))
        else:
            messages.success(request, _("The order was canceled. You have not been charged."))
    return _back(order)


@login_required
@require_GET
def receipt(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Show the receipt of a paid order, to print."""
    order = own_order(request, order_id)
    if not order.is_settled:
        return _back(order)
    lines = [
        (line, format_price(line.amount_minor, order.currency))
        for line in order.lines.order_by("pk")
    ]
    context = {**_order_context(order), "lines": lines, "paid": _paid(order), "left": _left(order)}
    return render(request, "payments/receipt.html", context)


def _paid(order: Order) -> str:
    if order.paid_minor is None:
        return order.price
    return format_price(order.paid_minor, order.paid_currency)


def _left(order: Order) -> str:
    return format_price(order.left_minor, order.paid_currency or order.currency)


@login_required
@require_POST
def resend(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Send the receipt again, at most three times an hour."""
    order = own_order(request, order_id)
    now = timezone.now()
    if not allow(RECEIPT, key=order.pk, at=now):
        words = _(
            "We have already sent the receipt several times, so we did not send it again. Check "
            "your spam folder."
        )
        wait = try_again_in(seconds_left(RECEIPT, at=now))
        messages.info(request, f"{words} {wait}")
        return _back(order)
    try:
        queue_receipts_again(order, at=now)
    except NothingBought:
        return _back(order)
    words = _("We're sending the receipt to %(email)s.")
    messages.success(request, words % {"email": recipient_of(order)})
    return _back(order)


def _back(order: Order) -> HttpResponse:
    return SeeOther(reverse("payments:success", args=[order.pk]))


@login_required
@require_GET
def orders(request: HttpRequest) -> HttpResponse:
    """List this person's orders, newest first."""
    own = Order.objects.visible_to(request.user).in_mode(settings.STRIPE_MODE)
    history = own.prefetch_related("lines").order_by("-created_at")
    return render(request, "payments/orders.html", {"orders": history})


@login_required
@require_GET
def order_of_bank(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what this person's open order for a bank waits for; the bank's page shows a part of it."""
    own = Order.objects.visible_to(request.user).in_mode(settings.STRIPE_MODE)
    waiting = own.awaiting_payment().filter(lines__test_bank__slug=slug)
    context = {"order": waiting.order_by("-created_at").first(), "slug": slug}
    return render(request, "payments/order_of_bank.html", context)
