import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["delivery_outgoingmail", "testbank_sweeprun"])
def unreleased_table(request):
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {request.param} (id integer)")
        yield request.param
        cursor.execute(f"DROP TABLE {request.param}")


def test_migrate_refuses_an_unreleased_database(unreleased_table):
    with pytest.raises(
        CommandError, match=r"Nothing was changed\. Move it away, or set DATABASE_URL"
    ):
        call_command("migrate", verbosity=0)


@pytest.mark.slow
def test_migrate_accepts_a_database_of_this_version():
    call_command("migrate", verbosity=0)


@pytest.fixture
def newer_schema():
    recorder = MigrationRecorder(connection)
    recorder.record_applied("outbox", "9001_newer")
    yield
    recorder.record_unapplied("outbox", "9001_newer")


@pytest.mark.parametrize("arguments", [["work"], ["work", "--once"], ["upgrade"]])
def test_command_refuses_a_newer_schema(newer_schema, arguments):
    with pytest.raises(CommandError, match=r"does not have the migration outbox\.9001_newer"):
        call_command(*arguments)
