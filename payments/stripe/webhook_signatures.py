"""The signature and the shape of a webhook's body."""

import json
import re
from collections.abc import Sequence
from typing import Any, cast

import stripe

from payments.stripe.errors import InvalidWebhook

# An older signature may be a replay. Source: stripe.Webhook.DEFAULT_TOLERANCE.
SIGNATURE_TOLERANCE_SECONDS = 300
# The characters and the length of an event's id and type, as the columns hold them.
EVENT_WORD = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def verified_event(body: bytes, signature: str, secrets: Sequence[str]) -> dict[str, Any]:
    """Return the event in a webhook's body if one of the secrets signed it.

    The signature covers the raw body and is checked before anything in it is read.
    Raises: InvalidWebhook.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidWebhook("not UTF-8") from error
    if not any(_is_signed(text, signature, secret) for secret in secrets):
        raise InvalidWebhook("no valid signature")
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidWebhook("not JSON") from error
    if not _is_snapshot_event(event):
        raise InvalidWebhook("not a snapshot event")
    return cast(dict[str, Any], event)


def _is_signed(text: str, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, SIGNATURE_TOLERANCE_SECONDS)
    except stripe.SignatureVerificationError:
        return False
    return True


def _is_snapshot_event(event: object) -> bool:
    """Return True for an event that carries its object; a thin event does not."""
    if not isinstance(event, dict) or event.get("object") != "event":
        return False
    data = event.get("data")
    words = [event.get("id"), event.get("type")]
    are_named = all(isinstance(word, str) and EVENT_WORD.fullmatch(word) for word in words)
    return are_named and isinstance(data, dict) and isinstance(data.get("object"), dict)
