"""Persistent database connections: reused while open, replaced once closed."""

import pytest
from django.db import close_old_connections, connection

from accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def server_process():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.fixture
def backend_pid(settings):
    """A connection that stays open between requests, as on a server."""
    connection.settings_dict["CONN_HEALTH_CHECKS"], before = (
        True,
        connection.settings_dict["CONN_HEALTH_CHECKS"],
    )
    connection.close()
    yield server_process()
    connection.settings_dict["CONN_HEALTH_CHECKS"] = before
    connection.close()


def test_persistent_connection_is_reused(backend_pid):
    close_old_connections()
    assert server_process() == backend_pid


def test_closed_connection_is_replaced(backend_pid):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend_pid])
    other.close()
    assert not connection.is_usable()
    close_old_connections()
    assert User.objects.count() == 0
    assert server_process() != backend_pid
