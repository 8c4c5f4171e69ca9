"""Template context of every page."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from payments.stripe.client import payment_is_down


def site(request: HttpRequest) -> dict[str, str | bool | int]:
    """Return the site's name, the demo's mail page, whether payment is down, and the timeout in
    seconds for `{% cache %}` blocks that are the same for every visitor."""
    return {
        "site_name": settings.SITE_NAME,
        "demo_mails_url": reverse("demo:mailbox") if settings.DEMO else "",
        "payment_is_down": payment_is_down(),
        "cache_seconds": settings.PAGE_CACHE_SECONDS,
    }
