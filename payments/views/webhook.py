"""The webhook: where Stripe sends its events."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments.flows.webhook_inbox import receive_event
from payments.monitoring.refused_webhooks import record_refusal
from payments.stripe.errors import InvalidWebhook
from payments.stripe.webhook_signatures import verified_event

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Receive an event: 200 once it is stored and handled, 400 if it is not signed.

    An error on our side answers 5xx, so that Stripe sends the event again. A request without a
    valid signature costs no query.
    """
    if not settings.STRIPE_WEBHOOK_SECRETS:
        logger.error("an event was rejected because STRIPE_WEBHOOK_SECRET is not set")
        return HttpResponse("no webhook secret is set", status=503, content_type="text/plain")
    signature, at = request.headers.get("Stripe-Signature", ""), timezone.now()
    try:
        event = verified_event(request.body, signature, settings.STRIPE_WEBHOOK_SECRETS, at=at)
    except InvalidWebhook as error:
        logger.warning("a webhook was rejected: %s", error)
        record_refusal(error.reason, at=at)
        return HttpResponse("rejected", status=400, content_type="text/plain")
    receive_event(event=event, body=request.body, at=at)
    return HttpResponse("stored", content_type="text/plain")
