"""What went wrong with a payment: one code for the buyer, everything else in the log."""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from stripe import APIConnectionError, StripeError

from outbound.diagnosis import Diagnosis
from outbound.journey import CallRecord
from outbound.secrets import scrub
from payments.models import Incident, Order
from payments.stripe_client import NoAnswer

logger = logging.getLogger("payments.incidents")

# Without letters and digits that are mistaken for one another on the telephone.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8


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
    report = _details(error)
    logger.error("incident=%s %s %s", code, subject, report, exc_info=error)
    Incident.objects.create(
        code=code,
        cause=cause_id(error),
        subject=subject[:200],
        report=report,
        order=order,
        at=at,
    )
    return BuyersIncident(code=code, sentence=buyer_sentence(error))


def buyer_sentence(error: StripeError) -> str:
    """The plain words for a fault before Stripe's page: no host, no class, no word of proxies.

    Nothing can have been charged there: no card was entered yet.
    """
    if isinstance(error, APIConnectionError):
        return _(
            "Unable to connect to payment service. "
            "Please check your internet connection and try again. You have not been charged."
        )
    return _(
        "The payment service could not start your payment. "
        "Please try again in a few minutes. You have not been charged."
    )


def _details(error: StripeError) -> str:
    if isinstance(error, NoAnswer):
        return f"{_course(error.record)} {_finding(error.diagnosis)}"
    return scrub(
        f"cause={cause_id(error)} status={error.http_status} request={error.request_id} "
        f"{type(error).__name__}: {error.user_message}"
    )


def cause_id(error: StripeError) -> str:
    """The stable id of the cause: that of the diagnosis, or of Stripe's own answer."""
    if isinstance(error, NoAnswer):
        return error.diagnosis.id
    status = error.http_status or 0
    return "API-5XX" if status >= 500 else f"API-{status}" if status else "UNKNOWN"


def _course(record: CallRecord | None) -> str:
    """How far the call got."""
    if record is None:
        return "no call was made"
    stages = " ".join(f"{stage}={ms:.0f}ms" for stage, ms in record.milliseconds.items())
    return f"route={record.route!r} sent_bytes={record.bytes_sent} {stages}"


def _finding(diagnosis: Diagnosis) -> str:
    return (
        f"cause={diagnosis.id} stage={diagnosis.stage} acted={diagnosis.acted} "
        f"{diagnosis.operator} Fix: {diagnosis.fix} {diagnosis.advice}"
    )
