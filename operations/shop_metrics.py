"""Gauges of what the shop does, read from the database at each scrape."""

import platform
from datetime import datetime

import django
from django.db.models import Count, Max, Min
from prometheus_client import CollectorRegistry, Gauge, Info

from operations.backup.services import stored_backups
from operations.models import Alarm, JobRun
from outbox.models import OutgoingMail
from payments.models import Order
from practice.models import Answer
from testbank import __version__


def shop_registry(*, mode: str, at: datetime) -> CollectorRegistry:
    """Return the gauges of now. Costs five queries, whatever the number of rows."""
    registry = CollectorRegistry()

    def gauge(name: str, words: str, value: float) -> None:
        Gauge(f"testbank_{name}", words, registry=registry).set(value)

    # The highest key counts the answers without reading them all.
    answers = Answer.objects.aggregate(last=Max("pk"))["last"]
    gauge("answers_stored", "Answers stored, in total.", answers or 0)
    paid = Order.objects.in_mode(mode).filter(paid_at__isnull=False).count()
    gauge("purchases_paid", "Paid orders, in total.", paid)
    mails = OutgoingMail.objects.filter(sent_at=None, given_up_at=None)
    waiting = mails.aggregate(number=Count("pk"), oldest=Min("queued_at"))
    gauge("mails_waiting", "Emails waiting to be sent.", waiting["number"])
    gauge("oldest_mail_seconds", "Age of the oldest waiting email.", _age(waiting["oldest"], at))
    ran = JobRun.objects.aggregate(last=Max("at"))["last"]
    gauge(
        "worker_silence_seconds",
        "Time since a worker last finished a job; 0 if it never has.",
        _age(ran, at),
    )
    backups = stored_backups()
    made = backups[-1].made_at if backups else None
    gauge("backup_age_seconds", "Age of the newest backup; 0 if there is none.", _age(made, at))
    alarms = Gauge("testbank_alarm", "1 for each current fault.", ["name"], registry=registry)
    for name in Alarm.objects.values_list("name", flat=True):
        alarms.labels(name=name).set(1)
    versions = {"version": __version__, "django": django.get_version()}
    Info("testbank", "Versions in use.", registry=registry).info(
        versions | {"python": platform.python_version()}
    )
    return registry


def _age(then: datetime | None, at: datetime) -> float:
    return (at - then).total_seconds() if then else 0.0
