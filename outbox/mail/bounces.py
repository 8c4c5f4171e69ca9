"""Remember the addresses that a mail provider reports as bounced.

Source: anymail.dev/en/stable/sending/tracking
"""

from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.utils import timezone

from outbox.models import BouncedAddress

REPORTED = {EventType.BOUNCED, EventType.COMPLAINED, EventType.REJECTED}
MOST_LETTERS = 200


def record_bounce(event: AnymailTrackingEvent, **_kwargs: Any) -> None:
    """Record a bounce or complaint; an address that gets mail again is forgotten. Idempotent."""
    address = (event.recipient or "").lower()
    if event.event_type in REPORTED:
        reason = (event.description or event.reject_reason or event.event_type)[:MOST_LETTERS]
        BouncedAddress.objects.update_or_create(
            address=address, defaults={"reason": reason, "at": event.timestamp or timezone.now()}
        )
    elif event.event_type == EventType.DELIVERED:
        BouncedAddress.objects.filter(address=address).delete()


def connect() -> None:
    """Listen to the provider's events."""
    tracking.connect(record_bounce, dispatch_uid="outbox.mail.bounces")
