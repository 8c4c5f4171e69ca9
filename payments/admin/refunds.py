"""Refunds and disputes in the admin."""

from typing import ClassVar

from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin import ReadOnlyAdmin
from accounts.templatetags.accounts_tags import breakable
from payments.admin.parts import ModeFilter, ShownInline, order_page
from payments.models import Dispute, Refund

REFUND_COLORS = {
    "asked": "warning",
    "refused": "danger",
    "pending": "info",
    "requires_action": "warning",
    "succeeded": "success",
    "canceled": "default",
    "failed": "danger",
}
DISPUTE_COLORS = {
    "warning_needs_response": "warning",
    "warning_under_review": "warning",
    "warning_closed": "default",
    "needs_response": "danger",
    "under_review": "warning",
    "prevented": "default",
    "lost": "danger",
    "won": "success",
}


class RefundInline(ShownInline):
    """The refunds of an order."""

    model = Refund
    fields = readonly_fields = (
        "created_at",
        "price",
        "status",
        "why",
        "access",
        "asked_by",
        "note",
        "failure",
    )
    ordering = ("created_at",)
    verbose_name_plural = _("Refunds")

    @display(description=_("amount"))
    def price(self, refund: Refund) -> str:
        return refund.price

    @display(description=_("reason"))
    def why(self, refund: Refund) -> str:
        return reason_title(refund)


class DisputeInline(ShownInline):
    """The disputes of an order."""

    model = Dispute
    fields = readonly_fields = ("created_at", "price", "status", "reason", "evidence")
    ordering = ("created_at",)
    verbose_name_plural = _("Disputes")

    @display(description=_("amount"))
    def price(self, dispute: Dispute) -> str:
        return dispute.price

    @display(description=_("evidence"))
    def evidence(self, dispute: Dispute) -> SafeString:
        return evidence_link(dispute)


def reason_title(refund: Refund) -> str:
    """Return the reason in words. Stripe has reasons that we never give: those stay codes."""
    return str(dict(Refund.Reason.choices).get(refund.reason, refund.reason))


def evidence_link(dispute: Dispute) -> SafeString:
    """Link to the page that shows what the learner opened and practiced."""
    try:
        address = reverse("dispute_evidence", args=[dispute.pk])
    except NoReverseMatch:
        return SafeString("")
    return format_html('<a class="bo-link" href="{}">{}</a>', address, _("Printable evidence"))


class OfOrderAdmin(ReadOnlyAdmin):
    """Base of the refunds and the disputes, which belong to an order."""

    list_select_related: ClassVar[tuple[str, ...]] = ("order",)
    ordering = ("-created_at", "pk")
    date_hierarchy = "created_at"
    show_full_result_count = False
    search_fields = ("=stripe_id", "=order__id", "order__email")
    search_help_text = _("Email or full ID")

    @display(description=_("amount"), ordering="amount_minor")
    def price(self, row: Refund | Dispute) -> str:
        return row.price

    @display(description=_("order"))
    def of_order(self, row: Refund | Dispute) -> SafeString:
        page, number, email = order_page(row.order), row.order.number, breakable(row.order.email)
        return format_html('<a class="bo-link" href="{}">{} · {}</a>', page, number, email)


class OrderModeFilter(ModeFilter):
    """Filter by the mode of the order."""

    field = "order__mode"


@admin.register(Refund)
class RefundAdmin(OfOrderAdmin):
    """Refunds, requested here or seen at Stripe."""

    list_display = ("created_at", "price", "state", "of_order", "why", "access", "asked_by")
    list_filter = (OrderModeFilter, "status", "reason")
    list_select_related: ClassVar[tuple[str, ...]] = ("order", "asked_by")
    fields = (
        "of_order",
        "price",
        "status",
        "failure",
        "why",
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

    @display(description=_("status"), label=REFUND_COLORS, ordering="status")
    def state(self, refund: Refund) -> tuple[str, str]:
        return refund.status, refund.get_status_display()

    @display(description=_("reason"), ordering="reason")
    def why(self, refund: Refund) -> str:
        return reason_title(refund)


@admin.register(Dispute)
class DisputeAdmin(OfOrderAdmin):
    """Disputes, with the evidence for the bank."""

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

    @display(description=_("status"), label=DISPUTE_COLORS, ordering="status")
    def state(self, dispute: Dispute) -> tuple[str, str]:
        return dispute.status, dispute.get_status_display()

    @display(description=_("evidence"))
    def evidence(self, dispute: Dispute) -> SafeString:
        return evidence_link(dispute)
