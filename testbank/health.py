"""Health checks for load balancers: liveness (`/healthz`) and readiness (`/readyz`)."""

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import User

logger = logging.getLogger("testbank.health")


@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """Health check of liveness: respond 200 while the process can respond."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Health check of readiness: respond 200 if the database does, else 503.

    Pages work without Stripe.
    """
    try:
        User.objects.exists()
    except DatabaseError:
        logger.exception("the database does not answer")
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")
