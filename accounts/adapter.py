"""allauth's adapters: emails through the outbox, addresses, and sign-in limits."""

import hashlib
import uuid
from datetime import datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.device_cookie import browser_of, remember_browser
from accounts.freezing import freeze_token, is_frozen, is_password_disabled
from accounts.models import User
from accounts.sign_in_limits import SignInAttempt, count_attempt, forgive_attempt
from accounts.user_agents import browser_name
from outbox.services import queue_mail
from safety.rate_limits import whole_minutes
from safety.security_log import Kind, record_request

UNKNOWN_ACCOUNT = "account/email/unknown_account"
SECURITY_NOTICE = "account/email/security_notice"
STORABLE = (str, int, float, bool)
# How long after the sign-in a first factor can be set up without the password again.
FRESH_SECONDS = 600
CODE_WAS_JUST_SENT = _("We just sent you a code. Wait 10 seconds, then try again.")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth is untyped
    """Queues mails, counts sign-ins by account and address, and takes addresses from SITE_URL."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is inactive."),
        "email_password_mismatch": _("The email address or password is incorrect."),
        "enter_current_password": _("Your current password is incorrect."),
        "invalid_password_reset": _("This link is no longer valid. Request a new one."),
        # Raised where a code was sent less than ten seconds ago (`ACCOUNT_RATE_LIMITS`).
        "rate_limited": CODE_WAS_JUST_SENT,
        "too_many_login_attempts": CODE_WAS_JUST_SENT,
    }

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt. Raises: ValidationError beyond the limit, before any hashing."""
        wait = count_attempt(_attempt(request, credentials), at=timezone.now())
        if wait:
            raise ValidationError(_too_many_sign_ins(wait), code="too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Check the password; a correct one does not count against the limit."""
        user: User | None = super().authenticate(request, **credentials)
        if user:
            forgive_attempt(_attempt(request, credentials), at=timezone.now())
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Add a line to the security log. An address without an account is not stored."""
        user = User.objects.filter(email=credentials.get("email", "").lower()).first()
        user_id = user.pk if user else None
        record_request(request, kind=Kind.SIGN_IN_FAILED, user_id=user_id, at=timezone.now())

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Refuse accounts that are not active or frozen."""
        if is_frozen(user=user, at=timezone.now()):
            return redirect("account_frozen")
        refusal: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return refusal

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Remember the browser, so that strangers cannot slow this person down."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_browser(response, user)
        return response

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask for the password again, but not right after it was entered to set up a factor."""
        if app == "allauth.mfa" and _has_just_signed_in(self.request):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """Lead somebody who confirmed another address back to the addresses."""
        if self.request.user.is_authenticated:
            return reverse("account_email")
        return str(super().get_email_verification_redirect_url(email_address))

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of a reset mail; never the host of the request that asked for it."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", key)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Tell the mail whether it is about a password that freezing has disabled."""
        was_frozen = is_password_disabled(user=user)
        super().send_password_reset_mail(user, email, {**context, "was_frozen": was_frozen})

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell somebody who signs up again."""
        links = {"password_reset_url": _link("account_reset_password")}
        self.send_mail("account/email/account_already_exists", email, links)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue a mail, so that no request fails because the mail server does.

        An address without an account gets one mail a day at most.
        """
        now = timezone.now()
        stored = {name: value for name, value in context.items() if isinstance(value, STORABLE)}
        if template_prefix == UNKNOWN_ACCOUNT:
            stored["signup_url"] = _link("account_signup")
        queue_mail(
            key=_mail_key(template_prefix, email, at=now),
            recipient=email,
            template=template_prefix,
            context=stored,
            at=now,
            is_secret=True,
        )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the account's address about a change, and an address that no longer is one."""
        told = {
            email or EmailAddress.objects.get_primary_email(user),
            (context or {}).get("deleted_email"),
        }
        for recipient in sorted(filter(None, told)):
            notice = _notice(
                self.request, user, recipient, what=template_prefix.rsplit("/", maxsplit=1)[-1]
            )
            self.send_mail(SECURITY_NOTICE, recipient, {**(context or {}), **notice})


def _notice(request: HttpRequest, user: User, recipient: str, *, what: str) -> dict[str, str]:
    now = timezone.now()
    return {
        "what": what,
        "ip": request.META["REMOTE_ADDR"],
        "browser": browser_name(request.headers.get("User-Agent", "")),
        "timestamp": f"{date_format(now, 'DATETIME_FORMAT')} (UTC)",
        "freeze_url": _link("freeze_account", freeze_token(user=user, email=recipient, at=now)),
    }


def _too_many_sign_ins(seconds: int) -> str:
    minutes = whole_minutes(seconds)
    words = ngettext(
        "Too many failed sign-in attempts. Try again in %(minutes)d minute, or choose "
        "“Forgot your password?” to set a new password.",
        "Too many failed sign-in attempts. Try again in %(minutes)d minutes, or choose "
        "“Forgot your password?” to set a new password.",
        minutes,
    )
    return words % {"minutes": minutes}


def _mail_key(template_prefix: str, email: str, *, at: datetime) -> str:
    """One key a mail; one a day for an address that has no account."""
    name = template_prefix.rsplit("/", maxsplit=1)[-1].replace("_", "-")
    if template_prefix != UNKNOWN_ACCOUNT:
        return f"{name}-{uuid.uuid4()}"
    digest = hashlib.sha256(email.lower().encode()).hexdigest()[:32]
    return f"{name}-{digest}-{at:%Y-%m-%d}"


def _link(name: str, *arguments: str) -> str:
    return settings.SITE_URL + reverse(name, args=arguments)


def _has_just_signed_in(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    earliest = timezone.now().timestamp() - FRESH_SECONDS
    has_factor = any(record["method"] == "mfa" for record in records)
    return not has_factor and any(
        record["method"] == "password" and record["at"] > earliest for record in records
    )


def _attempt(request: HttpRequest, credentials: dict[str, Any]) -> SignInAttempt:
    return SignInAttempt(
        email=credentials.get("email", ""),
        address=request.META["REMOTE_ADDR"],
        browser_of=browser_of(request),
    )
