"""Metrics for Prometheus: the health counters, labeled with mode and account.

Source: prometheus.io/docs/instrumenting/exposition_formats (text format 0.0.4).
"""

from dataclasses import astuple

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import generate_latest

from accounts.models import User
from accounts.staff import staff_redirect
from operations.shop_metrics import shop_registry
from operations.traffic import REGISTRY
from payments.monitoring.health_counters import (
    Failures,
    HealthCounters,
    failures,
    health_counters,
)
from payments.monitoring.refused_webhooks import RefusedWebhooks, refused_webhooks
from payments.stripe.errors import Refusal

# As for the page "Payment health", which shows the same figures.
PERMISSION = "payments.view_stripeevent"
TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
HELP = {
    "paid_not_granted": "Paid orders without access.",
    "granted_not_paid": "Active access without a paid order.",
    "orders_held": "Paid orders on hold for manual review.",
    "orders_paid_twice": "Duplicate payments that were not refunded.",
    "orders_unanswered": "Orders with no update from Stripe for a day.",
    "refunds_unanswered": "Requested refunds without a response.",
    "events_unprocessed": "Stripe events not processed yet.",
    "events_failed": "Stripe events that failed to process.",
    "events_unknown": "Stripe events about unknown objects.",
    "oldest_job_seconds": "Age in seconds of the oldest overdue background job.",
}
FAILURES = {
    "failed_purchases_total": ("counter", "Purchases that failed before Stripe's page."),
    "incidents_total": ("counter", "Calls to Stripe that failed while a user was waiting."),
    "payment_down": ("gauge", "1 while calls to Stripe fail."),
    "events_foreign": ("gauge", "Stripe events from other programs on the account."),
}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Respond with the metrics to requests with METRICS_TOKEN as bearer token, and to operators."""
    if not _shows_token(request):
        if not isinstance(request.user, User):
            refused = HttpResponse("A token is required.\n", status=401, content_type="text/plain")
            refused["WWW-Authenticate"] = "Bearer"
            return refused
        if redirect := staff_redirect(request):
            return redirect
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
    mode, account, at = settings.STRIPE_MODE, settings.STRIPE_ACCOUNT, timezone.now()
    found = exposition(health_counters(mode=mode, at=at), account)
    found += exposition_of_failures(failures(mode=mode), mode=mode, account=account)
    found += exposition_of_refusals(refused_webhooks())
    for registry in (shop_registry(mode=mode, at=at), REGISTRY):
        found += generate_latest(registry).decode()
    return HttpResponse(found, content_type=TEXT_FORMAT)


def _shows_token(request: HttpRequest) -> bool:
    """Return False if METRICS_TOKEN is not set, whatever the token."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    expected: str = settings.METRICS_TOKEN
    return bool(expected) and kind == "Bearer" and constant_time_compare(token.strip(), expected)


def exposition(found: HealthCounters, account: str) -> str:
    """Format the health counters in Prometheus' text format."""
    labels = _labels(found.mode, account)
    return "".join(
        _metric(name, "gauge", HELP[name], labels, number) for name, number in found.numbers.items()
    )


def exposition_of_failures(found: Failures, *, mode: str, account: str) -> str:
    """Format the failures in Prometheus' text format."""
    numbers = zip(FAILURES.items(), astuple(found), strict=True)
    return "".join(
        _metric(name, kind, words, _labels(mode, account), number)
        for (name, (kind, words)), number in numbers
    )


def exposition_of_refusals(found: RefusedWebhooks) -> str:
    """Format the refused webhooks of this machine in Prometheus' text format."""
    counts = "".join(
        f'testbank_webhooks_refused_total{{reason="{reason}"}} {found.by_reason.get(reason, 0)}\n'
        for reason in Refusal
    )
    last = int(found.last_at.timestamp()) if found.last_at else 0
    return (
        "# HELP testbank_webhooks_refused_total Webhooks that were refused.\n"
        f"# TYPE testbank_webhooks_refused_total counter\n{counts}"
        "# HELP testbank_webhook_refused_timestamp_seconds Time of the last refused webhook, or 0.\n"
        "# TYPE testbank_webhook_refused_timestamp_seconds gauge\n"
        f"testbank_webhook_refused_timestamp_seconds {last}\n"
    )


def _labels(mode: str, account: str) -> str:
    return f'{{mode="{mode}",account="{account}"}}'


def _metric(name: str, kind: str, words: str, labels: str, number: int) -> str:
    return (
        f"# HELP testbank_{name} {words}\n"
        f"# TYPE testbank_{name} {kind}\n"
        f"testbank_{name}{labels} {number}\n"
    )
