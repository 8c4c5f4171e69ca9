from io import StringIO

import pytest
from django.core.management import call_command

from operations.maintenance import end_at_restart, is_on, turn_on

EVENT = {"content_type": "application/json", "headers": {"Stripe-Signature": "t=1,v1=forged"}}


@pytest.fixture
def maintenance():
    call_command("maintenance", "on", stdout=StringIO())


@pytest.mark.parametrize("path", ["/", "/banks/", "/accounts/login/", "/admin/"])
def test_people_see_the_maintenance_page(client, maintenance, path):
    """Without a query: the test may not use the database."""
    response = client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "Your test banks and answers are safe" in response.content.decode()
    assert response["Content-Security-Policy"]


@pytest.mark.slow
def test_webhooks_and_health_checks_get_through(client, maintenance, db):
    forged = client.post("/payments/webhook/", "{}", **EVENT)
    assert (forged.status_code, client.get("/readyz").status_code) == (400, 200)
    assert client.get("/healthz").content == b"alive\n"


def test_page_speaks_the_language_of_the_browser(client, maintenance):
    response = client.get("/", headers={"Accept-Language": "ar"})
    assert 'dir="rtl"' in response.content.decode()


def test_maintenance_that_is_off_shows_the_site(client, maintenance, db):
    call_command("maintenance", "off", stdout=StringIO())
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("of_upgrade", [True, False])
def test_restart_ends_the_maintenance_of_an_upgrade_only(at, of_upgrade):
    turn_on(at=at, ends_at_restart=of_upgrade)
    end_at_restart()
    assert is_on() is not of_upgrade
