"""Template context of every page."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from catalog.services.legal import legal_page_kinds
from payments.stripe.client import payment_is_down
from practice.services.journal import journal_user
from testbank import __version__


def site(
    request: HttpRequest,
) -> dict[str, str | bool | int | Callable[[], str] | Callable[[], list[str]]]:
    """Return what every page can show.

    `legal_page_kinds` is a query, which only a footer that is not cached makes. `cache_seconds` is
    the timeout of `{% cache %}` blocks that are the same for every visitor. `journal_user` is the
    name of the user in the journal of the browser.
    """
    return {
        "site_name": settings.SITE_NAME,
        "version": __version__,
        "support_email": settings.SUPPORT_EMAIL,
        "legal_page_kinds": legal_page_kinds,
        "demo_mails_url": reverse("demo:mailbox") if settings.DEMO else "",
        "payment_is_down": payment_is_down(),
        "cache_seconds": settings.PAGE_CACHE_SECONDS,
        "has_service_worker": settings.SERVICE_WORKER,
        # A function, because only pages of users need it.
        "journal_user": lambda: journal_user(request.user.pk or 0),
    }
