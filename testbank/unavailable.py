"""A page for requests that the database refused or could not serve in time."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

logger = logging.getLogger("testbank.database")

RETRY_AFTER_SECONDS = 5


class DatabaseUnavailableMiddleware:
    """Responds 503 with Retry-After where the database is locked, full, silent or gone.

    The transaction was rolled back, so the request can be sent again: Stripe and the journal of
    the browser do. With DEBUG the exception is shown.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an OperationalError of the database; leave every other exception to Django."""
        if not isinstance(error, OperationalError) or _is_wrong_sql(error) or settings.DEBUG:
            return None
        logger.error("the database could not serve %s", request.path_info, exc_info=error)
        page = HttpResponse(render_to_string("busy.html"), status=503)
        page["Retry-After"] = str(RETRY_AFTER_SECONDS)
        page["Cache-Control"] = "no-store"
        return page


def _is_wrong_sql(error: OperationalError) -> bool:
    """Whether SQLite could not understand a statement, as where a table is missing."""
    return getattr(error.__cause__, "sqlite_errorname", "") == "SQLITE_ERROR"
