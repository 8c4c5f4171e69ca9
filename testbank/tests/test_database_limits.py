"""No page waits for ever for PostgreSQL."""

import socket
import time
from contextlib import contextmanager, suppress

import pytest
from django.db import OperationalError, close_old_connections, connection, transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from testbank import database_limits
from testbank.database_limits import database_wait_middleware, set_limits
from testbank.health import LIMIT_SECONDS
from testing.site import Site
from testing.site_client import SiteClient
from testing.waiting import wait_until

KEYS = {"STRIPE_PUBLIC_KEY": "pk_test_51Nobody", "STRIPE_SECRET_KEY": "sk_test_51Nobody"}
SITE_THAT_STARTED = (
    "from testbank.server import serve; from django.core.wsgi import get_wsgi_application;"
    " import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'testbank.settings';"
    " serve(get_wsgi_application(), bind='127.0.0.1:{port}', threads=4)"
)


@contextmanager
def silent_server():
    """A listener that accepts and says nothing; yields its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def site_without_answers(tmp_path):
    """A running site whose database accepts connections and says nothing."""
    with silent_server() as port:
        site = Site(tmp_path)
        site.write_env(
            DATABASE_URL=f"postgres://shop@127.0.0.1:{port}/shop",
            DATABASE_CONNECT_TIMEOUT="2",
            SECRET_KEY="only-for-tests",
            SITE_URL=site.url,
            **KEYS,
        )
        with site.running("-c", SITE_THAT_STARTED.format(port=site.port)):
            yield site


def timed(site, path):
    """The status of a page, and how many whole seconds it took."""
    client = SiteClient(site.url)
    started = time.monotonic()
    status = client.get(path).status
    return status, time.monotonic() - started


@pytest.mark.proof
def test_pages_and_health_of_a_site_with_a_silent_database(site_without_answers):
    site = site_without_answers
    wait_until(lambda: _answers(site), seconds=60)
    assert timed(site, "/healthz")[0] == 200
    status, seconds = timed(site, "/readyz")
    assert (status, seconds < LIMIT_SECONDS + 1) == (503, True)
    status, seconds = timed(site, "/")
    assert (status, seconds < 10) == (503, True)


def _answers(site):
    with suppress(OSError):
        return SiteClient(site.url, timeout_seconds=5).get("/healthz").status == 200
    return False


@pytest.fixture
def limited(settings):
    """A connection to PostgreSQL with short limits."""
    settings.DATABASE_STATEMENT_TIMEOUT, settings.DATABASE_LOCK_TIMEOUT = 1, 0.5
    limited = connection.copy()
    set_limits(limited)
    yield limited
    limited.close()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_statement_without_end_is_cancelled(limited):
    with limited.cursor() as cursor, pytest.raises(OperationalError, match="statement timeout"):
        cursor.execute("SELECT pg_sleep(60)")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_wait_for_a_row_ends(limited):
    user = User.objects.create_user("ada@example.org")
    with transaction.atomic(), limited.cursor() as cursor:
        User.objects.select_for_update().get(pk=user.pk)
        with pytest.raises(OperationalError, match="lock timeout"):
            cursor.execute("UPDATE accounts_user SET name = 'x'")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_server_that_falls_silent_ends_the_request_and_the_next_one_works(monkeypatch, settings):
    # No limit on the server: it stands for one that hangs.
    settings.DATABASE_STATEMENT_TIMEOUT = 0
    monkeypatch.setattr(database_limits, "MARGIN_SECONDS", 0)

    def view(_request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(6)")

    started = time.monotonic()
    with pytest.raises(OperationalError):
        database_wait_middleware(view)(HttpRequest())
    assert time.monotonic() - started < 6
    close_old_connections()
    answer = database_wait_middleware(lambda _request: HttpResponse(User.objects.count()))
    assert answer(HttpRequest()).content == b"0"
    wait_until(no_statement_runs)


def no_statement_runs():
    """True once the server has noticed that its client is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%'"
            " AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0] == 0


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_request_that_computes_for_long_keeps_its_connection(monkeypatch, settings):
    settings.DATABASE_STATEMENT_TIMEOUT = 0
    monkeypatch.setattr(database_limits, "MARGIN_SECONDS", 0)

    def view(_request):
        User.objects.count()
        time.sleep(2.5)
        return HttpResponse(User.objects.count())

    assert database_wait_middleware(view)(HttpRequest()).content == b"0"


@pytest.mark.postgresql
def test_options_of_the_network_reach_libpq(settings):
    options = connection.settings_dict["OPTIONS"]
    limits = {
        name: options[name] for name in ("connect_timeout", "tcp_user_timeout", "keepalives_count")
    }
    assert limits == {
        "connect_timeout": settings.DATABASE_CONNECT_TIMEOUT,
        "tcp_user_timeout": 30_000,
        "keepalives_count": 3,
    }
