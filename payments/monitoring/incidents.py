"""Incidents: a code for the buyer, and the details for the log and the admin."""

import logging
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from outbound.diagnosis import Diagnosis, diagnose_refusal
from outbound.redaction import scrub
from payments.models import Incident, Order, readable_code
from payments.monitoring.outages import watch_outages
from payments.stripe.errors import APIConnectionError, NoAnswer, StripeError

logger = logging.getLogger(__name__)

UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class BuyersIncident:
    """What the buyer may know of an error: its code and a sentence, and no details."""

    code: str
    sentence: str


def report_incident(
    error: StripeError, *, subject: str, at: datetime, order: Order | None = None
) -> BuyersIncident:
    """Store an error under a new code, log it, and return what the buyer may read.

    `subject` says what was being done, by ids.
    """
    code = readable_code()
    report, diagnosis = _details(error), diagnosis_of(error)
    logger.error("incident=%s %s %s", code, subject, report, exc_info=error)
    Incident.objects.create(
        code=code,
        cause=diagnosis.id if diagnosis else UNKNOWN,
        subject=subject[:200],
        report=report,
        order=order,
        at=at,
    )
    watch_outages(at=at)
    return BuyersIncident(code=code, sentence=buyer_sentence(error, order))


def buyer_sentence(error: StripeError, order: Order | None) -> str:
    """Return the sentence for an error in a call to Stripe: no host, no class, no proxy.

    Nothing can have been charged before the buyer saw Stripe's page, because no card was entered
    yet. After an earlier attempt led there, the sentence does not claim that.
    """
    if order is not None and order.session_id:
        return _sentence_after_stripes_page(error)
    if isinstance(error, APIConnectionError):
        return _(
            "Unable to connect to payment service. "
            "Please check your internet connection and try again. You have not been charged. "
            "The problem is most likely on our side."
        )
    return _(
        "The payment service could not start your payment. "
        "Please try again in a few minutes. You have not been charged."
    )


def _sentence_after_stripes_page(error: StripeError) -> str:
    if isinstance(error, APIConnectionError):
        return _(
            "Unable to connect to payment service. Please check your internet connection and "
            "try again. If you have already paid, do not pay again: we are still confirming "
            "your payment."
        )
    return _(
        "The payment service could not confirm your payment. Please try again in a few "
        "minutes. If you have already paid, do not pay again: we are still confirming your "
        "payment."
    )


def _details(error: StripeError) -> str:
    diagnosis = diagnosis_of(error)
    found = _described(diagnosis) if diagnosis else f"cause={UNKNOWN}"
    if isinstance(error, NoAnswer):
        call = error.record.log_line if error.record else "no call was made"
        return f"{call} {found}"
    return scrub(
        f"status={error.http_status} request={error.request_id} "
        f"{type(error).__name__}: {error.user_message} {found}"
    )


def diagnosis_of(error: StripeError) -> Diagnosis | None:
    """Return why no answer came, or what Stripe's own refusal means; None if that is unknown."""
    if isinstance(error, NoAnswer):
        return error.diagnosis
    status = error.http_status or 0
    if status < 400:
        return None
    return diagnose_refusal(
        status,
        host=urlsplit(settings.STRIPE_API_BASE).hostname or "",
        wish=(error.headers or {}).get("Stripe-Should-Retry", ""),
        # stripe-python gives every POST an idempotency key, where we have not given ours.
        repeatable=True,
    )


def _described(diagnosis: Diagnosis) -> str:
    return (
        f"cause={diagnosis.id} stage={diagnosis.stage} acted={diagnosis.acted} "
        f"{diagnosis.operator} Fix: {diagnosis.fix} {diagnosis.hints}"
    )
