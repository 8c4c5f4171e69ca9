"""An authenticator app: time-based one-time passwords."""

import base64
import hashlib
import hmac
import struct
import time


def code_of(secret: str, *, steps_from_now: int = 0) -> str:
    """Return the six digits for the secret now. Source: RFC 6238, section 4."""
    counter = int(time.time()) // 30 + steps_from_now
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
