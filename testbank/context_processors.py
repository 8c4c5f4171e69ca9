"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from payments.stripe.client import payment_is_down


def site(request: HttpRequest) -> dict[str, str | bool]:
    """The site's name, the demo's mails where there is a demo, and whether payment is down."""
    return {
        "site_name": settings.SITE_NAME,
        "demo_mails_url": reverse("delivery:mailbox") if settings.DEMO else "",
        "payment_is_down": payment_is_down(),
    }
