"""The demo's mails. Only the demo routes these URLs (`testbank/urls.py`)."""

from csp.decorators import csp_replace
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from delivery.mailbox import demo_mail, demo_mails


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """List the mails of the demo, newest first."""
    mails = demo_mails(settings.EMAIL_FILE_PATH)
    return render(request, "delivery/mailbox.html", {"mails": mails})


@require_GET
@csp_replace({"style-src": ["'unsafe-inline'"]})  # type: ignore[arg-type] # typed without arguments
def designed_mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail as a mail program does; its CSP allows the inline styles of its head."""
    mail = demo_mail(settings.EMAIL_FILE_PATH, name)
    if mail is None or not mail.html:
        raise Http404
    return HttpResponse(mail.html)
