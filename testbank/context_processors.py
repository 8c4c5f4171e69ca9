"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def site(request: HttpRequest) -> dict[str, str]:
    """The site's name, and the address of the demo's mails where there is a demo."""
    return {
        "site_name": settings.SITE_NAME,
        "demo_mails_url": reverse("delivery:mailbox") if settings.DEMO else "",
    }
