"""What `manage.py check` says about payments before the first buyer meets it.

Nothing here calls out: `manage.py doctor` does.
"""

from typing import Any

import stripe
from django.conf import settings
from django.core.checks import (
    CheckMessage,
    Error,
    Warning,
    register,
)

from outbound.route import RouteError, Surroundings, decide


@register("payments")
def webhook_secret_is_set(**_kwargs: Any) -> list[CheckMessage]:
    """Warns where Stripe's webhooks cannot be verified; purchases work all the same."""
    if settings.STRIPE_WEBHOOK_SECRETS:
        return []
    return [
        Warning(
            "STRIPE_WEBHOOK_SECRET is not set: Stripe's events are not accepted.",
            hint=(
                "Payments are confirmed by the return page and by reconciliation. To accept "
                "events, add an endpoint for /payments/webhook/ at "
                "https://dashboard.stripe.com/webhooks and put its signing secret into .env."
            ),
            id="payments.W001",
        )
    ]


@register("payments")
def way_to_stripe_can_be_decided(**_kwargs: Any) -> list[CheckMessage]:
    """An error where a proxy's address is malformed, a warning for each thing that misleads."""
    surroundings = Surroundings.of_process(settings.OUTBOUND_DOTENV)
    try:
        route = decide(
            settings.STRIPE_API_BASE, setting=settings.STRIPE_PROXY, surroundings=surroundings
        )
    except RouteError as error:
        hint = "`manage.py doctor --offline` shows every variable and where it stands."
        return [Error(f"Stripe cannot be reached. {error}", hint=hint, id="payments.E001")]
    return [Warning(warning, id="payments.W002") for warning in route.warnings]


@register("payments")
def nothing_sets_a_proxy_in_code(**_kwargs: Any) -> list[CheckMessage]:
    """Warns where code sets a proxy or a client of stripe-python's own, which is not used."""
    names = [name for name in ("proxy", "default_http_client") if getattr(stripe, name, None)]
    return [
        Warning(
            f"stripe.{name} is set in code, and not used here.",
            hint=(
                "How Stripe is reached is said in .env: write STRIPE_PROXY=direct, or the "
                "address of the proxy."
            ),
            id="payments.W003",
        )
        for name in names
    ]
