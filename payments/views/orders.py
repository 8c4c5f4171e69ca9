"""A buyer's orders: the return page, the receipt, and the history."""

import logging
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from catalog.http import SeeOther
from catalog.models import Access
from catalog.money import format_price
from payments.domain.order_life_cycle import AWAITING_PAYMENT
from payments.domain.receipts import queue_receipts_again
from payments.errors import NothingBought, OtherMode
from payments.flows.checkout import confirm_payment
from payments.models import Order
from payments.monitoring.incidents import report_incident
from payments.stripe.errors import StripeError
from safety.rate_limits import PAYMENT_CHECK, PAYMENT_PAGE, RECEIPT, allow

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 5


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
    order = own_order(request, order_id)
    try:
        if allow(PAYMENT_PAGE, key=order.user_id, at=timezone.now()):
            order = _confirm(order)
    except (OtherMode, StripeError):
        logger.info("order=%s: the payment is still being confirmed", order.pk)
    return render(request, "payments/success.html", _order_context(order))


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
        "is_waiting": order.status in AWAITING_PAYMENT,
        "refresh_seconds": REFRESH_SECONDS,
    }


@login_required
@require_POST
def check(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Ask Stripe about the payment now, at most six times a minute."""
    order = own_order(request, order_id)
    if not allow(PAYMENT_CHECK, key=order.pk, at=timezone.now()):
        messages.info(request, _("We just checked. Please wait a minute before checking again."))
        return _back(order)
    try:
        order = _confirm(order)
    except (OtherMode, StripeError):
        words = _(
            "We could not check right now. Your order is safe, and we will keep checking "
            "automatically."
        )
        messages.warning(request, words)
        return _back(order)
    if order.is_settled:
        messages.success(request, _("We checked: your payment has been received."))
    else:
        messages.info(request, _("We checked: no payment has been received yet."))
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
    if not allow(RECEIPT, key=order.pk, at=timezone.now()):
        messages.info(request, _("We have already sent it several times. Check your spam folder."))
        return _back(order)
    try:
        queue_receipts_again(order, at=timezone.now())
    except NothingBought:
        return _back(order)
    words = _("We're sending the receipt to %(email)s.")
    messages.success(request, words % {"email": order.email})
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
