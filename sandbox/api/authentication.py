"""API keys: which ones the sandbox accepts, and how a request carries one.

Source: docs.stripe.com/api/authentication.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from email.message import Message

from sandbox.errors import api_key_invalid, api_key_missing


def authenticate(headers: Message, secret_keys: Iterable[str]) -> str:
    """Return the request's API key. Raises ApiError 401 if it has none, or an unknown one."""
    key = api_key_in(headers)
    if not key:
        raise api_key_missing()
    if not any(hmac.compare_digest(key.encode(), known.encode()) for known in secret_keys):
        raise api_key_invalid(key)
    return key


def api_key_in(headers: Message) -> str:
    """Return the key from the Authorization header: a bearer token, or the Basic username."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def hash_key(key: str) -> str:
    """Return the hash that stands for the key in the state file, which never holds the key."""
    return hashlib.sha256(key.encode()).hexdigest()
