"""Freeze an account that somebody took over, by the link in the mail about the change."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import signing
from django.db import transaction

from accounts.models import AccountFreeze, User

SALT = "accounts.freeze"
FREEZE = timedelta(days=7)


class InvalidLink(Exception):
    """The link was changed, is older than a week, or an older one was used since."""


@dataclass(frozen=True)
class FreezeLink:
    """The content of a link: the account, and the address that the email went to."""

    user: User
    email: str
    issued_at: datetime


def freeze_token(*, user: User, email: str, at: datetime) -> str:
    """Return the signed part of a link. Only the mail to `email` contains it."""
    values = {"user": str(user.public_id), "email": email, "at": at.timestamp()}
    return signing.dumps(values, salt=SALT)


def read_token(token: str, *, at: datetime) -> FreezeLink:
    """Return what a link says. Raises: InvalidLink."""
    try:
        values = signing.loads(token, salt=SALT)
        user = User.objects.get(public_id=values["user"])
    except (signing.BadSignature, User.DoesNotExist):
        raise InvalidLink from None
    link = FreezeLink(user, values["email"], datetime.fromtimestamp(values["at"], tz=UTC))
    is_void = AccountFreeze.objects.filter(user=user).voiding(link.issued_at).exists()
    if is_void or at - link.issued_at > FREEZE:
        raise InvalidLink
    return link


@transaction.atomic
def freeze_account(*, token: str, at: datetime) -> FreezeLink:
    """End all sessions, block sign-in for a week, and give the account back to its address.

    The address that the mail went to becomes the only one. The password stops working, and
    factors that were added in the last week are removed. A password reset lifts the freeze.
    Idempotent. Raises: InvalidLink.
    """
    link = read_token(token, at=at)
    user = User.objects.select_for_update().get(pk=link.user.pk)
    AccountFreeze.objects.create(
        user=user, link_issued_at=link.issued_at, frozen_at=at, until=at + FREEZE
    )
    # The password is part of the hash that every session carries.
    user.set_unusable_password()
    user.email = link.email
    user.save(update_fields=["password", "email"])
    EmailAddress.objects.filter(user=user).exclude(email=link.email).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=link.email, defaults={"primary": True, "verified": True}
    )
    Authenticator.objects.filter(user=user, created_at__gt=at - FREEZE).delete()
    UserSession.objects.filter(user=user).delete()
    return link


def lift_freeze(*, user: User, at: datetime) -> None:
    """Let the owner sign in again. Idempotent."""
    AccountFreeze.objects.filter(user=user).in_force(at).update(lifted_at=at)


def is_frozen(*, user: User, at: datetime) -> bool:
    """Return True if sign-in is blocked."""
    return AccountFreeze.objects.filter(user=user).in_force(at).exists()
