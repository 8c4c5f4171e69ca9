"""Receivers of allauth's signals: sign-ins, new factors, and changed addresses."""

from collections.abc import Callable
from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.freezing import lift_freeze
from accounts.models import User
from accounts.sign_in_limits import SignInAttempt, forgive_all
from accounts.staff import remember_activated_factor
from safety.security_log import Kind, record_request

RECORDED: dict[str, Signal] = {
    Kind.SIGN_IN: account.user_logged_in,
    Kind.SIGN_UP: account.user_signed_up,
    Kind.EMAIL_ADDED: account.email_added,
    Kind.EMAIL_CHANGED: account.email_changed,
    Kind.EMAIL_REMOVED: account.email_removed,
    Kind.PASSWORD_RESET: account.password_reset,
    Kind.FACTOR_ADDED: mfa.authenticator_added,
    Kind.FACTOR_REMOVED: mfa.authenticator_removed,
    Kind.RECOVERY_CODES: mfa.authenticator_reset,
    Kind.FACTOR_FAILED: mfa.authentication_failed,
    Kind.SIGN_OUT: user_logged_out,
}


def recorder(kind: str) -> Callable[..., None]:
    """Return a receiver that adds a line to the security log."""

    def record(request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
        user_id = user.pk if user else None
        record_request(request, kind=kind, user_id=user_id, at=timezone.now())

    return record


for _kind, _signal in RECORDED.items():
    _signal.connect(recorder(_kind), weak=False, dispatch_uid=f"security-log-{_kind}")
for _signal in (account.password_changed, account.password_set):
    _signal.connect(
        recorder(Kind.PASSWORD_CHANGED), weak=False, dispatch_uid="security-log-password"
    )


@receiver(mfa.authenticator_added)
def count_activation_as_shown(
    request: HttpRequest, authenticator: Authenticator, **_kwargs: Any
) -> None:
    """Ask for no second code after the one that ended the set-up."""
    if authenticator.type == Authenticator.Type.TOTP:
        remember_activated_factor(request, authenticator)


@receiver(account.password_reset)
def let_in_again(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Lift limits and a freeze: a reset proves who has the address."""
    now = timezone.now()
    for address in EmailAddress.objects.filter(user=user):
        attempt = SignInAttempt(email=address.email, address=request.META["REMOTE_ADDR"])
        forgive_all(attempt, at=now)
    lift_freeze(user=user, at=now)
