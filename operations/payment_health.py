"""The admin page "Payment health": the doctor's checks, health counters, events and incidents.

Checks without network calls run in the request. The network check starts by a button and runs in
the background; the page refreshes itself until it is done.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from operations.doctor.background import SECONDS_A_CALL, last_network_check, start_network_check
from operations.doctor.report import Report, Status
from operations.doctor.runner import run_offline_checks
from operations.doctor.setup import Setup
from operations.processes import describe_stripe_route
from payments.flows.webhook_inbox import dismiss_event, replay_event
from payments.models import Incident, StripeEvent
from payments.stripe.outage import last_fallback, outage_is_known

PERMISSION, HANDLES_EVENTS = "payments.view_stripeevent", "payments.change_stripeevent"
LATEST = 8
REFRESH_SECONDS, LONGEST_SECONDS = 2, 20
SHOP = "Shop"
DATABASE_SIZE = "Database size"
ORDERS, EVENTS = "admin:payments_order_changelist", "admin:payments_stripeevent_changelist"
INCIDENTS = "admin:payments_incident_changelist"
ACCESSES, REFUNDS = "admin:catalog_access_changelist", "admin:payments_refund_changelist"
# The changelist and the filter that show the rows behind a figure.
ROWS = {
    "shop.paid_not_granted": (ORDERS, "waiting=not_granted"),
    "shop.granted_not_paid": (ACCESSES, "source_kind__exact=order"),
    "shop.held": (ORDERS, "waiting=held"),
    "shop.paid_twice": (ORDERS, "waiting=duplicate"),
    "shop.unresolved": (ORDERS, "status__in=pending,open"),
    "shop.refunds_unanswered": (REFUNDS, "status__exact=asked"),
    "shop.events_left": (EVENTS, "status__in=received,failed"),
    "shop.failed_purchases": (INCIDENTS, "q=purchase"),
    "shop.events_unknown": (EVENTS, "status__exact=unknown"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A count that should be 0, and the URL of its rows."""

    title: str
    number: str
    is_well: bool
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """The checks of one group; `status` is the worst of theirs."""

    title: str
    status: str
    checks: list[dict[str, Any]]


@require_safe
def payment_health(request: HttpRequest) -> HttpResponse:
    """Show the checks, without a network call."""
    _refuse_others(request)
    at = timezone.now()
    report = run_offline_checks(Setup.of_site(route_override=None, seconds=SECONDS_A_CALL))
    latest = last_network_check()
    is_running = latest is not None and latest.is_running(at)
    context = {
        **admin.site.each_context(request),
        "title": _("Payment health"),
        "network_check": latest,
        "network_check_groups": _groups(_of_network(latest.checks)) if latest else [],
        "is_running": is_running,
        "refresh_seconds": REFRESH_SECONDS if is_running else None,
        "seconds": int((at - latest.started_at).total_seconds()) if latest else 0,
        "longest_seconds": LONGEST_SECONDS,
        "stripe_route": describe_stripe_route(),
        "report": report,
        "groups": _groups(check.as_data() for check in report.checks if _is_local(check.group)),
        "figures": list(_figures(report)),
        "outage": outage_is_known(),
        "fallback": last_fallback(),
        "falls_back": settings.STRIPE_PROXY_FALLBACK == "direct",
        "handles_events": request.user.has_perm(HANDLES_EVENTS),
        **_rows(),
    }
    return TemplateResponse(request, "admin/payment_health.html", context)


@require_POST
def start_check(request: HttpRequest) -> HttpResponse:
    """Start the network check in the background; the page shows its progress."""
    _refuse_others(request)
    if not start_network_check(at=timezone.now()):
        messages.info(request, _("A check is already running."))
    return redirect("operations:payment_health")


@require_POST
def replay(request: HttpRequest, event_id: str) -> HttpResponse:
    """Handle an event again. Safe to repeat: handlers are idempotent, and events are signed."""
    _refuse_others(request, HANDLES_EVENTS)
    event = get_object_or_404(StripeEvent, event_id=event_id)
    if replay_event(event=event, at=timezone.now()):
        messages.success(request, _("The event was processed."))
    else:
        messages.warning(request, _("The event could not be processed. Open it for details."))
    return redirect("operations:payment_health")


@require_POST
def dismiss(request: HttpRequest, event_id: str) -> HttpResponse:
    """Mark an event that needs no action as dismissed."""
    _refuse_others(request, HANDLES_EVENTS)
    event = get_object_or_404(StripeEvent, event_id=event_id)
    if dismiss_event(event=event, at=timezone.now()):
        messages.success(request, _("The event was dismissed."))
    return redirect("operations:payment_health")


def _refuse_others(request: HttpRequest, permission: str = PERMISSION) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _is_local(group: str) -> bool:
    """Return True for groups that the offline report runs, not skips."""
    return group in {
        "Settings",
        "Environment",
        "Route",
        SHOP,
        DATABASE_SIZE,
        "Backups",
        "Processes",
    }


def _of_network(checks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the network check's results that the page does not show already."""
    return [
        check
        for check in checks
        if not _is_local(check["group"]) or check["id"] == "route.fallback"
    ]


def _groups(checks: Iterable[dict[str, Any]]) -> list[Group]:
    return [
        Group(title, _worst(members), members)
        for title, group in groupby(checks, key=lambda check: check["group"])
        if (members := list(group))
    ]


def _worst(checks: list[dict[str, Any]]) -> str:
    order = [Status.FAIL, Status.WARN, Status.OK, Status.SKIP]
    worst: str = min((check["status"] for check in checks), key=order.index)
    return worst


def _figures(report: Report) -> Iterator[Figure]:
    for check in report.checks:
        if check.id in ROWS:
            name, query = ROWS[check.id]
            url = f"{reverse(name)}?{query}"
            yield Figure(check.title, check.summary, check.status is Status.OK, url)


def _rows() -> dict[str, Any]:
    events = StripeEvent.objects.in_mode(settings.STRIPE_MODE)
    waiting = events.filter(status__in=["failed", "unknown"])
    return {
        "events": list(waiting.order_by("-received_at", "-pk")[:LATEST]),
        "incidents": list(Incident.objects.order_by("-at", "-pk")[:LATEST]),
    }
