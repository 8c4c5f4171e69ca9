"""Settings whose effect is a value that Django or a library reads: from `.env` to that value."""

import json

import pytest
from django.core.management import call_command

from accounts.models import User
from testing.site import Site, new_site

KEYS = {
    "STRIPE_PUBLIC_KEY": "pk_sandbox_tests",
    "STRIPE_SECRET_KEY": "sk_sandbox_tests",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}
DOTENV = {
    "STRIPE_DEADLINE": "7",
    "STRIPE_CONNECT_TIMEOUT": "3",
    "STRIPE_READ_TIMEOUT": "4",
    "STRIPE_MAX_CALLS": "5",
    "SITE_NAME": "Ada's shop",
    "TESTBANK_DEMO": "1",
    "SERVER_THREADS": "6",
    "LOG_LEVEL": "error",
    "LOG_FORMAT": "json",
    "HSTS_SUBDOMAINS": "1",
    "DATABASE_CONNECT_TIMEOUT": "8",
    "DATABASE_STATEMENT_TIMEOUT": "9",
    "DATABASE_LOCK_TIMEOUT": "10",
    "DATABASE_NETWORK_TIMEOUT": "12",
    "DATABASE_PREPARED_STATEMENTS": "1",
    "EMAIL_PROVIDER": "mailgun",
    "EMAIL_PROVIDER_KEY": "mail-key",
    "EMAIL_PROVIDER_DOMAIN": "mail.example.org",
    "EMAIL_PROVIDER_URL": "https://api.eu.mailgun.net/v3",
    "EMAIL_PROVIDER_WEBHOOK_SECRET": "user:password",
    "EMAIL_PROXY": "direct",
    "KEEP_MAIL_DAYS": "61",
    "KEEP_STRIPE_EVENT_DAYS": "62",
    "KEEP_UNPAID_ORDER_DAYS": "63",
    "KEEP_INCIDENT_DAYS": "64",
    "KEEP_SECURITY_LOG_DAYS": "65",
    "KEEP_VISIT_DAYS": "67",
    "NEW_QUESTIONS_PER_HOUR": "66",
}
PRINT = """
import json
from django.conf import settings
from operations.retention import RULES
from payments.stripe.client import outbound_client
client = outbound_client()
print("values", json.dumps({
    "SITE_NAME": settings.SITE_NAME, "TESTBANK_DEMO": settings.DEMO,
    "SERVER_THREADS": settings.SERVER_THREADS, "STRIPE_MAX_CALLS": settings.STRIPE_MAX_CALLS,
    "STRIPE_DEADLINE": settings.STRIPE_DEADLINE_SECONDS,
    "STRIPE_CONNECT_TIMEOUT": settings.STRIPE_CONNECT_TIMEOUT_SECONDS,
    "STRIPE_READ_TIMEOUT": settings.STRIPE_READ_TIMEOUT_SECONDS,
    "LOG_LEVEL": settings.LOGGING["loggers"]["payments"]["level"],
    "LOG_FORMAT": settings.LOGGING["handlers"]["console"]["formatter"],
    "HSTS_SUBDOMAINS": settings.SECURE_HSTS_INCLUDE_SUBDOMAINS,
    "NEW_QUESTIONS_PER_HOUR": settings.NEW_QUESTIONS_PER_HOUR,
    "EMAIL_PROXY": settings.EMAIL_PROXY, "ANYMAIL": settings.ANYMAIL,
    "DATABASE": settings.DATABASES["default"]["OPTIONS"],
    "timeouts": [settings.DATABASE_STATEMENT_TIMEOUT, settings.DATABASE_LOCK_TIMEOUT],
    "retention": {rule.model: rule.days() for rule in RULES},
}))
"""

# One worker, so that the fixture is made once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("every-setting")]


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """What a site with these lines in `.env` has set. It calls no database and no Stripe."""
    site = Site(folder=tmp_path_factory.mktemp("site"))
    site.write_env(**KEYS, **DOTENV, DATABASE_URL="postgres://nobody@127.0.0.1:9/nothing")
    done = site.manage("shell", "--no-imports", stdin=PRINT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("values ")[2])


def test_limits_of_calls_to_stripe(values):
    names = ("STRIPE_DEADLINE", "STRIPE_CONNECT_TIMEOUT", "STRIPE_READ_TIMEOUT", "STRIPE_MAX_CALLS")
    assert [values[name] for name in names] == [7.0, 3.0, 4.0, 5]


def test_site_and_its_server(values):
    names = ("SITE_NAME", "TESTBANK_DEMO", "SERVER_THREADS", "HSTS_SUBDOMAINS")
    assert [values[name] for name in names] == ["Ada's shop", True, 6, True]
    assert values["NEW_QUESTIONS_PER_HOUR"] == 66


def test_logs(values):
    assert (values["LOG_LEVEL"], values["LOG_FORMAT"]) == ("ERROR", "json")


def test_limits_of_the_database_reach_libpq(values):
    options = values["DATABASE"]
    assert (options["connect_timeout"], options["tcp_user_timeout"]) == (8, 12_000)
    assert (options["server_side_binding"], options["prepare_threshold"]) == (True, 5)
    assert values["timeouts"] == [9, 10]


def test_mail_provider(values):
    assert values["EMAIL_PROXY"] == "direct"
    assert values["ANYMAIL"] == {
        "MAILGUN_API_KEY": "mail-key",
        "MAILGUN_API_URL": "https://api.eu.mailgun.net/v3",
        "WEBHOOK_SECRET": "user:password",
        "MAILGUN_SENDER_DOMAIN": "mail.example.org",
    }


def test_days_after_which_rows_are_deleted(values):
    kept = values["retention"]
    assert (kept["outbox.OutgoingMail"], kept["payments.StripeEvent"]) == (61, 62)
    assert (kept["payments.Incident"], kept["safety.SecurityEvent"]) == (64, 65)
    assert 63 in kept.values()
    assert kept["catalog.DailyVisits"] == 67


@pytest.mark.proof
def test_static_files_are_named_by_their_content(tmp_path):
    folder = tmp_path / "static"
    site = new_site(tmp_path, {**KEYS, "HASHED_STATIC": "1", "STATIC_ROOT": str(folder)}, {})
    done = site.manage("collectstatic", "--no-input", "--verbosity=0")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((folder / "staticfiles.json").read_text())
    assert (folder / manifest["paths"]["css/site.css"]).is_file()
    assert manifest["paths"]["css/site.css"] != "css/site.css"


@pytest.mark.django_db
def test_first_account_needs_no_terminal(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long password")
    call_command("createsuperuser", "--no-input", email="you@example.org", verbosity=0)
    first = User.objects.get()
    assert (first.is_superuser, first.check_password("a long password")) == (True, True)
