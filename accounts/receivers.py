"""What happens here when allauth reports a sign-in, a new factor, or a reset."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.sign_in_limits import SignInAttempt, forgive_all
from accounts.staff import remember_activated_factor


@receiver(authenticator_added)
def count_activation_as_shown(
    request: HttpRequest, authenticator: Authenticator, **_kwargs: Any
) -> None:
    """Ask for no second code after the one that ended the set-up."""
    if authenticator.type == Authenticator.Type.TOTP:
        remember_activated_factor(request, authenticator)


@receiver(password_reset)
def forgive_failed_sign_ins(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Let a person sign in at once who has just proven their address."""
    for address in EmailAddress.objects.filter(user=user):
        attempt = SignInAttempt(email=address.email, address=request.META["REMOTE_ADDR"])
        forgive_all(attempt, at=timezone.now())
