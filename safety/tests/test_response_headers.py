"""Well-known addresses, cookies and headers."""

import pytest

from testing.site import Site, new_site

KEYS = {"STRIPE_PUBLIC_KEY": "pk_sandbox_tests", "STRIPE_SECRET_KEY": "sk_sandbox_tests"}
COOKIES = """
from django.conf import settings
print([getattr(settings, f"{name}_COOKIE_NAME") for name in ("SESSION", "CSRF", "DEVICE", "LANGUAGE")])
print(settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS > 0, settings.SESSION_COOKIE_SECURE)
"""


def test_security_txt_says_where_to_report(client, settings):
    settings.SECURITY_EMAIL = "security@shop.example"
    response = client.get("/.well-known/security.txt")
    lines = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert lines["Contact"] == "mailto:security@shop.example"
    assert lines["Canonical"] == f"{settings.SITE_URL}/.well-known/security.txt"


def test_security_txt_without_a_contact_is_not_found(client, settings, db):
    settings.SECURITY_EMAIL = ""
    assert client.get("/.well-known/security.txt").status_code == 404


def test_password_managers_find_the_form(client):
    response = client.get("/.well-known/change-password")
    assert (response.status_code, response["Location"]) == (302, "/accounts/password/change/")


@pytest.mark.slow
def test_cookies_of_an_https_site_have_the_host_prefix(tmp_path):
    site = Site(folder=tmp_path)
    https = {"SITE_URL": "https://shop.example", "BEHIND_TLS_PROXY": "1", "SECRET_KEY": "x"}
    site.write_env(STRIPE_API_BASE="http://127.0.0.1:9", **KEYS | https)
    told = site.manage("shell", "--no-imports", "-c", COOKIES).stdout
    names = [f"__Host-testbank_{name}" for name in ("session", "csrf", "device", "language")]
    assert told.splitlines() == [str(names), "True True True"]


@pytest.mark.proof
def test_plain_http_is_redirected_but_health_checks_are_not(tmp_path):
    https = {"SITE_URL": "https://shop.example", "BEHIND_TLS_PROXY": "1"}
    site = new_site(tmp_path, KEYS | {"STRIPE_API_BASE": "http://127.0.0.1:9"}, {})
    site.write_env(**https)
    code = """
from django.test import Client
ask = Client(SERVER_NAME="shop.example").get
front = {"x-forwarded-proto": "https"}
print(ask("/banks/")["Location"], ask("/healthz").status_code, ask("/banks/", headers=front).status_code)
"""
    told = site.manage("shell", "--no-imports", "-c", code)
    assert told.stdout.split() == ["https://shop.example/banks/", "200", "200"], told.stderr
