"""Orders in the admin."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin import ReadOnlyAdmin, email_column
from catalog.models import Access
from catalog.money import format_price
from payments.admin.order_actions import OrderActions
from payments.admin.parts import ModeFilter, ShownInline, indented_json
from payments.admin.refunds import DisputeInline, RefundInline
from payments.models import Incident, Order, OrderEvent, OrderLine
from payments.querysets import OrderQuerySet

EMAIL = email_column("email", _("email"))
STATUS_COLORS = {
    "pending": "info",
    "open": "info",
    "processing": "info",
    "paid": "success",
    "paid_twice": "danger",
    "on_hold": "danger",
    "partially_refunded": "warning",
    "refunded": "warning",
    "disputed": "danger",
    "expired": "default",
    "failed": "default",
}


class LineInline(ShownInline):
    """The banks in the order."""

    model = OrderLine
    fields = readonly_fields = ("title", "price", "access_days")
    verbose_name_plural = _("Items")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        """Join the order, whose currency the price has."""
        lines: QuerySet[OrderLine] = super().get_queryset(request)
        return lines.select_related("order")

    @display(description=_("price"))
    def price(self, line: OrderLine) -> str:
        return format_price(line.amount_minor, line.order.currency)


class HistoryInline(ShownInline):
    """The history of the order."""

    model = OrderEvent
    fields = readonly_fields = ("at", "kind", "from_status", "to_status", "source", "detail")
    ordering = ("at", "pk")
    verbose_name_plural = _("History")


class IncidentInline(ShownInline):
    """Errors that the buyer saw."""

    model = Incident
    fields = readonly_fields = ("at", "code", "cause", "report")
    ordering = ("-at",)
    verbose_name_plural = _("Incidents")


class NeedsAPerson(admin.SimpleListFilter):
    """Orders that a person must look at."""

    title = _("needs attention")
    parameter_name = "waiting"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("held", _("On hold")),
            ("duplicate", _("Paid twice")),
            ("not_granted", _("Paid, access not granted")),
        ]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        orders = cast(OrderQuerySet, rows)
        match self.value():
            case "held":
                return orders.held()
            case "duplicate":
                return orders.paid_twice()
            case "not_granted":
                return orders.paid_but_not_granted()
        return orders


@admin.register(Order)
class OrderAdmin(OrderActions, ReadOnlyAdmin):
    """Orders with their lines, refunds, disputes, history, incidents and accesses."""

    list_display = ("created_at", "number", EMAIL, "price", "state", "held")
    list_display_links = ("created_at", EMAIL)
    list_filter = (ModeFilter, NeedsAPerson, "status")
    search_fields = (
        "=number",
        "=id",
        "email",
        "=session_id",
        "=payment_intent_id",
        "=incidents__code",
    )
    search_help_text = _("Email, order number, or ID")
    ordering = ("-created_at", "pk")
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    inlines = (LineInline, RefundInline, DisputeInline, HistoryInline, IncidentInline)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "number",
                    "receipt",
                    "id",
                    "state_name",
                    "price",
                    "taken",
                    "paid_back",
                    "user",
                    "email",
                    "mode",
                    "account",
                    "held",
                    "duplicate_of",
                    "accesses",
                )
            },
        ),
        (
            _("Timeline"),
            {"fields": ("created_at", "asked_at", "session_expires_at", "paid_at", "granted_at")},
        ),
        (
            _("On Stripe"),
            {"fields": ("session_id", "payment_intent_id", "idempotency_key", "asked_with")},
        ),
    )

    @display(description=_("status"), label=STATUS_COLORS, ordering="status")
    def state(self, order: Order) -> tuple[str, str]:
        return order.state, order.state_name

    @display(description=_("status"))
    def state_name(self, order: Order) -> str:
        return order.state_name

    @display(description=_("amount"), ordering="amount_minor")
    def price(self, order: Order) -> str:
        return order.price

    @display(description=_("paid"))
    def taken(self, order: Order) -> str:
        if order.paid_minor is None:
            return ""
        return format_price(order.paid_minor, order.paid_currency)

    @display(description=_("receipt number"))
    def receipt(self, order: Order) -> str:
        return order.receipt_number

    @display(description=_("refunded"))
    def paid_back(self, order: Order) -> str:
        return format_price(order.refunded_minor, order.paid_currency or order.currency)

    @display(description=_("access"))
    def accesses(self, order: Order) -> SafeString:
        """Link to each access that the order granted, with its state unless it is live."""
        opened = Access.objects.filter(
            source_kind=Access.Source.ORDER, source_id=str(order.pk)
        ).select_related("test_bank")
        return format_html_join(
            ", ",
            '<a class="bo-link" href="{}">{}</a>',
            (
                (
                    reverse("admin:catalog_access_change", args=[access.pk]),
                    _access_title(access),
                )
                for access in opened
            ),
        )

    @display(description=_("request"))
    def asked_with(self, order: Order) -> SafeString:
        """Show the exact request, which a retry sends unchanged."""
        return indented_json(order.request)


def _access_title(access: Access) -> str:
    title, state = access.test_bank.title, access.state(timezone.now())
    if state is Access.State.LIVE:
        return title
    return gettext("%(title)s (%(state)s)") % {"title": title, "state": state.label}
