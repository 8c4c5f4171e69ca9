"""System checks of payments. None of them uses the network; `manage.py doctor` does."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import (
    CheckMessage,
    Error,
    Warning,
    register,
)

from outbound.route import SETTING, ProxyEnvironment, Route, RouteError, decide
from outbound.route.no_proxy import NOT_UNDERSTOOD
from outbound.route.proxy_address import corrected
from payments.stripe.client import transport_settings_in_code


@register("payments")
def webhook_secret_is_set(**_kwargs: Any) -> list[CheckMessage]:
    """Warn if Stripe's webhooks cannot be verified; purchases work without them.

    Not where Stripe cannot send any: to a site on this machine that takes no real money.
    """
    is_reached = settings.SITE_IS_PUBLIC or settings.STRIPE_MODE == "live"
    if settings.STRIPE_WEBHOOK_SECRETS or not is_reached:
        return []
    return [
        Warning(
            "STRIPE_WEBHOOK_SECRET is not set, so webhooks are rejected.",
            hint=(
                "Payments are confirmed by the return page and by reconciliation. To accept "
                "events, add an endpoint for /payments/webhook/ at "
                "https://dashboard.stripe.com/webhooks and set STRIPE_WEBHOOK_SECRET in .env "
                "to its signing secret."
            ),
            id="payments.W001",
        )
    ]


@register("payments")
def way_to_stripe_can_be_decided(**_kwargs: Any) -> list[CheckMessage]:
    """Report a malformed proxy address as an error, and each misleading setting as a warning."""
    environment = ProxyEnvironment.of_process(settings.OUTBOUND_DOTENV)
    try:
        route = decide(
            settings.STRIPE_API_BASE, setting=settings.STRIPE_PROXY, environment=environment
        )
    except RouteError as error:
        hint = "Run `manage.py doctor --offline` to see every variable and its source."
        return [Error(f"Stripe cannot be reached. {error}", hint=hint, id="payments.E001")]
    return [
        *(Warning(warning, id="payments.W002") for warning in route.warnings),
        *_entries_without_effect(route),
    ]


def _entries_without_effect(route: Route) -> Iterator[CheckMessage]:
    """Warn of NO_PROXY entries that somebody expects to work and that do not."""
    for verdict in route.verdicts:
        if verdict.entry.pattern.remark == NOT_UNDERSTOOD:
            yield Warning(
                f"{verdict.entry.describe()} matches nothing: {NOT_UNDERSTOOD}. For Stripe, use "
                "NO_PROXY=.stripe.com",
                id="payments.W004",
            )
        elif verdict.matches and route.rule == SETTING:
            yield Warning(
                f"{verdict.entry.describe()} exempts Stripe, but {SETTING} names a proxy and "
                f"takes precedence. Remove the entry, or set {SETTING}=environment",
                id="payments.W005",
            )


@register("payments")
def nothing_sets_a_proxy_in_code(**_kwargs: Any) -> list[CheckMessage]:
    """Warn if code sets a proxy or an HTTP client of stripe-python, which is not used."""
    return [
        Warning(
            f"stripe.{name} is set in code but has no effect, because .env controls the connection "
            f"to Stripe. In .env, set {SETTING}=direct{_or_through(value)}",
            id="payments.W003",
        )
        for name, value in transport_settings_in_code().items()
    ]


def _or_through(value: object) -> str:
    """Return advice with the proxy that the code sets; "" if it sets none."""
    proxies = value.values() if isinstance(value, dict) else [value]
    named = next((each for each in proxies if isinstance(each, str) and each), "")
    meant = corrected(named) if named else None
    return f", or {SETTING}={meant}" if meant else ""
