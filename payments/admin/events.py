"""Stripe's events in the admin."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from accounts.admin import ReadOnlyAdmin
from payments.admin.parts import ModeFilter, indented_json, shortened
from payments.flows.webhook_inbox import dismiss_event, replay_event
from payments.models import StripeEvent

STATUS_COLORS = {
    "received": "warning",
    "done": "success",
    "ignored": "default",
    "unknown": "danger",
    "failed": "danger",
}


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """Stripe's events, and what became of them."""

    list_display = ("received_at", "kind", "short_object_id", "state", "failure")
    list_display_links = ("received_at", "kind")
    list_filter = (ModeFilter, "status", "kind")
    search_fields = ("=event_id", "=object_id")
    search_help_text = _("Event, session, or payment ID")
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
        "request_id",
        "received_at",
        "handled_at",
        "content",
    )

    actions = ("replay", "set_aside")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.change_stripeevent"))

    @action(description=_("Process selected events again"), permissions=["replay"])
    def replay(self, request: HttpRequest, events: QuerySet[StripeEvent]) -> None:
        """Handle events again that failed or were unknown when they came."""
        handled = sum(replay_event(event=event, at=timezone.now()) for event in events)
        words = ngettext(
            "%(handled)s of %(chosen)s event processed.",
            "%(handled)s of %(chosen)s events processed.",
            len(events),
        )
        messages.info(request, words % {"handled": handled, "chosen": len(events)})

    @action(description=_("Dismiss selected events"), permissions=["replay"])
    def set_aside(self, request: HttpRequest, events: QuerySet[StripeEvent]) -> None:
        """Dismiss events that belong to another program of the same account."""
        dismissed = sum(dismiss_event(event=event, at=timezone.now()) for event in events)
        words = ngettext("%(aside)s event dismissed.", "%(aside)s events dismissed.", dismissed)
        messages.info(request, words % {"aside": dismissed})

    @display(description=_("object ID"), ordering="object_id")
    def short_object_id(self, event: StripeEvent) -> SafeString | None:
        """The beginning and end of the ID; the title has all of it. None without an ID."""
        if not event.object_id:
            return None
        return format_html(
            '<span title="{}">{}</span>', event.object_id, shortened(event.object_id)
        )

    @display(description=_("status"), label=STATUS_COLORS, ordering="status")
    def state(self, event: StripeEvent) -> tuple[str, str]:
        return event.status, event.get_status_display()

    @display(description=_("content"))
    def content(self, event: StripeEvent) -> SafeString:
        return indented_json(event.body)
