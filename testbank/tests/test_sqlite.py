import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from accounts.models import User
from testbank.sqlite import base
from testbank.sqlite.base import WRITE_LOCK
from testing.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


OTHER_PROCESS = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
print(database.execute("SELECT COUNT(*) FROM accounts_user").fetchone()[0])
database.close()
"""


def users_seen_by_another_process():
    command = [sys.executable, "-c", OTHER_PROCESS, connection.settings_dict["NAME"]]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def is_free():
    free = WRITE_LOCK.acquire(blocking=False)
    if free:
        WRITE_LOCK.release()
    return free


def test_database_is_a_file_in_wal_mode_that_checks_foreign_keys():
    with connection.cursor() as cursor:
        answers = [
            cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert answers == ["wal", 1, 1]
    assert "test.sqlite3" in str(connection.settings_dict["NAME"])


def test_new_connection_keeps_the_locks_of_the_others():
    """Without them another process deletes the write-ahead log, and the second user is lost."""
    User.objects.create_user("one@example.org")
    second = connection.copy()
    second.connect()
    assert users_seen_by_another_process() == 1
    assert Path(f"{connection.settings_dict['NAME']}-wal").exists()
    User.objects.create_user("two@example.org")
    assert users_seen_by_another_process() == 2
    second.close()


def test_transaction_holds_and_releases_lock():
    assert is_free()
    with transaction.atomic():
        assert not is_free()
    assert is_free()


@pytest.mark.parametrize("error", [ZeroDivisionError, IntegrityError, KeyboardInterrupt])
def test_lock_is_released_after_error(error):
    with pytest.raises(error), transaction.atomic():
        raise error
    assert is_free()


def test_lock_is_released_if_connection_is_lost():
    def lose():
        transaction.set_autocommit(False)
        User.objects.count()
        connection.close()

    thread = threading.Thread(target=lose)
    thread.start()
    thread.join()
    assert is_free()


def test_concurrent_writers_lose_no_write():
    user = User.objects.create_user("one@example.org")

    def write(_number):
        try:
            with transaction.atomic():
                row = User.objects.get(pk=user.pk)
                row.name = str(int(row.name or 0) + 1)
                row.save(update_fields=["name"])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(80)))
    user.refresh_from_db()
    assert user.name == "80"


def waiting_writer(done):
    def write():
        try:
            with transaction.atomic():
                done.append("wrote")
        except OperationalError:
            done.append("gave up")
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_waiting_writers_leave_the_last_thread_to_readers(settings, monkeypatch):
    settings.SERVER_THREADS = 4
    monkeypatch.setattr(base, "LAST_THREAD_SECONDS", 0.1)
    done: list[str] = []
    with WRITE_LOCK:
        first = [waiting_writer(done) for _thread in range(2)]
        wait_until(lambda: base.WAITING_WRITERS.count == 2)
        waiting_writer(done).join()
        assert done == ["gave up"]
    for thread in first:
        thread.join()
    assert done == ["gave up", "wrote", "wrote"]


def test_last_waiting_writer_waits_while_the_queue_moves(settings, monkeypatch):
    settings.SERVER_THREADS = 4
    monkeypatch.setattr(base, "LAST_THREAD_SECONDS", 1.2)
    done: list[str] = []

    def hold():
        with transaction.atomic():
            # Half a second to spare before the last writer gives up; both take longer than that.
            time.sleep(0.65)
            done.append("held")
        connection.close()

    first = [threading.Thread(target=hold) for _thread in range(2)]
    with WRITE_LOCK:
        for thread in first:
            thread.start()
        wait_until(lambda: base.WAITING_WRITERS.count == 2)
        last = waiting_writer(done)
        wait_until(lambda: base.WAITING_WRITERS.count == 3)
    for thread in [*first, last]:
        thread.join()
    assert sorted(done) == ["held", "held", "wrote"]
