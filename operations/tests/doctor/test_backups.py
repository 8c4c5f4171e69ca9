from datetime import timedelta

import pytest

from operations.backup.services import scheduled_path
from operations.doctor.backups import backup_checks


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.BACKUP_DIR = tmp_path


def result(at):
    (check,) = backup_checks(at=at)
    return check.status.value, check.summary


def test_no_backup_is_a_warning(tmp_path, at):
    assert result(at) == ("warn", f"none in {tmp_path}")


@pytest.mark.parametrize(("hours", "status", "age"), [(3, "ok", "3 h"), (49, "warn", "2 days")])
def test_age_of_newest_backup(at, hours, status, age):
    path = scheduled_path(at=at - timedelta(hours=hours))
    path.write_bytes(b"0" * 1_500_000)
    scheduled_path(at=at - timedelta(days=30)).touch()
    assert result(at) == (status, f"made {age} ago: {path} (1.5 MB)")


def test_backups_made_elsewhere_are_not_checked(at, settings):
    settings.BACKUP_MAX_AGE_HOURS = 0
    assert result(at)[0] == "skip"
