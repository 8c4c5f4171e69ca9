"""Orders, incidents and Stripe's events in the admin: shown, never edited.

Money moves by what Stripe says and by the services of this room; paying back stands in
`refund_admin.py`.
"""

import json
import re
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from accounts.admin import ReadOnlyAdmin
from catalog.models import Access
from catalog.money import format_price
from payments.admin_parts import ModeFilter, ShownInline
from payments.models import Incident, Order, OrderEvent, OrderLine, StripeEvent
from payments.refund_admin import DisputeInline, PaysBack, RefundInline
from payments.webhooks import put_aside, replay_event

STATUS_COLOURS = {
    "pending": "info",
    "open": "info",
    "paid": "success",
    "partially_refunded": "warning",
    "refunded": "warning",
    "disputed": "danger",
    "expired": "default",
    "failed": "default",
}
# The money is still here.
KEPT = ("paid", "partially_refunded")
EVENT_COLOURS = {
    "received": "warning",
    "done": "success",
    "ignored": "default",
    "unknown": "danger",
    "failed": "danger",
}


class LineInline(ShownInline):
    """What was bought."""

    model = OrderLine
    fields = readonly_fields = ("title", "price", "access_days")
    verbose_name_plural = _("Lines")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        """With the order, whose currency the price is in."""
        lines: QuerySet[OrderLine] = super().get_queryset(request)
        return lines.select_related("order")

    @display(description=_("price"))
    def price(self, line: OrderLine) -> str:
        """As people write it."""
        return format_price(line.amount_minor, line.order.currency)


class HistoryInline(ShownInline):
    """What happened to the order."""

    model = OrderEvent
    fields = readonly_fields = ("at", "kind", "from_status", "to_status", "door", "detail")
    ordering = ("at", "pk")
    verbose_name_plural = _("History")


class IncidentInline(ShownInline):
    """Faults that the buyer met."""

    model = Incident
    fields = readonly_fields = ("at", "code", "cause", "report")
    ordering = ("-at",)
    verbose_name_plural = _("Incidents")


class NeedsAPerson(admin.SimpleListFilter):
    """Orders that wait for somebody."""

    title = _("needs a person")
    parameter_name = "waiting"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The reasons."""
        return [
            ("held", _("Held")),
            ("duplicate", _("Paid twice")),
            ("not_granted", _("Paid, not granted")),
        ]

    def queryset(self, _request: HttpRequest, orders: QuerySet[Order]) -> QuerySet[Order] | None:
        """Those with the chosen reason."""
        match self.value():
            case "held":
                return orders.exclude(held="").filter(granted_at=None, status__in=KEPT)
            case "duplicate":
                return orders.exclude(duplicate_of=None).filter(status__in=KEPT)
            case "not_granted":
                return orders.filter(status__in=KEPT, granted_at=None, held="", duplicate_of=None)
        return orders


@admin.register(Order)
class OrderAdmin(PaysBack, ReadOnlyAdmin):
    """Orders with their lines, money that went back, history, incidents and accesses."""

    list_display = ("created_at", "email", "price", "state", "mode", "held", "paid_at")
    list_display_links = ("created_at", "email")
    list_filter = (ModeFilter, NeedsAPerson, "status")
    search_fields = ("=id", "email", "=session_id", "=payment_intent_id", "=incidents__code")
    search_help_text = _("E-mail, or an order's, session's, payment's or incident's whole number")
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
                    "id",
                    "status",
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
            _("Times"),
            {"fields": ("created_at", "asked_at", "session_expires_at", "paid_at", "granted_at")},
        ),
        (
            _("At Stripe"),
            {"fields": ("session_id", "payment_intent_id", "idempotency_key", "asked_with")},
        ),
    )

    @display(description=_("status"), label=STATUS_COLOURS, ordering="status")
    def state(self, order: Order) -> tuple[str, str]:
        """The status, coloured."""
        return order.status, order.get_status_display()

    @display(description=_("amount"), ordering="amount_minor")
    def price(self, order: Order) -> str:
        """As people write it."""
        return order.price

    @display(description=_("paid"))
    def taken(self, order: Order) -> str:
        """What Stripe took."""
        if order.paid_minor is None:
            return ""
        return format_price(order.paid_minor, order.paid_currency)

    @display(description=_("paid back"))
    def paid_back(self, order: Order) -> str:
        """What of it went back."""
        return format_price(order.refunded_minor, order.paid_currency or order.currency)

    @display(description=_("accesses"))
    def accesses(self, order: Order) -> SafeString:
        """What the order opened, with a link to each."""
        opened = Access.objects.filter(
            source_kind=Access.Source.ORDER, source_id=str(order.pk)
        ).select_related("test_bank")
        return format_html_join(
            ", ",
            '<a class="bo-link" href="{}">{}{}</a>',
            (
                (
                    reverse("admin:catalog_access_change", args=[access.pk]),
                    access.test_bank.title,
                    _(" (closed)") if access.revoked_at else "",
                )
                for access in opened
            ),
        )

    @display(description=_("asked with"))
    def asked_with(self, order: Order) -> SafeString:
        """The exact request, which is sent again unchanged on a retry."""
        return _readable(order.request)


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Faults by the code that a buyer reads out: cause, route, stages and log lines."""

    list_display = ("at", "code", "cause", "subject", "order")
    list_display_links = ("at", "code")
    list_filter = ("cause",)
    list_select_related = ("order",)
    search_fields = ("=code", "cause", "=order__id", "order__email")
    search_help_text = _("The code that the buyer reads out, a cause, an order or an e-mail")
    ordering = ("-at", "-pk")
    date_hierarchy = "at"
    fields = ("code", "at", "cause", "subject", "order", "lines")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Incident], search_term: str
    ) -> tuple[QuerySet[Incident], bool]:
        """A code is found in any case."""
        found: tuple[QuerySet[Incident], bool] = super().get_search_results(
            request, queryset, search_term.strip()
        )
        return found

    @display(description=_("log lines"))
    def lines(self, incident: Incident) -> SafeString:
        """What the log says, a fact a line."""
        facts = re.sub(r" (?=[a-z_]+=|Fix: )", "\n", incident.report)
        return format_html('<pre class="bo-pre">{}</pre>', facts)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """What Stripe sent, and what became of it."""

    list_display = ("received_at", "kind", "object_id", "state", "failure", "mode")
    list_display_links = ("received_at", "kind")
    list_filter = (ModeFilter, "status", "kind")
    search_fields = ("=event_id", "=object_id")
    search_help_text = _("The whole number of an event or of its session or payment")
    ordering = ("-received_at", "-pk")
    date_hierarchy = "received_at"
    show_full_result_count = False
    fields = (
        "event_id",
        "kind",
        "object_id",
        "payment_intent_id",
        "account",
        "mode",
        "status",
        "failure",
        "tries",
        "received_at",
        "handled_at",
        "content",
    )

    actions = ("replay", "set_aside")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Whoever may change events."""
        return bool(request.user.has_perm("payments.change_stripeevent"))

    @action(description=_("Handle the chosen events again"), permissions=["replay"])
    def replay(self, request: HttpRequest, events: QuerySet[StripeEvent]) -> None:
        """For events that failed, or that came before what they are about was known here."""
        handled = sum(replay_event(event=event, at=timezone.now()) for event in events)
        words = ngettext(
            "%(handled)s of %(chosen)s event is handled now.",
            "%(handled)s of %(chosen)s events are handled now.",
            len(events),
        )
        messages.info(request, words % {"handled": handled, "chosen": len(events)})

    @action(description=_("Put aside: nothing is to be done"), permissions=["replay"])
    def set_aside(self, request: HttpRequest, events: QuerySet[StripeEvent]) -> None:
        """For events about what belongs to another program of the same account."""
        aside = sum(put_aside(event=event, at=timezone.now()) for event in events)
        words = ngettext("%(aside)s event is put aside.", "%(aside)s events are put aside.", aside)
        messages.info(request, words % {"aside": aside})

    @display(description=_("status"), label=EVENT_COLOURS, ordering="status")
    def state(self, event: StripeEvent) -> tuple[str, str]:
        """The status, coloured."""
        return event.status, event.get_status_display()

    @display(description=_("content"))
    def content(self, event: StripeEvent) -> SafeString:
        """The event as it came, indented."""
        return _readable(event.body)


def _readable(text: str) -> SafeString:
    """JSON, indented; as it is where it is none."""
    with suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return format_html('<pre class="bo-pre">{}</pre>', text)
