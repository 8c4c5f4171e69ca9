"""Limits on guessing passwords.

Attempts count by account and address together, so that a stranger cannot lock anybody out. After
50 attempts in an hour from anywhere, an account gets one attempt a minute from browsers that
never signed in to it. A browser that did has a limit of its own: it carries a device cookie.
Source: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from safety.rate_limits import (
    SIGN_IN_BY_ACCOUNT,
    SIGN_IN_BY_ADDRESS,
    SIGN_IN_BY_BROWSER,
    SIGN_IN_SLOWED,
    RateLimit,
    allow,
    clear_limit,
    give_back,
    seconds_left,
)


@dataclass(frozen=True)
class SignInAttempt:
    """One attempt: the email address that was typed, from where, and in whose browser."""

    email: str
    address: str
    # The public id of the user who signed in with this browser last; empty if nobody did.
    browser_of: str = ""

    @property
    def account(self) -> str:
        """The key of the account's limits, also where there is no such account."""
        return self.email.lower()

    @property
    def account_and_address(self) -> tuple[str, str]:
        """The key of the limit for this account from this address."""
        return (self.account, self.address)


def count_attempt(attempt: SignInAttempt, *, at: datetime) -> int:
    """Count the attempt before the password is checked; return how many seconds it must wait."""
    limit = _used_up_limit(attempt, at=at)
    return seconds_left(limit, at=at) if limit else 0


def forgive_attempt(attempt: SignInAttempt, *, at: datetime) -> None:
    """Take the attempt back: its password was correct."""
    if _is_known_browser(attempt):
        give_back(SIGN_IN_BY_BROWSER, key=attempt.browser_of, at=at)
        return
    give_back(SIGN_IN_BY_ADDRESS, key=attempt.account_and_address, at=at)
    give_back(SIGN_IN_BY_ACCOUNT, key=attempt.account, at=at)


def forgive_all(attempt: SignInAttempt, *, at: datetime) -> None:
    """Start again after a password reset, which proves who it is."""
    clear_limit(SIGN_IN_BY_ADDRESS, key=attempt.account_and_address, at=at)
    clear_limit(SIGN_IN_BY_ACCOUNT, key=attempt.account, at=at)
    clear_limit(SIGN_IN_SLOWED, key=attempt.account, at=at)


def _used_up_limit(attempt: SignInAttempt, *, at: datetime) -> RateLimit | None:
    if _is_known_browser(attempt):
        is_allowed = allow(SIGN_IN_BY_BROWSER, key=attempt.browser_of, at=at)
        return None if is_allowed else SIGN_IN_BY_BROWSER
    if not allow(SIGN_IN_BY_ADDRESS, key=attempt.account_and_address, at=at):
        return SIGN_IN_BY_ADDRESS
    is_allowed = allow(SIGN_IN_BY_ACCOUNT, key=attempt.account, at=at) or allow(
        SIGN_IN_SLOWED, key=attempt.account, at=at
    )
    return None if is_allowed else SIGN_IN_SLOWED


def _is_known_browser(attempt: SignInAttempt) -> bool:
    if not attempt.browser_of:
        return False
    return User.objects.filter(public_id=attempt.browser_of, email=attempt.account).exists()
