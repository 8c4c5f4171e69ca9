"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from payments.stripe_client import payment_is_down


def site(request: HttpRequest) -> dict[str, str | bool | int]:
    """The site's name, the demo's mails where there is a demo, whether payment is down, and how long
    `{% cache %}` may keep a part of a page that is the same for every visitor."""
    return {
        "site_name": settings.SITE_NAME,
        "demo_mails_url": reverse("delivery:mailbox") if settings.DEMO else "",
        "payment_is_down": payment_is_down(),
        "cache_seconds": settings.PAGE_CACHE_SECONDS,
    }
