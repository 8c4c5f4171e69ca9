"""Which secret keys are let in, and how a request carries one.

Source: docs.stripe.com/api/authentication.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from email.message import Message

from sandbox.errors import no_key, unknown_key


def accepted(headers: Message, secret_keys: Iterable[str]) -> str:
    """The key that the request carries. Raises ApiError 401 where none or an unknown one came."""
    key = carried(headers)
    if not key:
        raise no_key()
    if not any(hmac.compare_digest(key.encode(), known.encode()) for known in secret_keys):
        raise unknown_key(key)
    return key


def carried(headers: Message) -> str:
    """The key in the Authorization header: a bearer token, or the user of Basic."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def fingerprint(key: str) -> str:
    """The name under which a key's results are kept; the key itself is never stored."""
    return hashlib.sha256(key.encode()).hexdigest()
