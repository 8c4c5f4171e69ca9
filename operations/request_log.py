"""A request's id, its line in the log, and its share in the metrics."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from operations.traffic import record_request
from testbank.logs import with_request_id

logger = logging.getLogger("testbank.requests")

HEADER = "X-Request-ID"
# From the reverse proxy; anything else is replaced.
ACCEPTED = re.compile(r"[\w-]{8,64}")


class RequestLogMiddleware:
    """Comes first, so that it measures the whole request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Respond with the id, under which every log line of this request stands."""
        given = request.headers.get(HEADER, "")
        request_id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        began_at = time.monotonic()
        with with_request_id(request_id):
            response = self._get_response(request)
            seconds = time.monotonic() - began_at
            _record(request, response, seconds)
        response[HEADER] = request_id
        return response


def _record(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    view = match.view_name if match else ""
    method, status = request.method or "", response.status_code
    record_request(view=view, method=method, status=status, seconds=seconds)
    if settings.LOG_REQUESTS:
        milliseconds = seconds * 1000
        logger.info("%s %s %d %.0f ms", method, request.path, status, milliseconds)
