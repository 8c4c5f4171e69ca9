import pytest
from django.db import connection


def test_liveness_makes_no_query(client):
    response = client.get("/healthz")
    assert (response.status_code, response.text) == (200, "alive\n")


@pytest.mark.django_db
def test_readiness_with_database(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert client.get("/readyz").text == "ready\n"


@pytest.mark.django_db(transaction=True)
def test_readiness_without_tables(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user RENAME TO accounts_user_away")
    try:
        response = client.get("/readyz")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_user_away RENAME TO accounts_user")
    assert (response.status_code, response.text) == (503, "the database does not answer\n")
