"""Pages with error details show no password, also where it stands inside of an address."""

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter, get_exception_reporter_filter

PASSWORD = "a-secret-word"
ADDRESSES = {
    "DATABASE_URL": f"postgres://shop:{PASSWORD}@db.example:5432/shop",
    "OUTBOUND_DOTENV": {"HTTPS_PROXY": f"http://ada:{PASSWORD}@proxy.example:3128"},
    "SENTRY_DSN": f"https://{PASSWORD}@errors.example/1",
    "EMAIL_PROXY": f"http://ada:{PASSWORD}@proxy.example:3128",
}


@pytest.fixture
def secretive(settings):
    """Settings with a password inside of each address."""
    for name, value in ADDRESSES.items():
        setattr(settings, name, value)


def test_settings_on_debug_pages_have_no_passwords(secretive):
    found = get_exception_reporter_filter(None).get_safe_settings()
    assert found["DATABASE_URL"] == "postgres://shop:***@db.example:5432/shop"
    assert PASSWORD not in repr({name: found[name] for name in ADDRESSES})


def test_debug_page_has_no_passwords(secretive, settings):
    settings.DEBUG = True
    request = RequestFactory().get("/")
    page = ExceptionReporter(request, ValueError, ValueError("x"), None).get_traceback_html()
    assert "DATABASE_URL" in page
    assert PASSWORD not in page
