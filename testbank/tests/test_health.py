"""Health checks tell the truth within their limit, whatever the database does."""

import time

import pytest
from django.db import connection

from operations.models import WriteProbe
from testbank import health
from testbank.health import LIMIT_SECONDS, Readiness

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def new_readiness(monkeypatch, client):
    """No result of another test is shared, and the first request has loaded the site."""
    monkeypatch.setattr(health, "readiness", Readiness())
    client.get("/healthz")


@pytest.fixture
def options():
    """The options with which the probe's thread connects."""
    settings, before = connection.settings_dict, connection.settings_dict["OPTIONS"]
    connection.ensure_connection()
    settings["OPTIONS"] = dict(before)
    yield settings["OPTIONS"]
    settings["OPTIONS"] = before
    connection.close()


def answer(client):
    started = time.monotonic()
    response = client.get("/readyz")
    assert time.monotonic() - started < LIMIT_SECONDS + 1
    return response.status_code, response.text


def test_liveness_makes_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.text) == (200, "alive\n")


def test_database_that_reads_and_writes_is_ready(client):
    assert answer(client) == (200, "ready\n")
    assert not WriteProbe.objects.exists()


def test_requests_of_a_second_share_a_probe():
    readiness = Readiness()
    results = [readiness.result() for _request in range(100)]
    probe = readiness._probe
    assert results == ["ready"] * 100
    assert probe is not None
    assert probe.age() < 1


def test_database_without_tables(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user RENAME TO accounts_user_away")
    try:
        assert answer(client) == (503, "the database does not respond\n")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_user_away RENAME TO accounts_user")


@pytest.mark.sqlite
def test_full_disk(client, options):
    options["init_command"] += " PRAGMA max_page_count = 1;"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
    assert answer(client) == (503, "the database cannot be written to\n")


@pytest.mark.sqlite
def test_read_only_file(client, options):
    options["init_command"] += " PRAGMA query_only = ON;"
    assert answer(client) == (503, "the database cannot be written to\n")


@pytest.mark.postgresql
def test_read_only_server(client, options):
    options["options"] = "-c default_transaction_read_only=on"
    assert answer(client) == (503, "the database cannot be written to\n")


@pytest.mark.slow
@pytest.mark.sqlite
def test_writers_in_a_queue_do_not_take_the_site_out(client):
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            assert answer(client) == (200, "ready\n")
        finally:
            cursor.execute("ROLLBACK")
