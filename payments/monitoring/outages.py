"""Who is told that payment stopped working, and that it works again: ADMINS, once for each."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from outbox.services import queue_mail
from payments.models import Incident, Outage
from payments.stripe.client import payment_is_down
from payments.stripe.outage import (
    forget_recovery,
    outage_cause,
    outages_are_shared,
    recovery_is_recorded,
)


def watch_outages(*, at: datetime) -> int:
    """Record when payment goes down and when it is back, and email ADMINS about each.

    Idempotent, also when called at once by several processes or machines: the row of an outage
    is unique while it is open. Costs two stat() calls if nothing happened. Returns how many
    outages began or ended.
    """
    if payment_is_down():
        return _begin(at)
    # Without a folder to share, a process cannot tell the end of an outage that another saw.
    if not recovery_is_recorded() and outages_are_shared():
        return 0
    ended = _end(at)
    forget_recovery()
    return ended


@transaction.atomic
def _begin(at: datetime) -> int:
    outage, is_new = Outage.objects.get_or_create(
        mode=settings.STRIPE_MODE,
        ended_at=None,
        defaults={"began_at": at, "cause": outage_cause()},
    )
    if is_new:
        _queue_mails(outage, "payment_down", at=at)
    return int(is_new)


@transaction.atomic
def _end(at: datetime) -> int:
    outage = Outage.objects.filter(mode=settings.STRIPE_MODE, ended_at=None).first()
    if outage is None:
        return 0
    ended = Outage.objects.filter(pk=outage.pk, ended_at=None).update(ended_at=at)
    if ended:
        outage.ended_at = at
        _queue_mails(outage, "payment_back", at=at)
    return ended


def _queue_mails(outage: Outage, kind: str, *, at: datetime) -> None:
    failed = Incident.objects.in_mode(outage.mode).of_purchases().filter(at__gte=outage.began_at)
    with override(settings.LANGUAGE_CODE):
        context = {
            "since": date_format(localtime(outage.began_at), "SHORT_DATETIME_FORMAT"),
            "until": date_format(localtime(at), "SHORT_DATETIME_FORMAT"),
            "cause": outage.cause,
            "failed": failed.count(),
            "path": reverse("operations:payment_health"),
        }
        for number, (_name, address) in enumerate(settings.ADMINS):
            queue_mail(
                key=f"outage-{outage.pk}-{kind}-{number}",
                recipient=address,
                template=f"payments/email/{kind}",
                context=context,
                at=at,
            )
