"""The signature and the shape of a webhook's body."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import stripe

from payments.stripe.errors import InvalidWebhook, Refusal

# An older signature may be a replay. Source: stripe.Webhook.DEFAULT_TOLERANCE. stripe-python takes
# signatures from the future: with a clock that is slow, a replay could be older by as much.
SIGNATURE_TOLERANCE_SECONDS = 300
# The first t= of a header, which is the one that stripe-python takes into the signed text. A later
# one is not signed.
SIGNED_AT = re.compile(r"(?:^|,)t=([^,]*)")
UNIX_TIME = re.compile(r"[0-9]{1,15}")
# The characters and the length of an event's id and type, as the columns hold them.
EVENT_WORD = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def verified_event(
    body: bytes, signature: str, secrets: Sequence[str], *, at: datetime
) -> dict[str, Any]:
    """Return the event in a webhook's body if one of the secrets signed it within five minutes.

    The signature covers the raw body and is checked before anything in it is read.
    Raises: InvalidWebhook.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidWebhook(Refusal.CONTENT, "not UTF-8") from error
    if not any(_is_signed(text, signature, secret) for secret in secrets):
        raise InvalidWebhook(Refusal.SIGNATURE, "no valid signature")
    _check_age(signature, at)
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidWebhook(Refusal.CONTENT, "not JSON") from error
    if not _is_snapshot_event(event):
        raise InvalidWebhook(Refusal.CONTENT, "not a snapshot event")
    return cast(dict[str, Any], event)


def _is_signed(text: str, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret)
    except stripe.SignatureVerificationError:
        return False
    return True


def _check_age(signature: str, at: datetime) -> None:
    """Raises: InvalidWebhook for a valid signature that is too old, or from the future."""
    found = SIGNED_AT.search(signature)
    if found is None or not UNIX_TIME.fullmatch(found[1]):
        raise InvalidWebhook(Refusal.SIGNATURE, "no valid signature")
    age = int(at.timestamp()) - int(found[1])
    limit = f"more than {SIGNATURE_TOLERANCE_SECONDS} seconds"
    if age > SIGNATURE_TOLERANCE_SECONDS:
        words = f"signed {age} seconds ago, {limit}: it came late, or this machine's clock is fast"
        raise InvalidWebhook(Refusal.TOO_OLD, words)
    if -age > SIGNATURE_TOLERANCE_SECONDS:
        words = f"signed {-age} seconds in the future, {limit}: this machine's clock is slow"
        raise InvalidWebhook(Refusal.FROM_THE_FUTURE, words)


def _is_snapshot_event(event: object) -> bool:
    """Return True for an event that carries its object; a thin event does not."""
    if not isinstance(event, dict) or event.get("object") != "event":
        return False
    data = event.get("data")
    words = [event.get("id"), event.get("type")]
    are_named = all(isinstance(word, str) and EVENT_WORD.fullmatch(word) for word in words)
    return are_named and isinstance(data, dict) and isinstance(data.get("object"), dict)
