"""The outbox of mails: queued in the transaction of their cause, sent later, once each.

A mail is sent twice only if the process dies after the mail server accepted it and before the
row is marked as sent; both copies then carry the same Message-ID.
"""

import logging
import smtplib
from collections.abc import Iterable
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

from outbox.models import OutgoingMail
from testbank.logs import current_request_id, with_request_id

logger = logging.getLogger(__name__)

LEASE_SECONDS = 60
MAX_TRIES = 12
FIRST_BACKOFF_SECONDS = 15
MAX_BACKOFF_SECONDS = 6 * 3600
# Without a worker: what one request may send, so that it does not become slow.
MAILS_PER_REQUEST = 3


def queue_mail(
    *,
    key: str,
    recipient: str,
    template: str,
    context: dict[str, Any],
    at: datetime,
    is_secret: bool = False,
) -> None:
    """Queue a mail in the caller's transaction, so that it exists only if its cause does.

    Idempotent, also when called twice at once: `key` names the cause and is unique. Without a
    worker (`settings.WORKER`) this process sends it right after the commit. See
    `outbox.models.OutgoingMail` for the parts.
    """
    mail = OutgoingMail(
        key=key,
        recipient=recipient,
        template=template,
        context=context,
        is_secret=is_secret,
        language=get_language() or settings.LANGUAGE_CODE,
        request_id=current_request_id(),
        queued_at=at,
        due_at=at,
    )
    OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)
    if not settings.WORKER:
        transaction.on_commit(_send_after_commit, robust=True)


def mails_queued(keys: Iterable[str]) -> set[str]:
    """Return those of the keys that have a mail, sent or not."""
    mails = OutgoingMail.objects.filter(key__in=list(keys))
    return set(mails.values_list("key", flat=True))


def _send_after_commit() -> None:
    send_due_mails(at=timezone.now(), limit=MAILS_PER_REQUEST)


def send_due_mails(*, at: datetime, limit: int = 100) -> int:
    """Send the mails that are due, and return how many were sent.

    Safe to call from several processes at once: each mail is claimed by a lease. A mail that
    cannot be sent is retried with exponential backoff, and given up and logged after twelve
    tries.
    """
    waiting = list(
        OutgoingMail.objects.due(at).order_by("due_at").values_list("pk", flat=True)[:limit]
    )
    return sum(_claim_and_send(pk, at=at) for pk in waiting)


def _claim_and_send(pk: int, *, at: datetime) -> bool:
    leased = OutgoingMail.objects.due(at).filter(pk=pk)
    if not leased.update(leased_until=at + timedelta(seconds=LEASE_SECONDS), tries=F("tries") + 1):
        return False
    mail = OutgoingMail.objects.get(pk=pk)
    with with_request_id(mail.request_id):
        if not _send(mail, at=at):
            return False
    context = {} if mail.is_secret else mail.context
    OutgoingMail.objects.filter(pk=pk).update(
        sent_at=at, leased_until=None, failure="", context=context
    )
    return True


def _send(mail: OutgoingMail, *, at: datetime) -> bool:
    try:
        message(mail).send()
    except (OSError, smtplib.SMTPException) as error:
        _schedule_retry(mail, error, at=at)
        return False
    # Such as an invalid recipient: the mails after this one are sent all the same.
    except Exception as error:
        logger.exception("mail=%s cannot be rendered or addressed", mail.key)
        _schedule_retry(mail, error, at=at)
        return False
    return True


def is_mail_delayed() -> bool:
    """Return True if the mail server refused a mail that is still to be sent."""
    waiting = OutgoingMail.objects.filter(sent_at=None, given_up_at=None)
    return waiting.exclude(failure="").exists()


def _schedule_retry(mail: OutgoingMail, error: Exception, *, at: datetime) -> None:
    pause = min(FIRST_BACKOFF_SECONDS * 2 ** (mail.tries - 1), MAX_BACKOFF_SECONDS)
    over = mail.tries >= MAX_TRIES
    log = logger.error if over else logger.warning
    log("mail=%s try=%d could not be sent: %s", mail.key, mail.tries, type(error).__name__)
    OutgoingMail.objects.filter(pk=mail.pk).update(
        leased_until=None,
        due_at=at + timedelta(seconds=pause),
        failure=type(error).__name__,
        given_up_at=at if over else None,
    )


def message(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Render the mail in its recipient's language, as text and as HTML."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    context = {
        **mail.context,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "support_email": settings.SUPPORT_EMAIL,
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
