"""What `manage.py check` says about payments before the first buyer meets it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


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
