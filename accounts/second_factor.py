"""Encryption of the stored secrets of authenticator apps and recovery codes."""

import base64
import hashlib

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


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
