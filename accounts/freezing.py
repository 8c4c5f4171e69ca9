"""Freeze an account that somebody took over, by the link in the mail about the change."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import signing
from django.db import IntegrityError, transaction

from accounts.models import AccountFreeze, User

SALT = "accounts.freeze"
FREEZE = timedelta(days=7)
NO_ADDRESS_DOMAIN = "none.invalid"


class InvalidLink(Exception):
    """The link was changed or is older than a week, or a freeze made it void."""


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
    link = _signed_link(token)
    _check_link(link, at=at)
    return link


def _signed_link(token: str) -> FreezeLink:
    try:
        values = signing.loads(token, salt=SALT)
        user = User.objects.get(public_id=values["user"])
    except (signing.BadSignature, User.DoesNotExist):
        raise InvalidLink from None
    return FreezeLink(user, values["email"], datetime.fromtimestamp(values["at"], tz=UTC))


def _check_link(link: FreezeLink, *, at: datetime) -> None:
    is_void = AccountFreeze.objects.filter(user=link.user).voiding(link.issued_at).exists()
    if is_void or at - link.issued_at > FREEZE:
        raise InvalidLink


@transaction.atomic
def freeze_account(*, token: str, at: datetime) -> FreezeLink:
    """End all sessions, disable the password, and give the account back to its address.

    The address that the mail went to becomes the only one, unless its owner has confirmed it for
    another account since; then the account has none until staff give it one. Factors that were
    added in the last week are removed. Sign-in is blocked until a password reset lifts the freeze.
    Idempotent. Returns the link with the frozen user, whose `email` is another one if the account
    has no address. Raises: InvalidLink.
    """
    link = _signed_link(token)
    # Lock first and check second: the account may be restored at the same time.
    user = User.objects.select_for_update().get(pk=link.user.pk)
    _check_link(link, at=at)
    AccountFreeze.objects.create(
        user=user, link_issued_at=link.issued_at, frozen_at=at, until=at + FREEZE
    )
    # The password is part of the hash that every session carries.
    user.set_unusable_password()
    user.save(update_fields=["password"])
    _set_only_address(
        user, link.email if _free_address(link.email, owner=user) else _no_address(user)
    )
    Authenticator.objects.filter(user=user, created_at__gt=at - FREEZE).delete()
    UserSession.objects.filter(user=user).delete()
    return replace(link, user=user)


class AddressTaken(Exception):
    """Another account has the address."""


class HasAddress(Exception):
    """The account has an address, which only its owner may change."""


class NotFrozen(Exception):
    """The account was never frozen, or a new password has been chosen since."""


@transaction.atomic
def give_address(*, user: User, email: str, at: datetime) -> User:
    """Give a frozen account that has no address one, so that its owner can choose a password there.

    All links to freeze the account that were sent before are void, so that none of them takes the
    new address away. Returns the changed user. Raises: HasAddress, NotFrozen, AddressTaken.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.email.endswith(f"@{NO_ADDRESS_DOMAIN}"):
        raise HasAddress
    if not is_password_disabled(user=user):
        raise NotFrozen
    address = email.lower()
    others = User.objects.filter(email=address).exclude(pk=user.pk)
    if is_address_taken(address, owner=user) or others.exists():
        raise AddressTaken
    try:
        with transaction.atomic():
            _set_only_address(user, address)
    except IntegrityError:  # Another account got the address after the check.
        raise AddressTaken from None
    AccountFreeze.objects.filter(user=user).update(restored_at=at)
    return user


def _set_only_address(user: User, email: str) -> None:
    user.email = email
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user).exclude(email=email).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"primary": True, "verified": True}
    )


def has_lost_address(*, user: User) -> bool:
    """Return True if freezing left the account without an address."""
    return user.email.endswith(f"@{NO_ADDRESS_DOMAIN}") and is_password_disabled(user=user)


def is_address_taken(email: str, *, owner: User) -> bool:
    """Return True if another account has confirmed the address."""
    others = EmailAddress.objects.filter(email=email).exclude(user=owner)
    return bool(others.filter(verified=True).exists())


def _free_address(email: str, *, owner: User) -> bool:
    """Take the address from accounts that never confirmed it; False if another one has.

    A thief could sign up with it, so that the account cannot be given back to it.
    """
    if is_address_taken(email, owner=owner):
        return False
    EmailAddress.objects.filter(email=email).exclude(user=owner).delete()
    for other in User.objects.filter(email=email).exclude(pk=owner.pk):
        other.email = _no_address(other)
        other.save(update_fields=["email"])
    return True


def _no_address(user: User) -> str:
    """Return what stands for the address of an account that has none. Nobody gets its mail."""
    return f"none-{user.public_id}@{NO_ADDRESS_DOMAIN}"


def lift_freeze(*, user: User, at: datetime) -> None:
    """Let the owner sign in again. Idempotent."""
    AccountFreeze.objects.filter(user=user).in_force(at).update(lifted_at=at)


def is_frozen(*, user: User, at: datetime) -> bool:
    """Return True if sign-in is blocked."""
    return AccountFreeze.objects.filter(user=user).in_force(at).exists()


def is_password_disabled(*, user: User) -> bool:
    """Return True if freezing disabled the password and no new one has been chosen since."""
    return not user.has_usable_password() and AccountFreeze.objects.filter(user=user).exists()
