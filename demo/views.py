"""The demo's mails on a page. The address exists in the demo only (`testbank/urls.py`)."""

from csp.decorators import csp_replace
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from demo.mailbox import demo_mail, demo_mails


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """Every mail that the demo wrote, the newest first."""
    mails = demo_mails(settings.EMAIL_FILE_PATH)
    return render(request, "demo/mailbox.html", {"mails": mails})


@require_GET
@csp_replace({"style-src": ["'unsafe-inline'"]})  # type: ignore[arg-type] # typed without arguments
def designed_mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail as a mail program shows it: its styles stand in its own head."""
    mail = demo_mail(settings.EMAIL_FILE_PATH, name)
    if mail is None or not mail.html:
        raise Http404
    return HttpResponse(mail.html)
