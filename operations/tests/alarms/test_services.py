from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection

from operations.alarms.faults import Fault
from operations.alarms.services import update_alarms
from operations.models import Alarm
from outbox.models import OutgoingMail
from outbox.services import send_due_mails

pytestmark = pytest.mark.django_db

FULL = Fault("disk", "The disk with /srv is nearly full: 0.2 GB free.", "Free up space.")


@pytest.fixture(autouse=True)
def admins(settings):
    settings.ADMINS = [("a", "a@example.org"), ("b", "b@example.org")]
    settings.WORKER = True


def test_fault_is_told_once_and_once_when_it_is_over(at):
    for minutes in range(100):
        update_alarms([FULL], at=at + timedelta(minutes=minutes))
    assert OutgoingMail.objects.count() == 2
    later = at + timedelta(minutes=100)
    assert [update_alarms([], at=later), update_alarms([], at=later)] == [1, 0]
    assert OutgoingMail.objects.count() == 4
    assert not Alarm.objects.exists()


def test_mails_say_what_happened_and_what_to_do(at):
    update_alarms([FULL], at=at)
    update_alarms([], at=at + timedelta(hours=1))
    send_due_mails(at=at + timedelta(hours=1))
    assert {sent.subject for sent in mail.outbox} == {
        "Problem: The disk with /srv is nearly full: 0.2 GB free.",
        "Resolved: The disk with /srv is nearly full: 0.2 GB free.",
    }
    began = next(sent for sent in mail.outbox if sent.subject.startswith("Problem"))
    assert "Free up space." in began.body
    assert "Detected at 2026-11-02 12:00 UTC." in began.body


def test_fault_that_comes_back_is_told_again(at):
    for hours, faults in enumerate([[FULL], [], [FULL]]):
        update_alarms(faults, at=at + timedelta(hours=hours))
    assert OutgoingMail.objects.count() == 6


def test_without_admins_nobody_is_told(at, settings):
    settings.ADMINS = []
    update_alarms([FULL], at=at)
    assert (Alarm.objects.count(), OutgoingMail.objects.count()) == (1, 0)


def test_log_tells_of_an_alarm_where_no_email_can(at, settings, caplog):
    """Once when it begins, and once when it is over."""
    caplog.set_level("INFO", "operations")
    settings.ADMINS = []
    for minutes, faults in enumerate([[FULL], [FULL], [], []]):
        update_alarms(faults, at=at + timedelta(minutes=minutes))
    assert [record.getMessage() for record in caplog.records] == [
        f"alarm disk began: {FULL.message} {FULL.advice}",
        f"alarm disk is over: {FULL.message}",
    ]


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_tell_once(at):
    def raise_alarm(_number):
        try:
            return update_alarms([FULL], at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(raise_alarm, range(6))) == 1
    assert OutgoingMail.objects.count() == 2
