import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest

from operations.alarms import faults
from operations.alarms.faults import current_faults
from operations.backup.services import scheduled_path
from operations.jobs import record_run
from payments.models import StripeEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.BACKUP_DIR = tmp_path


def found(at, *, watching_for=timedelta(hours=1)):
    return {
        fault.name: fault.message
        for fault in current_faults(at=at, watching_since=at - watching_for)
    }


def test_healthy_site_has_no_faults(at):
    assert found(at) == {}


def test_event_that_failed_for_good_is_a_fault(at):
    StripeEvent.objects.create(
        event_id="evt_1", kind="x", livemode=False, mode="sandbox", body="{}", status="failed",
        received_at=at,
    )  # fmt: skip
    assert found(at) == {
        "figure.events_failed": "Stripe events that failed to process: 1. This figure should be 0."
    }


@pytest.mark.parametrize(("minutes", "names"), [(9, []), (11, ["worker"])])
def test_worker_is_missed_after_ten_minutes(at, settings, minutes, names):
    settings.WORKER = True
    record_run("mails", at=at - timedelta(minutes=minutes))
    assert list(found(at)) == names


@pytest.mark.parametrize(("minutes", "names"), [(9, []), (11, ["worker"])])
def test_worker_that_never_ran_is_missed_once_watched_for_ten_minutes(at, settings, minutes, names):
    settings.WORKER = True
    assert list(found(at, watching_for=timedelta(minutes=minutes))) == names


def test_dead_worker_is_missed_after_the_clock_was_set_back(at, settings):
    settings.WORKER = True
    record_run("mails", at=at + timedelta(days=1))
    assert list(found(at)) == ["worker"]


def test_worker_is_not_missed_where_none_is_expected(at):
    record_run("mails", at=at - timedelta(days=1))
    assert found(at) == {}


def test_disk_that_is_nearly_full_is_a_fault(at, monkeypatch):
    usage = SimpleNamespace(total=100 * faults.GIGABYTE, free=4 * faults.GIGABYTE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    assert list(found(at)) == ["disk"]
    usage.free = 6 * faults.GIGABYTE
    assert found(at) == {}


def test_old_backup_is_a_fault(at, tmp_path):
    scheduled_path(at=at - timedelta(hours=49)).touch()
    assert found(at) == {
        "backups": f"There is no recent backup. Newest backup in {tmp_path}: 2026-10-31 11:00 UTC."
    }
    scheduled_path(at=at).touch()
    assert found(at) == {}


def test_site_without_backup_counts_from_its_first_user(at, learner, tmp_path):
    later = learner.joined_at + timedelta(hours=49)
    assert found(later) == {
        "backups": f"There is no recent backup. Newest backup in {tmp_path}: none."
    }
    assert found(learner.joined_at + timedelta(hours=47)) == {}
