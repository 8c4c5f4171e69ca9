"""What allauth does differently here: its mails, addresses, sign-in limits."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.device_cookie import browser_of, remember_browser
from accounts.models import User
from accounts.sign_in_limits import SignInAttempt, count_attempt, forgive_attempt


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth is untyped
    """Counts sign-ins by account and address, and takes addresses in mails from SITE_URL."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt. Raises: ValidationError beyond the limit, before any hashing."""
        if not count_attempt(_attempt(request, credentials), at=timezone.now()):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Check the password; a correct one does not count against the limit."""
        user: User | None = super().authenticate(request, **credentials)
        if user:
            forgive_attempt(_attempt(request, credentials), at=timezone.now())
        return user

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Remember the browser, so that strangers cannot slow this person down."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_browser(response, user)
        return response

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of a reset mail; never the host of the request that asked for it."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", key)


def _attempt(request: HttpRequest, credentials: dict[str, Any]) -> SignInAttempt:
    return SignInAttempt(
        email=credentials.get("email", ""),
        address=request.META["REMOTE_ADDR"],
        browser_of=browser_of(request),
    )
