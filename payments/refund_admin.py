"""Paying back in the back office: the page of a refund, and refunds and disputes as they stand."""

import logging
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accounts.admin import ReadOnlyAdmin
from catalog.money import format_price
from payments.admin_parts import ModeFilter, ShownInline
from payments.errors import NothingToRefund, OtherMode, TooMuch
from payments.held import NotHeld, give_access
from payments.incidents import report_incident
from payments.models import Dispute, Order, Refund
from payments.receipts import NothingBought, queue_receipts_again
from payments.refund_forms import RefundForm
from payments.refunds import ask_refund, may_be_refunded_minor, refund_duplicate
from payments.responses import SeeOther
from payments.stripe_integration import StripeError

logger = logging.getLogger("payments.refund_admin")

REFUND_COLOURS = {
    "asked": "warning",
    "refused": "danger",
    "pending": "info",
    "requires_action": "warning",
    "succeeded": "success",
    "canceled": "default",
    "failed": "danger",
}
DISPUTE_COLOURS = {
    "warning_needs_response": "warning",
    "warning_under_review": "warning",
    "warning_closed": "default",
    "needs_response": "danger",
    "under_review": "warning",
    "prevented": "default",
    "lost": "danger",
    "won": "success",
}
REFUSALS = {
    NothingToRefund: _("There is nothing to pay back: nothing was paid, or all of it went back."),
    TooMuch: _("That is more than is left. Nothing was asked of Stripe."),
    OtherMode: _("This order is of another mode than the key in use. Stripe was not asked."),
}


class Confirm(BaseDialogForm):
    """Nothing to fill in."""


class RefundInline(ShownInline):
    """What of the order's money went back."""

    model = Refund
    fields = readonly_fields = (
        "created_at",
        "price",
        "status",
        "reason",
        "access",
        "asked_by",
        "note",
        "failure",
    )
    ordering = ("created_at",)
    verbose_name_plural = _("Refunds")

    @display(description=_("amount"))
    def price(self, refund: Refund) -> str:
        """As people write it."""
        return refund.price


class DisputeInline(ShownInline):
    """What the buyer's bank wants back."""

    model = Dispute
    fields = readonly_fields = ("created_at", "price", "status", "reason", "evidence")
    ordering = ("created_at",)
    verbose_name_plural = _("Disputes")

    @display(description=_("amount"))
    def price(self, dispute: Dispute) -> str:
        """As people write it."""
        return dispute.price

    @display(description=_("evidence"))
    def evidence(self, dispute: Dispute) -> SafeString:
        """What to answer the bank with."""
        return evidence_link(dispute)


def evidence_link(dispute: Dispute) -> SafeString:
    """A link to the page that shows what the learner opened and practised."""
    try:
        address = reverse("dispute_evidence", args=[dispute.pk])
    except NoReverseMatch:
        return SafeString("")
    return format_html('<a class="bo-link" href="{}">{}</a>', address, _("Evidence to print"))


class PaysBack:
    """Actions of an order's page that pay back, open what was held, and send the receipt again."""

    actions_detail = ("refund", "refund_second_payment", "open_held", "send_receipt")

    def has_refund_permission(self, request: HttpRequest, _order: Any = None) -> bool:
        """Whoever may add refunds."""
        return bool(request.user.has_perm("payments.add_refund"))

    def has_second_payment_permission(self, request: HttpRequest, order: Any = None) -> bool:
        """The same, where the order was paid a second time and the money is still here."""
        return self.has_refund_permission(request) and _is(
            order, status__in=["paid", "partially_refunded"], duplicate_of__isnull=False
        )

    def has_open_permission(self, request: HttpRequest, order: Any = None) -> bool:
        """Whoever may grant accesses, where the order is held."""
        held = _is(order, paid_at__isnull=False, granted_at=None, duplicate_of=None)
        return bool(request.user.has_perm("catalog.add_access")) and held

    def has_receipt_permission(self, request: HttpRequest, order: Any = None) -> bool:
        """Whoever may see orders, where there is a receipt."""
        may_see = bool(request.user.has_perm("payments.view_order"))
        return may_see and _is(order, granted_at__isnull=False)

    @action(description=_("Pay back"), url_path="refund", icon="undo", permissions=["refund"])
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page on which the seller says how much, why, and what becomes of the access."""
        order = get_object_or_404(Order, pk=object_id)
        left = may_be_refunded_minor(order)
        form = RefundForm(request.POST or None, order=order, left_minor=left)
        if request.method == "POST" and form.is_valid():
            return self._ask(request, order, form)
        context = {
            **admin.site.each_context(request),
            "title": _("Pay back"),
            "order": order,
            "form": form,
            "left_minor": left,
            "figures": _figures(order, left),
            "back": _order_page(order),
        }
        return TemplateResponse(request, "payments/admin/refund.html", context)

    def _ask(self, request: HttpRequest, order: Order, form: RefundForm) -> HttpResponse:
        key = form.cleaned_data["key"]
        _carry_out(
            request,
            order,
            lambda by: ask_refund(
                key=key, order=order, wish=form.wish(), asked_by=by, at=timezone.now()
            ),
        )
        return SeeOther(_order_page(order))

    @action(
        description=_("Pay the second payment back"),
        url_path="refund-second",
        icon="undo",
        permissions=["second_payment"],
        dialog={
            "title": _("Pay the second payment back"),
            "description": _("All of it goes back. The first order and its access stay."),
            "form_class": Confirm,
            "form_submit_text": _("Pay it back"),
        },
    )
    def refund_second_payment(
        self, request: HttpRequest, _form: Confirm, object_id: str
    ) -> HttpResponse:
        """One click for what was paid twice."""
        order = get_object_or_404(Order, pk=object_id, duplicate_of__isnull=False)
        _carry_out(
            request,
            order,
            lambda by: refund_duplicate(order=order, asked_by=by, at=timezone.now()),
        )
        return HttpResponse(headers={"HX-Redirect": _order_page(order)})

    @action(
        description=_("Give the access all the same"),
        url_path="open",
        icon="lock_open",
        permissions=["open"],
        dialog={
            "title": _("Give the access all the same"),
            "description": _("You have looked at why the order is held, and it is right."),
            "form_class": Confirm,
            "form_submit_text": _("Give it"),
        },
    )
    def open_held(self, request: HttpRequest, _form: Confirm, object_id: str) -> HttpResponse:
        """A person decides what a program could not."""
        order = get_object_or_404(Order, pk=object_id)
        try:
            give_access(order=order, at=timezone.now())
            messages.success(request, gettext("The access is open, and the buyer was written to."))
        except NotHeld:
            messages.warning(request, gettext("The learner's account is gone: pay it back."))
        return HttpResponse(headers={"HX-Redirect": _order_page(order)})

    @action(
        description=_("Send the receipt again"),
        url_path="receipt",
        icon="mail",
        permissions=["receipt"],
        dialog={
            "title": _("Send the receipt again"),
            "description": _("To the address that the order was placed with."),
            "form_class": Confirm,
            "form_submit_text": _("Send it"),
        },
    )
    def send_receipt(self, request: HttpRequest, _form: Confirm, object_id: str) -> HttpResponse:
        """For a buyer who does not find it."""
        order = get_object_or_404(Order, pk=object_id)
        try:
            queue_receipts_again(order, at=timezone.now())
            messages.success(request, gettext("The receipt is on its way."))
        except NothingBought:
            messages.warning(request, gettext("The order opened nothing."))
        return HttpResponse(headers={"HX-Redirect": _order_page(order)})


def _is(order_id: Any, **facts: Any) -> bool:
    """True where the order is so; without an order, where it may be asked for at all."""
    return order_id is None or Order.objects.filter(pk=order_id, **facts).exists()


def _figures(order: Order, left_minor: int) -> list[tuple[Any, str]]:
    money = order.paid_currency or order.currency
    waiting = order.left_minor - left_minor
    rows = [
        (_("Paid"), order.paid_minor or 0),
        (_("Paid back so far"), order.refunded_minor),
        *([(_("Asked for, no answer yet"), waiting)] if waiting else []),
        (_("Left"), left_minor),
    ]
    return [(words, format_price(amount, money)) for words, amount in rows]


def _order_page(order: Order) -> str:
    return reverse("admin:payments_order_change", args=[order.pk])


def _carry_out(request: HttpRequest, order: Order, ask: Any) -> None:
    """Ask for the refund, and say what became of it."""
    try:
        refund: Refund = ask(request.user)
    except (NothingToRefund, TooMuch, OtherMode) as refusal:
        messages.error(request, REFUSALS[type(refusal)])
    except StripeError as error:
        incident = report_incident(
            error, subject=f"refund of order={order.pk}", order=order, at=timezone.now()
        )
        words = gettext(
            "Stripe has not answered (incident %(code)s). The refund is written down and is "
            "asked for again by itself, unchanged. Do not ask for it a second time."
        )
        messages.warning(request, words % {"code": incident.code})
    else:
        _tell(request, refund)


def _tell(request: HttpRequest, refund: Refund) -> None:
    if refund.status == Refund.Status.REFUSED:
        words = gettext("Stripe refused it: %(why)s. Nothing was paid back.")
        messages.error(request, words % {"why": refund.failure})
    else:
        words = gettext("%(amount)s goes back. The buyer was written to.")
        messages.success(request, words % {"amount": refund.price})


class MoneyBackAdmin(ReadOnlyAdmin):
    """Rows about money that goes back: shown, never edited."""

    list_select_related: ClassVar[tuple[str, ...]] = ("order",)
    ordering = ("-created_at", "pk")
    date_hierarchy = "created_at"
    show_full_result_count = False
    search_fields = ("=stripe_id", "=order__id", "order__email")
    search_help_text = _("An e-mail, or the whole number of an order or at Stripe")

    @display(description=_("amount"), ordering="amount_minor")
    def price(self, row: Refund | Dispute) -> str:
        """As people write it."""
        return row.price

    @display(description=_("order"))
    def of_order(self, row: Refund | Dispute) -> SafeString:
        """The order, with a link."""
        page = _order_page(row.order)
        return format_html('<a class="bo-link" href="{}">{}</a>', page, row.order.email)


class OrderModeFilter(ModeFilter):
    """By the mode of the order."""

    field = "order__mode"


@admin.register(Refund)
class RefundAdmin(MoneyBackAdmin):
    """Refunds, asked for here or seen at Stripe."""

    list_display = ("created_at", "price", "state", "of_order", "reason", "access", "asked_by")
    list_filter = (OrderModeFilter, "status", "reason")
    list_select_related = ("order", "asked_by")
    fields = (
        "of_order",
        "price",
        "status",
        "failure",
        "reason",
        "note",
        "access",
        "access_until",
        "asked_by",
        "created_at",
        "tried_at",
        "told_at",
        "stripe_id",
        "idempotency_key",
        "request",
    )

    @display(description=_("status"), label=REFUND_COLOURS, ordering="status")
    def state(self, refund: Refund) -> tuple[str, str]:
        """The status, coloured."""
        return refund.status, refund.get_status_display()


@admin.register(Dispute)
class DisputeAdmin(MoneyBackAdmin):
    """Disputes, and what to answer the bank with."""

    list_display = ("created_at", "price", "state", "of_order", "reason", "evidence_due_at")
    list_filter = (OrderModeFilter, "status", "reason")
    fields = (
        "of_order",
        "price",
        "status",
        "reason",
        "evidence_due_at",
        "evidence",
        "created_at",
        "told_at",
        "stripe_id",
    )

    @display(description=_("status"), label=DISPUTE_COLOURS, ordering="status")
    def state(self, dispute: Dispute) -> tuple[str, str]:
        """The status, coloured."""
        return dispute.status, dispute.get_status_display()

    @display(description=_("evidence"))
    def evidence(self, dispute: Dispute) -> SafeString:
        """A link to what can be printed."""
        return evidence_link(dispute)
