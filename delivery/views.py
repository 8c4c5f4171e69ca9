"""The demo's mails on a page. The address exists in the demo only (`testbank/urls.py`)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from delivery.mailbox import demo_mails


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """Every mail that the demo wrote, the newest first."""
    mails = demo_mails(settings.EMAIL_FILE_PATH)
    return render(request, "delivery/mailbox.html", {"mails": mails})
