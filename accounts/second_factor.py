"""The second factor: encryption of its stored secrets, and codes that work once."""

import base64
import hashlib
from datetime import datetime

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from django.conf import settings

from accounts.models import UsedTimeStep, User

STEP_SECONDS = 30
DIGITS = 6


class EncryptingAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth is untyped
    """Encrypts with a key derived from `SECRET_KEY`, so that a copy of the database is not enough.

    `SECRET_KEY_FALLBACKS` still decrypt what an older key encrypted. If no key does, the
    operator runs `manage.py reset_second_factor`.
    """

    def encrypt(self, text: str) -> str:
        """Encrypt with the current key."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt with the current key or a fallback. Raises: InvalidToken if none fits."""
        return _fernet().decrypt(encrypted_text.encode()).decode()


def _fernet() -> MultiFernet:
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"second factor:" + key.encode()).digest())


def accept_code(*, user: User, secret: str, code: str, at: datetime) -> bool:
    """Use up the time step of a correct code; False if that step or a later one was used.

    Safe from several processes at once: a conditional UPDATE decides.
    Source: RFC 6238, section 5.2.
    """
    step = _step_of(secret, code, at)
    if step is None:
        return False
    used = UsedTimeStep.objects.filter(user=user)
    if used.filter(step__lt=step).update(step=step):
        return True
    UsedTimeStep.objects.bulk_create([UsedTimeStep(user=user, step=0)], ignore_conflicts=True)
    return bool(used.filter(step__lt=step).update(step=step))


def _step_of(secret: str, code: str, at: datetime) -> int | None:
    """Return the time step of a code.

    One step more on each side than allauth accepts: the clock moves on between the two.
    """
    key = base64.b32decode(secret, casefold=True)
    # SHA-1 is what authenticator apps use, and HMAC does not depend on its collisions.
    generator = HOTP(key, DIGITS, SHA1(), enforce_key_length=False)  # noqa: S303
    now = int(at.timestamp()) // STEP_SECONDS
    reach = settings.MFA_TOTP_TOLERANCE + 1
    digits = "".join(character for character in code if character.isdigit()).encode()
    steps = range(now - reach, now + reach + 1)
    return next((step for step in steps if generator.generate(step) == digits), None)
