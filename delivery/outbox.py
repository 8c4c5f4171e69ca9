"""The outbox of mails: queued in the transaction of their cause, sent later, once each.

A mail is sent twice only where the process died between the mail server's yes and our mark;
both then carry the same Message-ID.
"""

import logging
import smtplib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, override

from delivery.models import OutgoingMail
from delivery.writing import Write, execute, insertion_of

logger = logging.getLogger("delivery.outbox")

LEASE_SECONDS = 60
MOST_TRIES = 12
FIRST_PAUSE_SECONDS = 15
LONGEST_PAUSE_SECONDS = 6 * 3600
IN_REQUEST = 3


@dataclass(frozen=True)
class Mail:
    """A mail to be queued. See `delivery.models.OutgoingMail` for what its parts are."""

    key: str
    recipient: str
    template: str
    context: dict[str, Any]


def queue_mails(mails: Sequence[Mail], *, at: datetime) -> None:
    """Queue mails, in the caller's transaction. One statement.

    Idempotent: the same key queues nothing a second time. Without a worker
    (`settings.WORKER`) they are sent by this process right after the commit.
    """
    if mails:
        execute(queueing(mails, at=at))


def queueing(mails: Sequence[Mail], *, at: datetime) -> Write:
    """What `queue_mails` does with mails, at least one, for its caller to write."""
    language = get_language() or settings.LANGUAGE_CODE
    rows = [{**vars(mail), "language": language, "queued_at": at, "due_at": at} for mail in mails]
    if not settings.WORKER:
        transaction.on_commit(_send_a_few, robust=True)
    return insertion_of(OutgoingMail, *rows, once=True)


def mails_queued(keys: Iterable[str]) -> set[str]:
    """Those of the keys that have a mail, sent or not."""
    mails = OutgoingMail.objects.filter(key__in=list(keys))
    return set(mails.values_list("key", flat=True))


def _send_a_few() -> None:
    send_due_mails(at=timezone.now(), limit=IN_REQUEST)


def send_due_mails(*, at: datetime, limit: int = 100) -> int:
    """Send what is due and nobody else is sending; how many were sent.

    Safe to be called at once by many. A mail that cannot be sent is tried again later, with
    growing pauses, and is given up and logged after the twelfth time.
    """
    waiting = list(
        OutgoingMail.objects.due(at).order_by("due_at").values_list("pk", flat=True)[:limit]
    )
    return sum(_send_if_free(pk, at=at) for pk in waiting)


def _send_if_free(pk: int, *, at: datetime) -> bool:
    leased = OutgoingMail.objects.due(at).filter(pk=pk)
    if not leased.update(leased_until=at + timedelta(seconds=LEASE_SECONDS), tries=F("tries") + 1):
        return False
    mail = OutgoingMail.objects.get(pk=pk)
    try:
        message(mail).send()
    except (OSError, smtplib.SMTPException) as error:
        _put_off(mail, error, at=at)
        return False
    OutgoingMail.objects.filter(pk=pk).update(sent_at=at, leased_until=None, failure="")
    return True


def _put_off(mail: OutgoingMail, error: Exception, *, at: datetime) -> None:
    pause = min(FIRST_PAUSE_SECONDS * 2 ** (mail.tries - 1), LONGEST_PAUSE_SECONDS)
    over = mail.tries >= MOST_TRIES
    log = logger.error if over else logger.warning
    log("mail=%s try=%d could not be sent: %s", mail.key, mail.tries, type(error).__name__)
    OutgoingMail.objects.filter(pk=mail.pk).update(
        leased_until=None,
        due_at=at + timedelta(seconds=pause),
        failure=type(error).__name__,
        given_up_at=at if over else None,
    )


def message(mail: OutgoingMail) -> EmailMultiAlternatives:
    """The mail as it goes out, in its reader's language, as text and HTML of the same words."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    context = {
        **mail.context,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "current_site": {"name": settings.SITE_NAME, "domain": host},
    }
    with override(mail.language):
        subject = render_to_string(f"{mail.template}_subject.txt", context)
        text = render_to_string(f"{mail.template}_message.txt", context)
        html = render_to_string(f"{mail.template}_message.html", context)
    headers = {"Message-ID": f"<{mail.key}@{host}>"}
    made = EmailMultiAlternatives(
        " ".join(subject.split()), text, to=[mail.recipient], headers=headers
    )
    made.attach_alternative(html, "text/html")
    return made
