"""Keep the rows of alarms equal to the faults of now, and email ADMINS about each change."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import override

from operations.alarms.faults import Fault
from operations.models import Alarm
from outbox.services import queue_mail

logger = logging.getLogger(__name__)


@transaction.atomic
def update_alarms(faults: Iterable[Fault], *, at: datetime) -> int:
    """Raise an alarm for each new fault, and end those that are over; return how many changed.

    Idempotent, also when called at once by several processes: an alarm is unique by its name.
    """
    there = {fault.name: fault for fault in faults}
    raised = {alarm.name: alarm for alarm in Alarm.objects.all()}
    began = [fault for name, fault in there.items() if name not in raised and _raise(fault, at)]
    over = [alarm for name, alarm in raised.items() if name not in there and _end(alarm, at)]
    return len(began) + len(over)


def _raise(fault: Fault, at: datetime) -> bool:
    alarm, is_new = Alarm.objects.get_or_create(
        name=fault.name, defaults={"since": at, "message": fault.message}
    )
    if is_new:
        logger.error("alarm %s began: %s %s", fault.name, fault.message, fault.advice)
        _queue_mails(alarm, "began", advice=fault.advice, at=at)
    return is_new


def _end(alarm: Alarm, at: datetime) -> bool:
    ended, _rows = Alarm.objects.filter(pk=alarm.pk).delete()
    if ended:
        logger.info("alarm %s is over: %s", alarm.name, alarm.message)
        _queue_mails(alarm, "over", advice="", at=at)
    return bool(ended)


def _queue_mails(alarm: Alarm, change: str, *, advice: str, at: datetime) -> None:
    context = {
        "message": alarm.message,
        "advice": advice,
        "since": f"{alarm.since:%Y-%m-%d %H:%M} UTC",
        "until": f"{at:%Y-%m-%d %H:%M} UTC",
    }
    with override(settings.LANGUAGE_CODE):
        for number, (_name, address) in enumerate(settings.ADMINS):
            queue_mail(
                key=f"alarm-{alarm.name}-{alarm.since:%Y%m%dT%H%M%S%f}-{change}-{number}",
                recipient=address,
                template=f"operations/email/alarm_{change}",
                context=context,
                at=at,
            )
