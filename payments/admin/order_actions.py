"""The actions of an order's page in the admin."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from accounts.models import User
from catalog.http import SeeOther, find_row, row_or_404
from catalog.money import format_price
from payments.admin.parts import order_page
from payments.admin.refund_forms import RefundForm
from payments.domain.fulfillment import grant_held_order
from payments.domain.receipts import queue_receipts_again
from payments.errors import NotHeld, NothingBought, NothingToRefund, OtherMode, RefundTooLarge
from payments.flows.refunds import open_refund, refund_duplicate, refundable_minor
from payments.models import Order, Refund
from payments.monitoring.incidents import report_incident
from payments.stripe.errors import StripeError

REFUSALS = {
    NothingToRefund: _(
        "There is nothing to refund. The order was not paid or has already been refunded in full."
    ),
    RefundTooLarge: _("The amount is more than the remaining balance. No refund was requested."),
    OtherMode: _(
        "This order belongs to a different Stripe mode or account than the current API key. No "
        "refund was requested."
    ),
}

IN_PROGRESS = (
    messages.SUCCESS,
    _(
        "The refund of %(amount)s is in progress. Do not submit it again. The buyer will receive "
        "an email."
    ),
)
RESULTS = {
    Refund.Status.ASKED: IN_PROGRESS,
    Refund.Status.PENDING: IN_PROGRESS,
    Refund.Status.REQUIRES_ACTION: (
        messages.WARNING,
        _(
            "Stripe needs information from the buyer to complete the refund of %(amount)s. Check "
            "the payment in the Stripe Dashboard."
        ),
    ),
    Refund.Status.SUCCEEDED: (
        messages.SUCCESS,
        _("%(amount)s refunded. The buyer will receive an email."),
    ),
    Refund.Status.REFUSED: (
        messages.ERROR,
        _("Stripe declined the refund: %(why)s. Nothing was refunded."),
    ),
    Refund.Status.CANCELED: (
        messages.ERROR,
        _("The refund of %(amount)s was canceled. Nothing was refunded."),
    ),
    Refund.Status.FAILED: (
        messages.ERROR,
        _(
            "The refund of %(amount)s failed: %(why)s. The money was returned to your Stripe balance. "
            "Refund the buyer another way, such as by bank transfer."
        ),
    ),
}


class Confirm(BaseDialogForm):
    """A dialog without fields."""


class OrderActions:
    """The actions of an order's page: refund, grant a held order, send the receipt again."""

    actions_detail = ("refund", "refund_second_payment", "open_held", "send_receipt")

    def has_refund_permission(self, request: HttpRequest, order: Any = None) -> bool:
        allowed = bool(request.user.has_perm("payments.add_refund"))
        return allowed and _is_among(Order.objects.filter(paid_at__isnull=False), order)

    def has_second_payment_permission(self, request: HttpRequest, order: Any = None) -> bool:
        allowed = bool(request.user.has_perm("payments.add_refund"))
        return allowed and _is_among(Order.objects.paid_twice(), order)

    def has_open_permission(self, request: HttpRequest, order: Any = None) -> bool:
        allowed = bool(request.user.has_perm("catalog.add_access"))
        return allowed and _is_among(Order.objects.held(), order)

    def has_receipt_permission(self, request: HttpRequest, order: Any = None) -> bool:
        allowed = bool(request.user.has_perm("payments.view_order"))
        return allowed and _is_among(Order.objects.filter(granted_at__isnull=False), order)

    @action(description=_("Refund"), url_path="refund", icon="undo", permissions=["refund"])
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the refund form: how much, why, and what becomes of the access."""
        order = row_or_404(Order.objects.all(), object_id)
        left = refundable_minor(order)
        form = RefundForm(request.POST or None, order=order, left_minor=left)
        if request.method == "POST" and form.is_valid():
            return self._open_refund(request, order, form)
        context = {
            **admin.site.each_context(request),
            "title": _("Refund"),
            "order": order,
            "form": form,
            "left_minor": left,
            "amounts": _amounts(order, left),
            "back": order_page(order),
        }
        return TemplateResponse(request, "payments/admin/refund.html", context)

    def _open_refund(self, request: HttpRequest, order: Order, form: RefundForm) -> HttpResponse:
        with _refund_errors_shown(request, order):
            refund = open_refund(
                key=form.cleaned_data["key"],
                order=order,
                wanted=form.wanted(),
                asked_by=cast(User, request.user),
                at=timezone.now(),
            )
            _show_result(request, refund)
        return SeeOther(order_page(order))

    @action(
        description=_("Refund the second payment"),
        url_path="refund-second",
        icon="undo",
        permissions=["second_payment"],
        dialog={
            "title": _("Refund the second payment"),
            "description": _(
                "This refunds the full payment. The first order and the buyer's access are not "
                "affected."
            ),
            "form_class": Confirm,
            "form_submit_text": _("Refund"),
        },
    )
    def refund_second_payment(
        self, request: HttpRequest, _form: Confirm, object_id: str
    ) -> HttpResponse:
        """Refund a second payment in full."""
        order = row_or_404(Order.objects.filter(duplicate_of__isnull=False), object_id)
        with _refund_errors_shown(request, order):
            asked_by = cast(User, request.user)
            refund = refund_duplicate(order=order, asked_by=asked_by, at=timezone.now())
            _show_result(request, refund)
        return HttpResponse(headers={"HX-Redirect": order_page(order)})

    @action(
        description=_("Grant access anyway"),
        url_path="open",
        icon="lock_open",
        permissions=["open"],
        dialog={
            "title": _("Grant access anyway"),
            "description": _(
                "Before you grant access, check why this order is on hold and make sure that the "
                "order is valid."
            ),
            "form_class": Confirm,
            "form_submit_text": _("Grant access"),
        },
    )
    def open_held(self, request: HttpRequest, _form: Confirm, object_id: str) -> HttpResponse:
        """Grant a held order."""
        order = row_or_404(Order.objects.all(), object_id)
        try:
            grant_held_order(order=order, at=timezone.now())
            messages.success(request, gettext("Access granted. The buyer will receive an email."))
        except NotHeld:
            messages.warning(
                request,
                gettext(
                    "Access was not granted because the learner's account was deleted. Refund this "
                    "order instead."
                ),
            )
        return HttpResponse(headers={"HX-Redirect": order_page(order)})

    @action(
        description=_("Resend receipt"),
        url_path="receipt",
        icon="mail",
        permissions=["receipt"],
        dialog={
            "title": _("Resend receipt"),
            "description": _("The receipt will be sent to the buyer's email address."),
            "form_class": Confirm,
            "form_submit_text": _("Send"),
        },
    )
    def send_receipt(self, request: HttpRequest, _form: Confirm, object_id: str) -> HttpResponse:
        """Send the receipt again."""
        order = row_or_404(Order.objects.all(), object_id)
        try:
            queue_receipts_again(order, at=timezone.now())
            messages.success(request, gettext("The receipt is being sent."))
        except NothingBought:
            messages.warning(
                request, gettext("No receipt was sent because this order did not grant access.")
            )
        return HttpResponse(headers={"HX-Redirect": order_page(order)})


def _is_among(orders: QuerySet[Order], order_id: Any) -> bool:
    """Return True for one of the orders, or without an id: then no order is asked about."""
    return order_id is None or find_row(orders, order_id) is not None


def _amounts(order: Order, left_minor: int) -> list[tuple[Any, str]]:
    money = order.paid_currency or order.currency
    waiting = order.left_minor - left_minor
    rows = [
        (_("Paid"), order.paid_minor or 0),
        (_("Refunded so far"), order.refunded_minor),
        *([(_("Requested, awaiting response"), waiting)] if waiting else []),
        (_("Remaining"), left_minor),
    ]
    return [(words, format_price(amount, money)) for words, amount in rows]


@contextmanager
def _refund_errors_shown(request: HttpRequest, order: Order) -> Iterator[None]:
    """Turn the errors of a refund into messages."""
    try:
        yield
    except (NothingToRefund, RefundTooLarge, OtherMode) as refusal:
        messages.error(request, REFUSALS[type(refusal)])
    except StripeError as error:
        incident = report_incident(
            error, subject=f"refund of order={order.pk}", order=order, at=timezone.now()
        )
        words = gettext(
            "Stripe has not confirmed the refund (incident %(code)s). The refund request is saved "
            "and will be retried automatically. Do not submit it again."
        )
        messages.warning(request, words % {"code": incident.code})


def _show_result(request: HttpRequest, refund: Refund) -> None:
    level, words = RESULTS[Refund.Status(refund.status)]
    why = refund.failure or gettext("no reason given")
    messages.add_message(request, level, words % {"amount": refund.price, "why": why})
