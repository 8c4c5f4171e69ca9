"""Maintenance mode: people see a page that says so, while Stripe's webhooks get through.

A file in RUN_DIR turns it on for all processes of this machine. It costs one stat() a request.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language_from_request, override

from testbank.private_files import write_private

RETRY_AFTER_SECONDS = 60
# Health checks, so that a load balancer keeps sending people here, where they see the page.
STAYS_OPEN = ("/healthz", "/readyz", "/metrics")


def turn_on(*, at: datetime, ends_at_restart: bool) -> None:
    """Turn maintenance on. With `ends_at_restart`, the next start of a server turns it off."""
    content = {"since": at.isoformat(), "ends_at_restart": ends_at_restart}
    write_private(_file(), json.dumps(content))


def turn_off() -> None:
    """Turn maintenance off. Does nothing if it is off."""
    _file().unlink(missing_ok=True)


def is_on() -> bool:
    return _file().exists()


def end_at_restart() -> None:
    """Turn maintenance off if it was turned on until a server starts."""
    with suppress(OSError, ValueError):
        if json.loads(_file().read_text(encoding="utf-8"))["ends_at_restart"]:
            turn_off()


class MaintenanceMiddleware:
    """Responds 503 with Retry-After while maintenance is on. Makes no query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let webhooks and health checks through."""
        if not is_on() or request.path_info in (reverse("payments:webhook"), *STAYS_OPEN):
            return self._get_response(request)
        with override(get_language_from_request(request)):
            page = render(
                request, "maintenance.html", {"site_name": settings.SITE_NAME}, status=503
            )
        page["Retry-After"] = str(RETRY_AFTER_SECONDS)
        page["Cache-Control"] = "no-store"
        return page


def _file() -> Path:
    folder: Path = settings.RUN_DIR
    return folder / "maintenance.json"
