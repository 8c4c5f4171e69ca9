"""The security log: a row and a line for everything that decides who may do what."""

import logging
from datetime import datetime

from django.http import HttpRequest

from safety.models import SecurityEvent

logger = logging.getLogger("safety.security_log")

Kind = SecurityEvent.Kind


def record_event(
    *, kind: str, user_id: int | None, address: str | None, at: datetime, detail: str = ""
) -> None:
    """Add a row and log a line. `detail` names no secret and no other person's address."""
    short = " ".join(detail.split())[:200]
    SecurityEvent.objects.create(
        kind=kind, user_id=user_id, address=address or None, at=at, detail=short
    )
    logger.info("%s user=%s address=%s %s", kind, user_id, address or "command", short)


def record_request(
    request: HttpRequest, *, kind: str, user_id: int | None, at: datetime, detail: str = ""
) -> None:
    """Record what came of a request, with the client's address."""
    record_event(
        kind=kind, user_id=user_id, address=request.META.get("REMOTE_ADDR"), at=at, detail=detail
    )
