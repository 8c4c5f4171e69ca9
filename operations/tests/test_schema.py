import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

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
