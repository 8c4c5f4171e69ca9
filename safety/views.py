"""Well-known addresses that concern security."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

VALID = timedelta(days=180)


@require_safe
def security_txt(_request: HttpRequest) -> HttpResponse:
    """Say where to report a vulnerability. Source: RFC 9116."""
    contact = settings.SECURITY_EMAIL
    if not contact:
        raise Http404
    expires = (timezone.now() + VALID).strftime("%Y-%m-%dT00:00:00Z")
    lines = [
        f"Contact: mailto:{contact}",
        f"Expires: {expires}",
        f"Canonical: {settings.SITE_URL}/.well-known/security.txt",
        f"Preferred-Languages: {settings.LANGUAGE_CODE}",
    ]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


@require_safe
def change_password(_request: HttpRequest) -> HttpResponse:
    """Lead password managers to the form. Source: W3C, A Well-Known URL for Changing Passwords."""
    return redirect("account_change_password")
