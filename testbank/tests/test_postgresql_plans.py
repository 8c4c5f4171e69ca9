"""Statements that are planned once, and transactions that begin with their first statement."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import JSONField

from accounts.models import User
from delivery.reading import rows_of
from delivery.writing import insert
from testing.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
NUMBER = "SELECT %s::int + 1"
PROCESS = "SELECT pg_backend_pid()"


@pytest.fixture(autouse=True)
def of_a_connection():
    connection.close()
    yield
    connection.close()


def plans():
    """The statements that the server has planned by name for us."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE name LIKE 'testbank_%%' ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


def last_statement():
    """What another connection sees of ours: its last statement, and whether a transaction is open."""
    with connection.cursor() as cursor:
        cursor.execute(PROCESS)
        (process,) = cursor.fetchone()
    other = connection.copy()

    def look():
        with other.cursor() as cursor:
            cursor.execute("SELECT query, state FROM pg_stat_activity WHERE pid = %s", [process])
            return cursor.fetchone()

    return other, look


def person(email="a@example.org"):
    return User(email=email, password="!")


def test_a_statement_is_planned_once():
    assert [rows_of(NUMBER, [number]) for number in range(3)] == [[(1,)], [(2,)], [(3,)]]
    assert plans() == ["SELECT $1::int + 1"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "Zoë’s “Git” \\ 50 % $1 %s"),
        ("text", ""),
        ("text", None),
        ("bigint", -(2**40)),
        ("boolean", True),
        ("boolean", False),
        ("uuid", uuid.UUID(int=7)),
        ("timestamptz", datetime(2026, 11, 27, 8, 30, 0, 1, tzinfo=UTC)),
        ("date", date(2026, 2, 28)),
        ("numeric", Decimal("0.10")),
        ("interval", timedelta(days=1, microseconds=3)),
    ],
)
def test_values_come_back_as_they_were_given(kind, value):
    statement = f"SELECT %s::{kind}"
    assert rows_of(statement, [value]) == [(value,)]
    assert plans() == [f"SELECT $1::{kind}"]
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
        assert cursor.fetchall() == [(value,)]


def test_json_is_given_as_the_models_give_it():
    value = JSONField().get_db_prep_save({"title": "Zoë", "n": [1, None]}, connection)
    ((kept,),) = rows_of("SELECT %s::jsonb", [value])
    assert json.loads(kept) == {"title": "Zoë", "n": [1, None]}


def test_a_percent_sign_is_written_twice():
    assert rows_of("SELECT 7 %% %s::int, '%%s'", [4]) == [(3, "%s")]


def test_a_text_that_postgresql_cannot_hold_is_refused_and_not_cut():
    with pytest.raises(DataError):
        rows_of("SELECT %s::text", ["a\0b"])


def test_an_error_is_djangos_and_leaves_the_connection_usable():
    insert([person()])
    with pytest.raises(IntegrityError, match="accounts_user"):
        insert([person()])
    assert rows_of(NUMBER, [1]) == [(2,)]
    assert User.objects.count() == 1


def test_a_transaction_begins_with_its_first_statement():
    other, look = last_statement()
    with transaction.atomic():
        assert look() == (PROCESS, "idle")
        insert([person()])
        assert look()[1] == "idle in transaction"
    assert look() == ("COMMIT", "idle")
    assert User.objects.count() == 1
    other.close()


def test_a_transaction_of_nothing_tells_the_server_nothing():
    other, look = last_statement()
    with transaction.atomic():
        pass
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError
    assert look() == (PROCESS, "idle")
    other.close()


@pytest.mark.parametrize("is_planned", [False, True])
def test_what_is_written_first_is_undone_with_the_rest(is_planned):
    if is_planned:
        insert([person("earlier@example.org")])
    before = User.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        insert([person()])
        assert User.objects.count() == before + 1
        raise ZeroDivisionError
    assert User.objects.count() == before


@pytest.mark.parametrize("is_planned", [False, True])
def test_a_first_statement_that_fails_ends_the_transaction(is_planned):
    insert([person()])
    if not is_planned:
        connection.close()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([person()])
    with transaction.atomic():
        insert([person("b@example.org")])
    assert User.objects.count() == 2


def test_a_first_statement_that_cannot_be_sent_leaves_the_transaction_to_the_next():
    insert([person("earlier@example.org")])
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        with pytest.raises(DataError):
            rows_of("SELECT %s::text", ["a\0b"])
        insert([person()])
        raise ZeroDivisionError
    assert User.objects.count() == 1


def test_a_transaction_that_the_driver_begins_holds_what_is_written_first():
    insert([person("earlier@example.org")])
    transaction.set_autocommit(False)
    try:
        insert([person()])
        assert User.objects.count() == 2
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)
    assert User.objects.count() == 1


def test_plans_that_a_rollback_threw_away_are_made_again():
    for _each in range(2):
        with transaction.atomic():
            assert rows_of(NUMBER, [1]) == [(2,)]
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                # The driver has plans too then, and throws all away together.
                [User.objects.filter(pk=number).exists() for number in range(9)]
                rows_of(NUMBER, [2])
                raise ZeroDivisionError
            assert rows_of(NUMBER, [3]) == [(4,)]
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            rows_of(NUMBER, [1])
            raise ZeroDivisionError


def test_plans_that_a_change_of_tables_threw_away_are_made_again():
    rows_of(NUMBER, [1])
    [User.objects.filter(pk=number).exists() for number in range(9)]
    with connection.schema_editor() as editor:
        editor.execute("CREATE TABLE short_lived (n int)")
        rows_of(NUMBER, [1])
        editor.execute("DROP TABLE short_lived")
        assert rows_of(NUMBER, [2]) == [(3,)]


def test_nothing_is_planned_where_the_settings_want_it_so(monkeypatch):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "prepare_threshold", None)
    assert rows_of(NUMBER, [1]) == [(2,)]
    assert plans() == []


def test_statements_that_are_watched_are_seen(django_assert_num_queries):
    with django_assert_num_queries(2):
        rows_of(NUMBER, [1])
        insert([person()])
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        rows_of(NUMBER, [1])
    assert seen == [NUMBER]


def test_a_server_that_went_away_is_an_error_and_then_replaced():
    rows_of(NUMBER, [1])
    ((process,),) = rows_of(PROCESS, [])
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
    other.close()
    with pytest.raises(OperationalError), transaction.atomic():
        rows_of(NUMBER, [1])
        pytest.fail("a server that is gone has answered")
    connection.close_if_unusable_or_obsolete()
    assert rows_of(NUMBER, [1]) == [(2,)]
    assert rows_of(PROCESS, []) != [(process,)]


@pytest.mark.parametrize("in_transaction", [False, True])
def test_who_waits_for_a_lock_lets_other_threads_go_on(in_transaction):
    lock = "SELECT pg_advisory_lock(%s)"

    def wait():
        try:
            rows_of(lock, [1])
            with transaction.atomic() if in_transaction else nullcontext():
                return rows_of(lock, [2])
        finally:
            connection.close()

    rows_of(lock, [2])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        # Only a thread that goes on can see it wait, and give back what it waits for.
        wait_until(lambda: rows_of("SELECT count(*) FROM pg_locks WHERE NOT granted", []) == [(1,)])
        assert not waiting.done()
        rows_of("SELECT pg_advisory_unlock(%s)", [2])
        assert waiting.result(10)


def test_a_first_statement_may_be_long():
    rows_of("SELECT length(%s::text)", [""])
    with transaction.atomic():
        assert rows_of("SELECT length(%s::text)", ["é" * 5_000_000]) == [(5_000_000,)]
    with transaction.atomic():
        ((back,),) = rows_of("SELECT %s::text", ["x"])
        assert back == "x"
    with transaction.atomic():
        assert rows_of("SELECT %s::text", ["é" * 3_000_000]) == [("é" * 3_000_000,)]


def test_rows_are_read_piece_by_piece_under_a_lock():
    insert([person(f"{number}@example.org") for number in range(5)])
    with transaction.atomic():
        people = User.objects.select_for_update().order_by("pk").iterator(chunk_size=2)
        assert len(list(people)) == 5
    assert len(list(User.objects.iterator(chunk_size=2))) == 5
