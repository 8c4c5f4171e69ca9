"""Freeze an account by the link in a mail about a change."""

from allauth.account.forms import ResetPasswordForm
from allauth.account.views import email_verification_sent
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.adapter import CODE_WAS_JUST_SENT
from accounts.freezing import (
    InvalidLink,
    freeze_account,
    has_lost_address,
    is_address_taken,
    read_token,
)
from safety.security_log import Kind, record_request


def confirm_email(request: HttpRequest) -> HttpResponse:
    """allauth's page for the code in a mail, which says why it sends no code or leads elsewhere."""
    try:
        response: HttpResponse = email_verification_sent(request)
    except ImmediateHttpResponse:
        messages.info(request, CODE_WAS_JUST_SENT)
        return redirect("account_email_verification_sent")
    if response.headers.get("Location") == resolve_url(settings.LOGIN_URL):
        words = _(
            "Your code has expired or was requested in another browser. Sign in to get a new code."
        )
        messages.info(request, words)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def freeze(request: HttpRequest, token: str) -> HttpResponse:
    """Ask first, because mail programs open links; freeze on POST, and send a reset mail.

    If another account has confirmed the address, no mail is sent, since it would be about that
    account, and the link then leads to the page about the frozen account.
    """
    now = timezone.now()
    try:
        if request.method != "POST":
            link = read_token(token, at=now)
            is_taken = is_address_taken(link.email, owner=link.user)
            is_done = is_taken and has_lost_address(user=link.user)
            template = "account/frozen.html" if is_done else "account/freeze.html"
            return render(request, template, {"email": link.email, "is_taken": is_taken})
        link = freeze_account(token=token, at=now)
    except InvalidLink:
        return render(request, "account/freeze_invalid.html", status=404)
    record_request(request, kind=Kind.FROZEN, user_id=link.user.pk, at=now)
    if link.user.email != link.email:
        return redirect("freeze_account", token)
    reset = ResetPasswordForm({"email": link.email})
    if reset.is_valid():
        reset.save(request)
    return redirect("account_frozen")


@never_cache
@require_safe
def frozen(request: HttpRequest) -> HttpResponse:
    """Say what a frozen account is, and how its owner gets in again."""
    return render(request, "account/frozen.html")
