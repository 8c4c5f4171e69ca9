"""What went wrong with a payment: one code for the buyer, everything else in the log."""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from stripe import APIConnectionError, StripeError

from outbound.diagnosis import Diagnosis, diagnose_refusal
from outbound.redaction import scrub
from payments.models import Incident, Order
from payments.stripe_client import NoAnswer

logger = logging.getLogger("payments.incidents")

# Without letters and digits that are mistaken for one another on the telephone.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class BuyersIncident:
    """What the buyer may know of a fault: its code, and a sentence. No detail of the fault."""

    code: str
    sentence: str


def report_incident(
    error: StripeError, *, subject: str, at: datetime, order: Order | None = None
) -> BuyersIncident:
    """Keep the fault under a new code, write it into the log, and give what the buyer may read.

    `subject` says by ids what was being done.
    """
    code = "".join(secrets.choice(CODE_ALPHABET) for _position in range(CODE_LENGTH))
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
    return BuyersIncident(code=code, sentence=buyer_sentence(error, order))


def buyer_sentence(error: StripeError, order: Order | None) -> str:
    """The plain words for a fault on the way to Stripe: no host, no class, no word of proxies.

    Nothing can have been charged before the buyer was shown Stripe's page: no card was
    entered yet. Where an earlier try led there, that is not claimed.
    """
    if order is not None and order.session_id:
        return _sentence_after_stripes_page(error)
    if isinstance(error, APIConnectionError):
        return _(
            "Unable to connect to payment service. "
            "Please check your internet connection and try again. You have not been charged."
        )
    return _(
        "The payment service could not start your payment. "
        "Please try again in a few minutes. You have not been charged."
    )


def _sentence_after_stripes_page(error: StripeError) -> str:
    if isinstance(error, APIConnectionError):
        return _(
            "Unable to connect to payment service. "
            "Please check your internet connection and try again. "
            "If you have paid already, do not pay again: we are still confirming your payment."
        )
    return _(
        "The payment service did not answer about your payment. "
        "Please try again in a few minutes. "
        "If you have paid already, do not pay again: we are still confirming your payment."
    )


def _details(error: StripeError) -> str:
    diagnosis = diagnosis_of(error)
    found = _finding(diagnosis) if diagnosis else f"cause={UNKNOWN}"
    if isinstance(error, NoAnswer):
        course = error.record.course if error.record else "no call was made"
        return f"{course} {found}"
    return scrub(
        f"status={error.http_status} request={error.request_id} "
        f"{type(error).__name__}: {error.user_message} {found}"
    )


def diagnosis_of(error: StripeError) -> Diagnosis | None:
    """What is known of a fault: why no answer came, or what Stripe's own refusal means."""
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


def _finding(diagnosis: Diagnosis) -> str:
    return (
        f"cause={diagnosis.id} stage={diagnosis.stage} acted={diagnosis.acted} "
        f"{diagnosis.operator} Fix: {diagnosis.fix} {diagnosis.hints}"
    )
