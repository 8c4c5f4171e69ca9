"""Extra time and time zones: page, job and result agree on one instant."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.services import grant_access
from practice.clock import GRACE, allowed_seconds, seconds_left
from practice.models import Preferences
from practice.services import finish_overdue_attempts, save_preferences, start_exam
from practice.services.preferences import Wishes

pytestmark = pytest.mark.pages

MINUTES = 60
ZONES = ("Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe")
# Half an hour before the clocks of the three zones change, in spring and in autumn.
CHANGES = (
    datetime(2026, 3, 8, 5, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 4, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 14, 30, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 0, tzinfo=UTC),
)


@pytest.fixture
def bank(test_bank):
    test_bank.blueprint, test_bank.exam_minutes = [{"count": 2}], MINUTES
    test_bank.save()
    return test_bank


def prefer(learner, at, **fields):
    wishes = replace(Wishes(extra_time=100, pauses_exams=False, time_zone=""), **fields)
    save_preferences(learner=learner, wishes=wishes, at=at)


@pytest.mark.parametrize(
    ("limit", "extra", "seconds"),
    [(3600, 100, 3600), (3600, 125, 4500), (3600, 150, 5400), (3600, 200, 7200), (61, 125, 77)],
)
def test_extra_time_is_rounded_up(limit, extra, seconds):
    assert allowed_seconds(limit, extra) == seconds


@pytest.fixture
def server_zone(monkeypatch):
    """Lets the machine of the server be in a time zone."""

    def move(zone):
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("extra", [100, 125, 150, 200])
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", CHANGES)
def test_page_job_and_result_agree_to_the_second(owner, bank, server_zone, extra, zone, at):
    server_zone(ZONES[ZONES.index(zone) - 1])
    prefer(owner, at, extra_time=extra, time_zone=zone)
    with timezone.override(ZoneInfo(zone)):
        exam = start_exam(learner=owner, test_bank=bank, can_pause=False, at=at)
        deadline = at + timedelta(minutes=MINUTES * extra / 100)
        assert seconds_left(exam, at) == MINUTES * 60 * extra // 100
        assert finish_overdue_attempts(at=deadline + GRACE - timedelta(seconds=1)) == 0
        assert finish_overdue_attempts(at=deadline + GRACE) == 1
    exam.refresh_from_db()
    assert exam.finished_at == deadline


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", CHANGES)
def test_access_of_a_day_ends_after_24_hours(learner, bank, server_zone, zone, at):
    server_zone(ZONES[ZONES.index(zone) - 1])
    granted = {"source_kind": "order", "source_id": "1", "starts_at": at, "access_days": 1}
    with timezone.override(ZoneInfo(zone)):
        access = grant_access(learner=learner, test_bank=bank, **granted)
    access.refresh_from_db()
    assert access.expires_at == at + timedelta(hours=24)
    live = [access.is_live(access.expires_at - timedelta(seconds=left)) for left in (1, 0)]
    assert live == [True, False]


@pytest.mark.parametrize("extra", [125, 150, 200])
def test_extra_time_applies_at_once_to_an_exam_that_runs(owner, bank, at, extra):
    exam = start_exam(learner=owner, test_bank=bank, can_pause=False, at=at)
    prefer(owner, at + timedelta(minutes=59), extra_time=extra, pauses_exams=True)
    exam.refresh_from_db()
    assert exam.deadline_at == at + timedelta(minutes=MINUTES * extra / 100)
    assert exam.can_pause


@pytest.mark.parametrize("can_pause", [True, False])
def test_exam_that_can_be_paused_stays_so(owner, bank, at, can_pause):
    """Chosen at its start, or by the preferences of then."""
    prefer(owner, at, pauses_exams=not can_pause)
    exam = start_exam(learner=owner, test_bank=bank, can_pause=can_pause, at=at)
    prefer(owner, at, pauses_exams=False)
    exam.refresh_from_db()
    assert exam.can_pause


def test_no_limit_and_back(owner, bank, at):
    exam = start_exam(learner=owner, test_bank=bank, can_pause=False, at=at)
    prefer(owner, at, extra_time=0)
    exam.refresh_from_db()
    assert (exam.deadline_at, seconds_left(exam, at)) == (None, None)
    prefer(owner, at, extra_time=100)
    exam.refresh_from_db()
    assert exam.deadline_at == at + timedelta(minutes=MINUTES)


def test_extra_time_does_not_open_an_exam_again(owner, bank, at):
    exam = start_exam(learner=owner, test_bank=bank, can_pause=False, at=at)
    prefer(owner, at + timedelta(minutes=MINUTES), extra_time=200)
    exam.refresh_from_db()
    assert exam.deadline_at == at + timedelta(minutes=MINUTES)


def test_settings_page_saves_and_shows_the_time_there(owners_client, owner):
    url = reverse("practice:settings")
    sent = {"extra_time": "150", "pauses_exams": "on", "time_zone": "Asia/Kolkata"}
    assert owners_client.post(url, sent).status_code == 303
    stored = Preferences.objects.get(learner=owner)
    assert (stored.extra_time, stored.pauses_exams) == (150, True)
    text = owners_client.get(url).text
    assert 'value="150" checked' in text
    assert '<option value="Asia/Kolkata" selected>' in text


@pytest.mark.parametrize("sent", [{"extra_time": "400"}, {"time_zone": "Mars"}, {}])
def test_settings_that_do_not_exist_are_not_saved(owners_client, owner, sent):
    complete = {"extra_time": "100", "time_zone": ""} | sent if sent else {}
    assert owners_client.post(reverse("practice:settings"), complete).status_code == 200
    assert not Preferences.objects.exists()


def test_settings_lead_a_stranger_to_sign_in(client, db):
    response = client.get(reverse("practice:settings"))
    assert response["Location"].startswith("/accounts/login/")
