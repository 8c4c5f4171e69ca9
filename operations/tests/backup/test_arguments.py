"""No secret stands in the argument list of a program, which all users of the machine can read."""

import pytest
from django.db import connection

from operations.backup.databases import dump_database, restore_database
from operations.backup.encryption import encrypted

SECRET = "a-secret-pass-phrase"
RECORDER = """#!/bin/sh
for argument in "$0" "$@"; do echo "$argument" >> "{record}"; done
cat > /dev/null
"""


@pytest.fixture
def record(tmp_path, monkeypatch):
    """The arguments of the programs that are run: programs of the same names write them down."""
    record = tmp_path / "record"
    for name in ("pg_dump", "pg_restore", "gpg", "gpgconf"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(RECORDER.format(record=record))
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return record


@pytest.mark.postgresql
@pytest.mark.django_db
def test_password_of_the_database_is_no_argument(record, monkeypatch, tmp_path):
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", SECRET)
    dump_database(tmp_path / "database.dump")
    (tmp_path / "database.dump").touch()
    restore_database(tmp_path / "database.dump")
    assert "pg_dump" in record.read_text()
    assert "pg_restore" in record.read_text()
    assert SECRET not in record.read_text()


def test_passphrase_of_backups_is_no_argument(record, tmp_path):
    with (
        (tmp_path / "backup").open("wb") as target,
        encrypted(target, passphrase=SECRET, public_key=None) as stream,
    ):
        stream.write(b"x")
    assert "--passphrase-fd" in record.read_text()
    assert SECRET not in record.read_text()
