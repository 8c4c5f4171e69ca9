"""A kept connection is used again while it is there, and replaced once it is not."""

import pytest
from django.db import close_old_connections, connection

from accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def server_process():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.fixture
def kept(settings):
    """The connection as a server keeps it between two requests."""
    connection.settings_dict["CONN_HEALTH_CHECKS"], before = (
        True,
        connection.settings_dict["CONN_HEALTH_CHECKS"],
    )
    connection.close()
    yield server_process()
    connection.settings_dict["CONN_HEALTH_CHECKS"] = before
    connection.close()


def test_a_connection_is_used_again(kept):
    close_old_connections()
    assert server_process() == kept


def test_a_connection_that_the_server_ended_is_replaced(kept):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [kept])
    other.close()
    assert not connection.is_usable()
    close_old_connections()
    assert User.objects.count() == 0
    assert server_process() != kept
