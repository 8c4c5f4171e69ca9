"""How secrets of authenticator apps and recovery codes are kept: encrypted, not as text."""

import base64
import hashlib

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


class EncryptingAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth is untyped
    """Encrypts with a key derived from `SECRET_KEY`, so that a copy of the database is not enough.

    `SECRET_KEY_FALLBACKS` still open what an older key closed. Where no key does, the
    operator runs `manage.py reset_second_factor`.
    """

    def encrypt(self, text: str) -> str:
        """The text, closed with the current key."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What was encrypted. Raises: InvalidToken where no key opens it."""
        return _fernet().decrypt(encrypted_text.encode()).decode()


def _fernet() -> MultiFernet:
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"second factor:" + key.encode()).digest())
